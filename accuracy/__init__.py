"""How well callers are understood: sentences written for testing, apart from the phrases that the engine learns from."""
