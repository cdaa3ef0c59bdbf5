"""The trials of a new cohort: the user's first, then the sampler's, then a look elsewhere."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpsearch.history import Cohort, History, Origin, Round, Trial
from hpsearch.search import sobol
from hpsearch.search.curves import Curve
from hpsearch.search.sampling import Knowledge, Params, explore, propose, seeds_of
from hpsearch.search.scale import discrete
from hpsearch.spec.search import SearchSpec


@dataclass(frozen=True)
class Opening:
    """A cohort about to be filled.

    known: how many trials (by number) it may know the results of; `unknown` are the others that
    were planned. finished: curves of the known ones, and of earlier jobs' trials that fit the box.
    """

    spec: SearchSpec
    history: History
    round: Round
    opens: bool
    size: int
    known: int
    unknown: Sequence[Trial]
    finished: Sequence[Curve]


def fill(opening: Opening) -> Cohort:
    """The cohort with its trials."""
    history = opening.history
    index = history.trials[-1].cohort + 1 if history.trials else 0
    first = len(history.trials)
    trials = tuple(
        Trial(first + place, opening.round.index, index, params, origin)
        for place, (params, origin) in enumerate(_chosen(opening, index, first))
    )
    taken = min(opening.size, len(history.enqueued))
    return Cohort(index, opening.round, trials, opening.opens, taken)


def _chosen(opening: Opening, index: int, first: int) -> Iterator[tuple[Params, Origin]]:
    """Parameters with the reason for them, in order of trial number."""
    spec, known = opening.spec, opening.known
    seeds = seeds_of(spec.seed, opening.round.index, index)
    enqueued = opening.history.enqueued[: opening.size]
    free = range(first + len(enqueued), first + opening.size)
    far = sum(_explores(opening, number) for number in free)
    even = [trial for trial in opening.history.trials if trial.origin.sampler == "qmc"]
    spread = Counter(trial.round for trial in even if trial.origin.source == "sampler")
    explored = sum(trial.origin.source == "explore" for trial in even)
    knowledge = Knowledge(
        finished=opening.finished,
        pending=[trial.params for trial in opening.unknown],
        tried=list(_tried(opening)) if discrete(spec.space) else (),
        spread=spread[opening.round.index],
        explored=spread[0] + explored,
    )
    for number, params in enumerate(enqueued, first):
        whole = sobol.complete(opening.round.ranges, seeds.sampler, number, params)
        yield (
            whole,
            Origin("enqueued", "qmc" if len(whole) > len(params) else "", seeds.sampler, known),
        )
    near = propose(spec.sampler, opening.round.ranges, len(free) - far, seeds, knowledge)
    for params in near.points:
        yield params, Origin("sampler", near.sampler, near.seed, known)
    away = explore(spec.space, far, seeds, knowledge)
    for params in away.points:
        yield params, Origin("explore", away.sampler, away.seed, known)


def _explores(opening: Opening, number: int) -> bool:
    """Evenly over the later rounds: every tenth trial where the share is 0.1."""
    share = opening.spec.rounds.explore if opening.round.index > 0 else 0.0
    return int((number + 1) * share + 1e-9) > int(number * share + 1e-9)


def _tried(opening: Opening) -> Iterator[Params]:
    """Points that were given as long a training as this cohort's."""
    epochs = {each.index: each.epochs for each in (*opening.history.rounds, opening.round)}
    for trial in opening.history.trials:
        if epochs[trial.round] >= opening.round.epochs:
            yield trial.params
