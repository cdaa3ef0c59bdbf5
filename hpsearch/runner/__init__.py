"""Runs jobs: which ones, their legs on the workers, and what is recorded of them."""
