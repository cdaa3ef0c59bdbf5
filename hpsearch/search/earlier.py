"""Trials of earlier jobs: which can be compared with this job's, and why the others cannot.

Two values are comparable if the same images scored the same kind of training at the same report
point. What differs only in the searched parameters does.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hpsearch.baseline import Baseline
from hpsearch.history import DataHashes, EarlierJob
from hpsearch.search.curves import Curve, curve
from hpsearch.search.ladder import report_points
from hpsearch.search.scale import fits
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.training import TrainingSettings
from hpsearch.trial import Report, Trial, step_of

SPREAD_OVER_TRAINING = ("schedule", "warm_up")
"""Settings of a learning rate that depends on how long the longest training is."""


@dataclass(frozen=True)
class Comparable:
    """curves: of the trials that count. left_out: how many do not, by the reason in words."""

    curves: Sequence[Curve]
    left_out: Mapping[str, int]

    def words(self) -> str:
        """`; left out: …` with counts and reasons, or nothing."""
        told = [f"{count} {reason}" for reason, count in self.left_out.items()]
        return f"; left out: {', '.join(told)}" if told else ""


def comparable(
    spec: SearchSpec,
    jobs: Iterable[EarlierJob],
    data: DataHashes | None,
    baseline: Baseline | None = None,
) -> Comparable:
    """The earlier trials that a search with this spec, on this data, learns from.

    baseline: as of `curve`.
    """
    kept: list[Curve] = []
    left_out: Counter[str] = Counter()
    steps = {step_of(point) for point in report_points(spec)}
    for job in jobs:
        difference = _difference(spec, job.spec) or _other_data(data, job.data)
        for trial in job.trials:
            found = difference or _curve(spec, job, trial, steps, baseline)
            if isinstance(found, Curve):
                kept.append(found)
            else:
                left_out[f"of {job.id} ({found})"] += 1
    return Comparable(kept, left_out)


def _difference(spec: SearchSpec, other: SearchSpec | None) -> str | None:
    """What makes every trial of a job with the other spec another kind of thing, in words."""
    if other is None:
        return "a spec that this version cannot read"
    if other.dataset.name != spec.dataset.name:
        return f"the data set {other.dataset.name}"
    if _split(other) != _split(spec):
        return "another split of the data"
    if _network(other) != _network(spec):
        return "another network"
    settings = sorted(_different_settings(spec, other))
    return f"another {settings[0]}" if settings else None


def _other_data(own: DataHashes | None, other: DataHashes | None) -> str | None:
    """What differs in the data itself, in words; names say little. None if it is not recorded."""
    if own is None or other is None or own == other:
        return None
    if own.dataset != other.dataset:
        return "another data set of the same name"
    return "another split of the data"


def _split(spec: SearchSpec) -> tuple[Any, ...]:
    """All that says which images train and which score."""
    return spec.dataset.train_size, spec.validation, spec.seed


def _network(spec: SearchSpec) -> Mapping[str, Any]:
    """Its settings, but for those that are searched."""
    settings = spec.network.model_dump(mode="json", exclude_unset=True)
    return {name: value for name, value in settings.items() if name not in spec.space}


def _different_settings(spec: SearchSpec, other: SearchSpec) -> Iterator[str]:
    """Names of training settings that neither job searches and that differ."""
    for name in TrainingSettings.model_fields:
        searched = name in spec.space or name in other.space
        if not searched and getattr(spec, name) != getattr(other, name):
            yield name
    changes = any(name in spec.space for name in SPREAD_OVER_TRAINING)
    if (changes or spec.schedule != "constant" or spec.warm_up) and spec.epochs != other.epochs:
        yield "length of the learning rate's schedule"


def _curve(
    spec: SearchSpec, job: EarlierJob, trial: Trial, steps: set[int], baseline: Baseline | None
) -> Curve | str:
    """The trial's curve at this job's report points, or why it does not count."""
    assert job.spec is not None
    if not fits(spec.space, trial.params):
        return "outside this space"
    if job.spec.objective is not spec.objective:
        trial = replace(trial, reports=tuple(_as(spec.objective, trial.reports)))
    found = curve(trial, spec.objective, baseline)
    if found is None:
        return "not ended by the parameters"
    values = {step: value for step, value in found.values.items() if step in steps}
    if not values and found.diverged_step is None:
        return "no value at a report point of this job"
    return replace(found, values=values)


def _as(objective: Objective, reports: Iterable[Report]) -> Iterator[Report]:
    """Reports with what this objective names as their value, as far as it was recorded."""
    for report in reports:
        value = getattr(report, objective.value)
        if value is not None:
            yield replace(report, value=value)
