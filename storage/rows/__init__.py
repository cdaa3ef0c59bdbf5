"""Rows of the tables, and the values that they stand for; Optuna's tables and ours."""
