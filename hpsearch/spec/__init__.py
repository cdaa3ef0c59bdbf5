"""The one vocabulary: what a search, a network and a training are described with."""
