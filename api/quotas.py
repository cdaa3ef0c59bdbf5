"""What one owner may have at a time."""

from dataclasses import dataclass

from api.settings import Settings
from hpsearch.access import ANYONE, LOCAL, Identity


@dataclass(frozen=True)
class Quotas:
    """Limits of each owner with a token; who has a server to themselves has none.

    jobs: that have not ended. dataset_bytes and datasets: of those that they uploaded.
    """

    jobs: int
    datasets: int
    dataset_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "Quotas":
        return cls(
            settings.jobs_per_owner, settings.datasets_per_owner, settings.dataset_bytes_per_owner
        )

    def limits(self, owner: Identity) -> bool:
        """Whether they have quotas at all."""
        return owner not in (LOCAL, ANYONE)

    def jobs_of(self, owner: Identity) -> int | None:
        return self.jobs if self.limits(owner) else None
