"""Other people's bots, put behind the same telephone line: each runs in its own environment, started by `python -m bench.peer`."""
