"""Layers that run together because that is faster, with the same results."""
