"""The certificate of a search: what is still to be trained for it, and what it says.

The few trials that are likely the best are trained again to the full length, on fresh seeds and
fresh splits of the training data, the same ones for each, so that what differs between two of them
is their parameters. The winner is then trained on all training data, and scored on the test data in
one look. All of it is a pure function of spec and history, as the search is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.history import Confirmation, History, Stage
from hpsearch.search.intervals import Interval, final_interval, mean, resampled_interval
from hpsearch.search.likely import by_likelihood
from hpsearch.search.verdict import Verdict, judge
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Trial

CONFIRMATION = 0x636F_6E66  # "conf": greater than any trial's number
STAGES = {Stage.REPEAT: 0, Stage.TEST: 1}


@dataclass(frozen=True)
class Training:
    """One training that the certificate needs. seed: of its split, weights and order."""

    stage: Stage
    trial: Trial
    repeat: int
    seed: int


@dataclass(frozen=True)
class Candidate:
    """One of the likely best. naive: what the search saw. scores: of its repeats, as the objective.

    mean, interval: of the scores; None where a repeat could not be trained, as `problem` says.
    """

    trial: int
    naive: float
    scores: tuple[float, ...]
    parameters: int
    mean: float | None
    interval: Interval | None
    problem: str | None


@dataclass(frozen=True)
class Final:
    """The winner on the test data, in one look.

    accuracies: of each training on all training data. interval: of the accuracy that the setting
    gives on average, which knows of the images and of the luck of a training.
    """

    trial: int
    accuracies: tuple[float, ...]
    accuracy: float
    interval: Interval
    images: int
    weights: tuple[str | None, ...]


@dataclass(frozen=True)
class Certificate:
    """What is known. verdict: once all repeats are there. final: once the test data was looked at.

    note: what the reader should know beside, in words.
    """

    candidates: tuple[Candidate, ...]
    verdict: Verdict | None
    final: Final | None
    complete: bool
    note: str | None


def remaining(
    spec: SearchSpec, history: History, chosen: Sequence[Trial] | None = None
) -> tuple[Training, ...]:
    """What is to be trained now, of a search that has ended; nothing once all is there.

    chosen: the candidates, where they are known already.
    """
    if spec.confirm is None:
        return ()
    chosen = candidates(spec, history.trials) if chosen is None else chosen
    known = {each.key for each in history.confirmations}
    repeats = [
        Training(Stage.REPEAT, trial, repeat, seed_of(spec.seed, Stage.REPEAT, repeat))
        for repeat in range(spec.confirm.repeats)
        for trial in chosen
        if (Stage.REPEAT, trial.number, repeat) not in known
    ]
    if repeats:
        return tuple(repeats)
    verdict = _verdict(spec, history, chosen)
    if verdict is None or _looked_for(history) not in (None, verdict.winner):
        return ()
    return tuple(
        Training(
            Stage.TEST,
            next(trial for trial in chosen if trial.number == verdict.winner),
            repeat,
            seed_of(spec.seed, Stage.TEST, repeat),
        )
        for repeat in range(spec.confirm.repeats)
        if (Stage.TEST, verdict.winner, repeat) not in known
    )


def certificate(
    spec: SearchSpec, history: History, chosen: Sequence[Trial] | None = None
) -> Certificate | None:
    """What is known so far; None where the spec asks for none.

    chosen: the candidates, where they are known already.
    """
    if spec.confirm is None:
        return None
    chosen = candidates(spec, history.trials) if chosen is None else chosen
    found = tuple(_candidate(spec.objective, history, trial) for trial in chosen)
    waiting = bool(remaining(spec, history, chosen))
    verdict = _verdict(spec, history, chosen)
    looked = _looked_for(history)
    final = None if looked is None else _final(spec, history, looked)
    note = None
    if not chosen:
        note = "no trial was trained to its end, so there is nothing to confirm"
    elif verdict is not None and looked not in (None, verdict.winner):
        note = (
            f"the search went on after trial {looked} was scored on the test data; a second look, "
            f"for trial {verdict.winner}, is refused"
        )
    elif final is not None and spec.objective is not Objective.ACCURACY:
        note = f"the search went by {spec.objective.value}; on the test data accuracy is measured"
    return Certificate(found, verdict, final, not waiting, note)


def certificate_of(
    spec: SearchSpec, trials: Sequence[Trial], confirmations: tuple[Confirmation, ...]
) -> Certificate | None:
    """What is known. trials: all, or as many as a certificate takes, each of them trained again."""
    again = {each.trial for each in confirmations}
    whole = spec.confirm is not None and len(again) == len(trials) == spec.confirm.top
    chosen = _by_value(spec, trials) if whole else None
    return certificate(spec, History(trials=tuple(trials), confirmations=confirmations), chosen)


def candidates(spec: SearchSpec, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Complete trials of different parameters that are likely the best, sorted by value.

    By rules before the third, those of the best values.
    """
    top = 0 if spec.confirm is None else spec.confirm.top
    order = _by_value(spec, trials)
    if spec.rules > 2 and top:
        by_number = {trial.number: trial for trial in trials}
        likely = by_likelihood(spec.space, trials, spec.objective)
        order = tuple(by_number[number] for number in likely)
    chosen: list[Trial] = []
    for trial in order:
        if len(chosen) < top and all(trial.params != each.params for each in chosen):
            chosen.append(trial)
    return _by_value(spec, chosen)


def _by_value(spec: SearchSpec, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The complete ones, the best first, ties by number."""
    complete = [(trial.value, trial) for trial in trials if trial.value is not None]
    complete.sort(key=lambda each: (-spec.objective.upward(each[0]), each[1].number))
    return tuple(trial for _, trial in complete)


def seed_of(job_seed: int, stage: Stage, repeat: int) -> int:
    """The seed of a training, below 2**53 as a spec's; no training of the search has it."""
    sequence = np.random.SeedSequence([job_seed, CONFIRMATION, STAGES[stage], repeat])
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(11))


def _verdict(spec: SearchSpec, history: History, chosen: Sequence[Trial]) -> Verdict | None:
    """Once all repeats are there, on those that could be trained."""
    assert spec.confirm is not None
    repeats = {trial.number: _of(history, Stage.REPEAT, trial.number) for trial in chosen}
    if any(len(each) < spec.confirm.repeats for each in repeats.values()):
        return None
    able = {
        number: each
        for number, each in repeats.items()
        if all(one.report is not None for one in each)
    }
    if not able:
        return None
    first = next(iter(able.values()))[0]
    upward = {
        number: [spec.objective.upward(_score(one)) for one in each]
        for number, each in able.items()
    }
    costs = {number: float(each[0].parameters) for number, each in able.items()}
    return judge(upward, costs, first.scored / first.trained)


def _candidate(objective: Objective, history: History, trial: Trial) -> Candidate:
    found = _of(history, Stage.REPEAT, trial.number)
    scores = tuple(_score(each) for each in found if each.report is not None)
    problem = next((each.problem for each in found if each.report is None), None)
    known = problem is None and len(scores) > 1
    ratio = found[0].scored / found[0].trained if found else 0.0
    return Candidate(
        trial=trial.number,
        naive=trial.value or 0.0,
        scores=scores,
        parameters=found[0].parameters if found else 0,
        mean=mean(scores) if known else None,
        interval=resampled_interval(scores, ratio).within(0.0, objective.highest)
        if known
        else None,
        problem=problem,
    )


def _final(spec: SearchSpec, history: History, winner: int) -> Final | None:
    """None until all trainings of the look are there, and where one could not be trained."""
    assert spec.confirm is not None
    found = _of(history, Stage.TEST, winner)
    if len(found) < spec.confirm.repeats or any(each.report is None for each in found):
        return None
    accuracies = tuple(_accuracy(each) for each in found)
    return Final(
        trial=winner,
        accuracies=accuracies,
        accuracy=mean(accuracies),
        interval=final_interval(accuracies, found[0].scored),
        images=found[0].scored,
        weights=tuple(each.report.weights for each in found if each.report is not None),
    )


def _of(history: History, stage: Stage, trial: int) -> list[Confirmation]:
    return [each for each in history.confirmations if (each.stage, each.trial) == (stage, trial)]


def _looked_for(history: History) -> int | None:
    """The trial for which the test data was looked at, if it was."""
    return next((each.trial for each in history.confirmations if each.stage is Stage.TEST), None)


def _score(each: Confirmation) -> float:
    """As the objective measures; of a training that diverged what guessing scores."""
    assert each.report is not None
    return each.guess if math.isnan(each.report.value) else each.report.value


def _accuracy(each: Confirmation) -> float:
    found = None if each.report is None else each.report.accuracy
    return each.guessed_accuracy if found is None or math.isnan(found) else found
