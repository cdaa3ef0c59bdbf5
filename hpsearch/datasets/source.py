"""What the runner and admission need of the catalogue."""

from typing import Protocol

from hpsearch.datasets.values import Dataset


class DatasetSource(Protocol):
    """Where data sets come from."""

    def load(self, name: str) -> Dataset:
        """Raises UnknownDataset, or DatasetError if it is there but cannot be read."""
        ...
