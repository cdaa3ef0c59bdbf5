"""What the runner and admission need of the catalogue."""

from typing import Protocol

from hpsearch.datasets.values import Dataset


class Fetching(Protocol):
    """A data set that is on its way here."""

    @property
    def problem(self) -> str | None:
        """Why it will not come, and what to do; None while it may."""
        ...


class DatasetSource(Protocol):
    """Where data sets come from."""

    def load(self, name: str) -> Dataset:
        """Raises UnknownDataset, or DatasetError if it is there but cannot be read."""
        ...

    def ensure(self, name: str) -> Fetching | None:
        """None if the data set is here; otherwise it is being fetched. Waits for nothing.

        Raises UnknownDataset, or DatasetError if it cannot be fetched.
        """
        ...
