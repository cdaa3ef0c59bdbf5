"""Parameters of a new cohort: asked from Optuna, drawn from the whole box, or the user's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler

from hpsearch.search import study
from hpsearch.search.curves import Curve
from hpsearch.search.scale import Space, discrete, fits
from hpsearch.spec.parts import Sampler
from hpsearch.spec.space import Value

Params = Mapping[str, Value]

RETRIES = 20
"""Asks for a point that was not tried yet, in a space that has only so many."""


@dataclass(frozen=True)
class Knowledge:
    """What sampling may know, all inside the box: finished trials, and those in training.

    tried: points that were trained as long as the new ones will be, or are about to be.
    """

    finished: Sequence[Curve]
    pending: Sequence[Params]
    tried: Sequence[Params]


def seed_of(job_seed: int, round_index: int, cohort: int) -> int:
    """The sampler's seed; it goes on from where it was after any restart."""
    return int(np.random.SeedSequence([job_seed, round_index, cohort]).generate_state(1)[0])


def propose(
    sampler: Sampler, ranges: Space, count: int, seed: int, knowledge: Knowledge
) -> list[Params]:
    """`count` points of the ranges, as the spec's sampler proposes them."""
    if count == 0:
        return []
    finished = [each for each in knowledge.finished if fits(ranges, each.params)]
    pending = [params for params in knowledge.pending if fits(ranges, params)]
    made = study.study(ranges, finished, pending, _sampler(sampler, seed))
    return _fresh(lambda: study.ask(made, ranges), ranges, count, knowledge.tried)


def explore(box: Space, count: int, seed: int, tried: Sequence[Params]) -> list[Params]:
    """`count` points of the whole box, at random, knowing nothing."""
    if count == 0:
        return []
    made = study.study(box, (), (), RandomSampler(seed=seed ^ 0x5EED))
    return _fresh(lambda: study.ask(made, box), box, count, tried)


def _sampler(chosen: Sampler, seed: int) -> BaseSampler:
    if chosen.name == "tpe":
        return TPESampler(seed=seed, n_startup_trials=chosen.startup_trials)
    if chosen.name == "random":
        return RandomSampler(seed=seed)
    return QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False)


def _fresh(
    ask: Callable[[], dict[str, Value]], space: Space, count: int, tried: Sequence[Params]
) -> list[Params]:
    """Ask for points; where the space has only so many, ask again for those that were tried."""
    if not discrete(space):
        return [ask() for _ in range(count)]
    seen = {_key(params) for params in tried}
    fresh: list[Params] = []
    for _ in range(count):
        params = ask()
        for _ in range(RETRIES):
            if _key(params) not in seen:
                break
            params = ask()
        seen.add(_key(params))
        fresh.append(params)
    return fresh


def _key(params: Params) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in params.items()))
