"""The search as pure functions: what to try next, and which trials to stop."""
