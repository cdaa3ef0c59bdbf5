"""Labelled images: values, the catalogue, and the split into training and validation."""
