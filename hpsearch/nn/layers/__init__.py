"""The layers, one class a file: formula and shapes on top, forward, backward."""
