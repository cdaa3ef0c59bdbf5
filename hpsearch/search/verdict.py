"""Which candidate is better: the verdict on scores that come in pairs, as a pure function."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.search.intervals import Interval, mean, resampled_interval


@dataclass(frozen=True)
class Verdict:
    """What the repeats say. winner: the trial that is taken.

    better_than: those that it is better than beyond doubt. tied: those that cannot be told from the
    one with the best mean, both included; empty where that one is alone.
    """

    winner: int
    better_than: tuple[int, ...]
    tied: tuple[int, ...]
    words: str


def judge(
    scores: Mapping[int, Sequence[float]], costs: Mapping[int, float], ratio: float
) -> Verdict:
    """The verdict on candidates (by number) whose i-th scores come from the same split and seed.

    Higher scores are better. `ratio` is validation images over training images of a split. The best
    by mean wins, unless others are tied with it: then the cheapest of those.
    """
    best = _highest(scores, scores)
    tied = [n for n in scores if n != best and not better(scores[best], scores[n], ratio)]
    equals = sorted((best, *tied)) if tied else []
    cheapest = min((costs[number] for number in equals), default=costs[best])
    winner = _highest([n for n in equals or [best] if costs[n] == cheapest], scores)
    rest = sorted(set(scores) - {winner, *equals})
    beaten = tuple(n for n in rest if better(scores[winner], scores[n], ratio))
    alike = all(costs[number] == cheapest for number in equals)
    return Verdict(winner, beaten, tuple(equals), _words(winner, beaten, equals, alike))


def _words(winner: int, beaten: Sequence[int], tied: Sequence[int], alike: bool) -> str:
    if not tied and not beaten:
        return f"trial {winner} is the only candidate"
    if not tied:
        return f"trial {winner} is better than {_listed(beaten)}"
    reason = "it scored highest and all cost the same" if alike else "it is the cheapest of them"
    better_than = f", and is better than {_listed(beaten)}" if beaten else ""
    return f"a tie of {_listed(tied)}; trial {winner} is taken because {reason}{better_than}"


def _highest(numbers: Iterable[int], scores: Mapping[int, Sequence[float]]) -> int:
    """By mean score; the lower number where several have it."""
    return max(numbers, key=lambda number: (mean(scores[number]), -number))


def better(scores: Sequence[float], others: Sequence[float], ratio: float) -> bool:
    """Whether the first scores are higher than the second beyond doubt, pair by pair."""
    return difference(scores, others, ratio).low > 0


def difference(scores: Sequence[float], others: Sequence[float], ratio: float) -> Interval:
    """The interval of the mean difference of two candidates' scores, pair by pair."""
    if len(scores) < 2:
        return Interval(-math.inf, math.inf)
    return resampled_interval([a - b for a, b in zip(scores, others, strict=True)], ratio)


def _listed(numbers: Sequence[int]) -> str:
    names = [str(number) for number in sorted(numbers)]
    if len(names) == 1:
        return f"trial {names[0]}"
    return f"trials {', '.join(names[:-1])} and {names[-1]}"
