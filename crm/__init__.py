"""Ticket systems behind one port; the built-in desk is the default."""
