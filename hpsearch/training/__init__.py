"""The training of one trial: legs, evaluation, export."""
