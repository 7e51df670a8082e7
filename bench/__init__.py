"""Figures of the running bot: simulated callers over the real socket, real Whisper, real voice."""
