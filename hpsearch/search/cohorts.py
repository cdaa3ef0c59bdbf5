"""The trials of a new cohort: the user's first, then the sampler's, then a look elsewhere."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from hpsearch.history import Cohort, History, Round
from hpsearch.search import sobol
from hpsearch.search.curves import Curve
from hpsearch.search.points import Key, key_of, untried
from hpsearch.search.sampling import Knowledge, Params, explore, propose, seeds_of
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Origin, Trial


@dataclass(frozen=True)
class Opening:
    """A cohort about to be filled.

    known: how many trials (by number) it may know the results of; `unknown` are the others that
    were planned. finished: curves of the known ones, and of earlier jobs' trials that fit the box.
    tried: in a space with an end, the points that need no training in this round.
    """

    spec: SearchSpec
    history: History
    round: Round
    opens: bool
    size: int
    known: int
    unknown: Sequence[Trial]
    finished: Sequence[Curve]
    tried: Set[Key] | None


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
    evenly = Counter(trial.round for trial in even if trial.origin.source == "sampler")
    explored = sum(trial.origin.source == "explore" for trial in even)
    knowledge = Knowledge(
        finished=opening.finished,
        pending=[trial.params for trial in opening.unknown],
        tried=opening.tried or frozenset(),
        evenly=evenly[opening.round.index],
        explored=evenly[0] + explored,
    )
    seen = set(opening.tried or ())
    for number, params in enumerate(enqueued, first):
        whole = sobol.complete(opening.round.ranges, seeds.sampler, number, params)
        seen.add(key_of(whole))
        yield (
            whole,
            Origin("enqueued", "qmc" if len(whole) > len(params) else "", seeds.sampler, known),
        )
    near = propose(spec.sampler, opening.round.ranges, len(free) - far, seeds, knowledge)
    away = explore(spec.space, far, seeds, knowledge)
    proposed = [
        *((params, Origin("sampler", near.sampler, near.seed, known)) for params in near.points),
        *((params, Origin("explore", away.sampler, away.seed, known)) for params in away.points),
    ]
    yield from proposed if opening.tried is None else _once_each(spec, proposed, seen, known)


def _once_each(
    spec: SearchSpec, proposed: Iterable[tuple[Params, Origin]], seen: set[Key], known: int
) -> Iterator[tuple[Params, Origin]]:
    """What is proposed, but the next untried points in place of those that were tried before."""
    for params, origin in proposed:
        if key_of(params) in seen:
            rest = next(untried(spec.space, seen), params)
            seen.add(key_of(rest))
            yield rest, Origin("explore", "", 0, known)
        else:
            seen.add(key_of(params))
            yield params, origin


def _explores(opening: Opening, number: int) -> bool:
    """Evenly over the later rounds: every tenth trial where the share is 0.1."""
    share = opening.spec.rounds.explore if opening.round.index > 0 else 0.0
    return int((number + 1) * share + 1e-9) > int(number * share + 1e-9)
