"""The database: what users and the runner read and write, each call one transaction."""
