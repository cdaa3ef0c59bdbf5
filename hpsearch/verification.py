"""Trains trials again and holds the result against the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.datasets.values import Split
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.training.again import train_again
from hpsearch.trial import Report


@dataclass(frozen=True)
class Verdict:
    """What became of one trial. `recorded` and `trained` are the first reports that differ."""

    number: int
    reports: int
    recorded: Report | None = None
    trained: Report | None = None

    @property
    def same(self) -> bool:
        """Whether every report came out the same, to the bit."""
        return self.recorded is None


def sample(numbers: Sequence[int], count: int, seed: int) -> list[int]:
    """`count` of the numbers, drawn with `seed`, ascending; all of them where there are fewer."""
    drawn = np.random.default_rng(seed).permutation(len(numbers))[:count]
    return sorted(numbers[int(index)] for index in drawn)


def verify(
    spec: SearchSpec,
    data: Split,
    number: int,
    params: Mapping[str, Value],
    reports: Sequence[Report],
) -> Verdict:
    """Train one trial again, in this process on one BLAS thread, and compare its reports."""
    again = train_again(spec, data, number, params, [report.step for report in reports])
    for recorded, (_, trained) in zip(reports, again, strict=True):
        if not recorded.confirmed_by(trained):
            return Verdict(number, len(reports), recorded, trained)
    return Verdict(number, len(reports))
