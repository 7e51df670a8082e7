"""One call's sound: the line, hearing, speaking, and the conversation that joins them."""
