"""Whether one kind of search finds better values than another: seeds are the replicates.

Searches that differ only by their seed are one group. A seed decides the split, the first weights
and all draws, so the same seed in two groups makes a pair. As fresh splits of the same images
overlap, the variances are corrected as in `hpsearch.search.intervals`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpsearch.search.intervals import Interval, mean, quantile, variance
from hpsearch.search.verdict import difference
from hpsearch.spec.objective import Objective

OF_A_RUN = ("name", "seed")
"""Fields of a spec that replicates may differ in."""


@dataclass(frozen=True)
class Group:
    """Searches that differ only by their seed. values: what each found, by seed, ended ones."""

    name: str
    values: Mapping[int, float]


@dataclass(frozen=True)
class Difference:
    """How much better the second group is than the first, more being better.

    pairs: of searches with the same seed; 0 where the groups were compared as a whole.
    """

    better_by: float
    interval: Interval
    pairs: int

    @property
    def certain(self) -> bool:
        return self.interval.low > 0 or self.interval.high < 0


def groups_of(specs: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """The ids of each group of replicates, in the order in which they come."""
    found: dict[str, list[str]] = {}
    for job_id, spec in specs.items():
        kind = {name: value for name, value in spec.items() if name not in OF_A_RUN}
        found.setdefault(json.dumps(kind, sort_keys=True), []).append(job_id)
    return list(found.values())


def specs_differ(specs: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Fields (by path) that are not the same in all specs, with the value that each has."""
    flat = [dict(_flat(spec)) for spec in specs]
    names = sorted({name for each in flat for name in each if name not in OF_A_RUN})
    rows = [(name, [each.get(name, "–") for each in flat]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def compare(first: Group, second: Group, objective: Objective, ratio: float) -> Difference | None:
    """The difference, by pairs where two seeds or more are in both groups.

    ratio: validation images over training images of a split. None where neither pairs nor two
    searches in each group are there.
    """
    upward = objective.upward
    shared = sorted(set(first.values) & set(second.values))
    if len(shared) > 1:
        before = [upward(first.values[seed]) for seed in shared]
        after = [upward(second.values[seed]) for seed in shared]
        return Difference(mean(after) - mean(before), difference(after, before, ratio), len(shared))
    before = [upward(value) for value in first.values.values()]
    after = [upward(value) for value in second.values.values()]
    if len(before) < 2 or len(after) < 2:
        return None
    return Difference(mean(after) - mean(before), _unpaired(before, after, ratio), 0)


def told(first: Group, second: Group, objective: Objective, found: Difference | None) -> str:
    """In a sentence or two."""
    if found is None:
        return _too_few(first, second)
    how = (
        f"{found.pairs} pairs of searches with the same seeds"
        if found.pairs
        else f"{len(second.values)} searches against {len(first.values)}"
    )
    low, high = found.interval.low, found.interval.high
    if not found.certain:
        return (
            f"{second.name} and {first.name} cannot be told apart: the difference is "
            f"{found.better_by:+.4f}, and may be anything from {low:+.4f} to {high:+.4f} "
            f"(95 %, {how})."
        )
    better, worse = (second, first) if found.better_by > 0 else (first, second)
    low, high = sorted((abs(low), abs(high)))
    way = "less" if objective is Objective.LOSS else "more"
    return (
        f"{better.name} is better than {worse.name}: {abs(found.better_by):.4f} {way} "
        f"{objective.words}, with 95 % confidence {low:.4f} to {high:.4f} ({how})."
    )


def _too_few(first: Group, second: Group) -> str:
    counts = " and ".join(f"{len(each.values)} of {each.name}" for each in (second, first))
    return (
        f"How much of the difference is luck cannot be said from {counts} that have ended: it "
        "takes two searches of each with different seeds, better with the same two in both."
    )


def _unpaired(before: Sequence[float], after: Sequence[float], ratio: float) -> Interval:
    """Of the difference of the means of independent groups, after Welch (1947)."""
    parts = [(1 / len(each) + ratio) * variance(each) for each in (before, after)]
    error = math.sqrt(sum(parts))
    centre = mean(after) - mean(before)
    if error == 0:
        return Interval(centre, centre)
    freedom = error**4 / sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (before, after), strict=True)
    )
    half = quantile(freedom) * error
    return Interval(centre - half, centre + half)


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        inner = [_flat(each, f"{path}.{key}" if path else key) for key, each in value.items()]
        return [pair for pairs in inner for pair in pairs]
    return [(path, json.dumps(value, ensure_ascii=False))]
