"""What is kept of a call: the journal and its database, and the closing that makes a ticket of it."""
