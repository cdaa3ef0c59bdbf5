"""Parameters of a new cohort: asked from Optuna, drawn from the whole box, or the user's."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from hpsearch.search import sobol, study
from hpsearch.search.curves import Curve
from hpsearch.search.points import Key, key_of
from hpsearch.search.scale import Space, discrete, fits
from hpsearch.spec.parts import Sampler
from hpsearch.spec.space import Value

Params = Mapping[str, Value]

RETRIES = 20
"""Asks for a point that was not tried yet, in a space whose points have an end."""


@dataclass(frozen=True)
class Knowledge:
    """What sampling may know, all inside the box: finished trials, and those in training.

    tried: points that were trained as long as the new ones will be, or are about to be. evenly: how
    many points of this round's Sobol sequence were taken already; explored: of the whole box's.
    """

    finished: Sequence[Curve] = ()
    pending: Sequence[Params] = ()
    tried: Set[Key] = frozenset()
    evenly: int = 0
    explored: int = 0


@dataclass(frozen=True)
class Seeds:
    """Seeds of a round's Sobol sequence, of a cohort's sampler, of the whole box's sequence."""

    even: int
    sampler: int
    explore: int


@dataclass(frozen=True)
class Proposal:
    """Points, the sampler that they are from, and the seed that it had."""

    points: Sequence[Params]
    sampler: str
    seed: int


def seeds_of(job_seed: int, round_index: int, cohort: int) -> Seeds:
    """Seeds that depend on nothing else, so that a restarted search goes on as it was."""
    return Seeds(
        even=_seed(job_seed, round_index),
        sampler=_seed(job_seed, round_index, cohort),
        explore=_seed(job_seed, 0),
    )


def propose(
    sampler: Sampler, ranges: Space, count: int, seeds: Seeds, knowledge: Knowledge
) -> Proposal:
    """`count` points of the ranges, as the spec's sampler proposes them."""
    if sampler.name == "random":
        return Proposal(_at_random(ranges, count, seeds, knowledge), "random", seeds.sampler)
    finished = [each for each in knowledge.finished if fits(ranges, each.params)]
    if sampler.name == "qmc" or len(finished) < sampler.startup_trials:
        points = _even_points(ranges, seeds.even, knowledge.evenly, count, knowledge.tried)
        return Proposal(points, "qmc", seeds.even)
    pending = [params for params in knowledge.pending if fits(ranges, params)]
    asked = study.study(
        ranges, finished, pending, _model(sampler, seeds.sampler), sampler.name == "gp"
    )
    chosen = _fresh(lambda: study.ask(asked, ranges), ranges, count, knowledge.tried)
    return Proposal(chosen, sampler.name, seeds.sampler)


def explore(box: Space, count: int, seeds: Seeds, knowledge: Knowledge) -> Proposal:
    """`count` points of the whole box, where the first round's even spread left gaps."""
    points = _even_points(box, seeds.explore, knowledge.explored, count, knowledge.tried)
    return Proposal(points, "qmc", seeds.explore)


def _at_random(ranges: Space, count: int, seeds: Seeds, knowledge: Knowledge) -> list[Params]:
    """What happened before changes nothing but which points of a small space are left."""
    asked = study.study(ranges, (), (), RandomSampler(seed=seeds.sampler))
    return _fresh(lambda: study.ask(asked, ranges), ranges, count, knowledge.tried)


def _model(chosen: Sampler, seed: int) -> BaseSampler:
    if chosen.name == "gp":
        return GPSampler(seed=seed, n_startup_trials=0, warn_independent_sampling=False)
    return TPESampler(seed=seed, n_startup_trials=0)


def _seed(*entropy: int) -> int:
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def _even_points(space: Space, seed: int, first: int, count: int, tried: Set[Key]) -> list[Params]:
    """Points of the Sobol sequence from `first` on; untried ones, if there is an end to points."""
    ahead = sobol.points(space, seed, first, count)
    if not discrete(space):
        return list(ahead)
    seen = set(tried)
    fresh: list[Params] = []
    behind = sobol.points(space, seed, 0, first)
    beyond = sobol.points(space, seed, first + count, RETRIES * count)
    for params in (*behind, *ahead, *beyond):
        if len(fresh) < count and key_of(params) not in seen:
            seen.add(key_of(params))
            fresh.append(params)
    return [*fresh, *ahead[: count - len(fresh)]]


def _fresh(
    ask: Callable[[], dict[str, Value]], space: Space, count: int, tried: Set[Key]
) -> list[Params]:
    """Ask for points; if they have an end, ask again in place of those that were tried."""
    if not discrete(space):
        return [ask() for _ in range(count)]
    seen = set(tried)
    fresh: list[Params] = []
    for _ in range(count):
        params = ask()
        for _ in range(RETRIES):
            if key_of(params) not in seen:
                break
            params = ask()
        seen.add(key_of(params))
        fresh.append(params)
    return fresh
