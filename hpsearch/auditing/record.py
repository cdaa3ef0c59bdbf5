"""What is audited, and what an audit finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.history import History
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.search import SearchSpec


@dataclass(frozen=True)
class Finding:
    """What does not come out as recorded. where: `trial 12`, `round 1`, `the end`."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Record:
    """What is audited.

    ended: whether the job has. seals: by trial number, of those that have one. earlier_budgets:
    those before the spec's, the oldest first.
    """

    spec: SearchSpec
    history: History
    stop_reason: str | None
    ended: bool
    seals: Mapping[int, str]
    earlier_budgets: Sequence[EarlierBudget] = ()


def shown(value: object) -> str:
    """As a finding says it; cut where it is long."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
