"""The page for logging in."""
