"""Ways to multiply a convolution: as rows, as quads of a pooling, as Winograd tiles."""
