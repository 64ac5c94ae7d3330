"""One machine: the `rollbook` command, an embedded PostgreSQL, and the demonstration."""
