"""A simulated Jambonz with a caller on the line: rings the bot, speaks to it, listens, and measures.

It behaves as a live Jambonz 0.9.8 was recorded to behave. `jambonz.py` runs one call; `script.py` says what the caller does.
"""
