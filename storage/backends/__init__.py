"""The two databases: how SQLite and PostgreSQL are opened, locked and read when they fail."""
