"""The server's tests: real servers, both databases, real browsers, clients that nobody here wrote."""
