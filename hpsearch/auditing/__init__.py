"""Every decision of a search computed again from what is recorded, without training."""
