"""The rules that move the parameters, and how the learning rate changes on the way."""
