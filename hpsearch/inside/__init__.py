"""What a trained network does inside, measured and drawn."""
