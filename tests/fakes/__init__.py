"""Stand-ins for other companies' servers: real HTTP on a real socket, strict about their contracts, and badly behaved on demand."""
