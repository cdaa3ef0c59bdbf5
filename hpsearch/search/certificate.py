"""Which trial won, and how sure that is: a pure function of what the confirmation brought.

The best few trials are trained again to the full length, on fresh seeds and fresh splits of the
training data, the same ones for each, so that what differs between two of them is their parameters.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.history import Trial
from hpsearch.search.intervals import Interval, mean, resampled_interval

CONFIRMATION = 0x636F_6E66  # "conf": greater than any trial's number


@dataclass(frozen=True)
class Verdict:
    """What the repeats say. winner: the trial that is taken.

    better_than: the others, where it is better than each of them beyond doubt. tied: those that
    cannot be told from the best one, the winner included, where there are several.
    """

    winner: int
    better_than: tuple[int, ...]
    tied: tuple[int, ...]
    words: str


def candidates(trials: Sequence[Trial], top: int) -> tuple[Trial, ...]:
    """The best `top` trials of different parameters, the best first, ties by number."""
    complete = [trial for trial in trials if trial.value is not None]
    ranked = sorted(complete, key=lambda trial: (-(trial.value or 0.0), trial.number))
    chosen: list[Trial] = []
    for trial in ranked:
        if len(chosen) < top and all(trial.params != each.params for each in chosen):
            chosen.append(trial)
    return tuple(chosen)


def seed_of(job_seed: int, repeat: int) -> int:
    """The seed of a repeat, below 2**53 as a spec's; no training of the search has it."""
    sequence = np.random.SeedSequence([job_seed, CONFIRMATION, repeat])
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(11))


def judge(
    scores: Mapping[int, Sequence[float]], costs: Mapping[int, float], ratio: float
) -> Verdict:
    """The verdict on candidates (by number) whose i-th scores come from the same split and seed.

    Higher scores are better. `ratio` is validation images over training images of a split. The best
    by mean wins, unless others are tied with it: then the cheapest of those.
    """
    best = max(scores, key=lambda number: (mean(scores[number]), -costs[number], -number))
    others = [number for number in scores if number != best]
    tied = [n for n in others if not better(scores[best], scores[n], ratio)]
    if not tied:
        words = f"trial {best} is the only candidate"
        if others:
            words = f"trial {best} is better than {_listed(others)}"
        return Verdict(best, tuple(sorted(others)), (), words)
    equals = sorted((best, *tied))
    cheapest = min(costs[number] for number in equals)
    winner = best if costs[best] == cheapest else _best_of(equals, scores, costs, cheapest)
    alike = all(costs[number] == cheapest for number in equals)
    reason = "it scored highest and none is cheaper" if alike else "it is the cheapest of them"
    words = f"a tie of {_listed(equals)}; trial {winner} is taken because {reason}"
    return Verdict(winner, (), tuple(equals), words)


def better(scores: Sequence[float], others: Sequence[float], ratio: float) -> bool:
    """Whether the first scores are higher than the second beyond doubt, pair by pair."""
    return difference(scores, others, ratio).low > 0


def difference(scores: Sequence[float], others: Sequence[float], ratio: float) -> Interval:
    """The interval of the mean difference of two candidates' scores, pair by pair."""
    if len(scores) < 2:
        return Interval(-math.inf, math.inf)
    return resampled_interval([a - b for a, b in zip(scores, others, strict=True)], ratio)


def _best_of(
    numbers: Sequence[int],
    scores: Mapping[int, Sequence[float]],
    costs: Mapping[int, float],
    cost: float,
) -> int:
    cheap = [number for number in numbers if costs[number] == cost]
    return max(cheap, key=lambda number: (mean(scores[number]), -number))


def _listed(numbers: Sequence[int]) -> str:
    names = [str(number) for number in sorted(numbers)]
    if len(names) == 1:
        return f"trial {names[0]}"
    return f"trials {', '.join(names[:-1])} and {names[-1]}"
