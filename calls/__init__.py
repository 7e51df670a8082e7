"""The nouns of a phone call, its events, and the ports its engines fit into. Pure: no sockets, no threads."""
