"""People: their accounts, addresses, ways to sign in, and sessions."""
