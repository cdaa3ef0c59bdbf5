"""Alembic migrations of our own tables; Optuna's are never touched."""
