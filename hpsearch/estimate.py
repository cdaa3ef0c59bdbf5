"""What a search would take, before it is run.

How many trials train how long is found by running the search itself on a made-up trainer that
behaves as small networks usually do; what an epoch costs is measured on a worker.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpsearch.baseline import Baseline
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import training_count
from hpsearch.datasets.values import Dataset
from hpsearch.errors import ImpossibleShape, NetworkTooLarge
from hpsearch.history import History
from hpsearch.nn import check_size
from hpsearch.search.exhaustion import trains_every_point
from hpsearch.search.points import count
from hpsearch.search.scale import active, in_order
from hpsearch.search.simulation import Score, Simulation
from hpsearch.spec.objective import Objective
from hpsearch.spec.parts import Sampler
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import CategoricalParameter, Parameter, Value, as_number
from hpsearch.training.batches import steps_per_epoch
from hpsearch.training.footprint import footprint
from hpsearch.training.tasks import TRAINING_SCORED
from hpsearch.training.timing import Probe, Timing, time_probe
from hpsearch.trial import Trial

PROBES = 4  # trials whose cost is measured; the others cost what these do on average
SECONDS_PER_LEG = 0.02  # of the way to a worker and back, measured on a local cluster
BUSY = 0.85  # share of the workers' time in which they train (`make bench-running`)
SIMULATED = 300  # trials; a longer search is taken to go on as these
SIMULATED_COHORT = 50  # trials of a cohort, likewise
SIMULATION_SECONDS = 0.5


@dataclass(frozen=True)
class Estimate:
    """seconds: from start to end with `workers` workers. memory_bytes: the most a worker needs.

    confirm_epochs: of training for the certificate, beside the search's.
    points: of the space, None if there is no end to them. exhausts: whether each of them is trained
    once, to the end, and then the search is over.
    """

    seconds: float
    trials: int
    epochs: float
    confirm_epochs: float
    memory_bytes: int
    workers: int
    points: int | None
    exhausts: bool


@dataclass(frozen=True)
class Prospect:
    """What a search would do, without what that costs.

    trials: in all, inf if only time ends it. epochs, reports: of a trial, on average. training,
    validation: images. steps: mini-batches of an epoch, for each of the probes.
    """

    spec: SearchSpec
    trials: float
    epochs: float
    reports: float
    training: int
    validation: int
    probes: tuple[Probe, ...]
    steps: tuple[int, ...]
    memory_bytes: int


def prospect(spec: SearchSpec, dataset: Dataset) -> Prospect:
    """Simulate the search; takes about SIMULATION_SECONDS at most. The spec must be admitted."""
    images = training_count(spec, dataset)
    taken = spec.dataset.train_size or len(dataset.training)
    trials, complete = _simulate(spec, Baseline.of(dataset.training.labels, dataset.classes))
    epochs = sum(trial.epochs for trial in trials) / len(trials)
    found = [_probe(spec, trial.params, dataset, images) for trial in _spread_out(trials)]
    return Prospect(
        spec=spec,
        trials=len(trials) if complete else _asked(spec, epochs),
        epochs=epochs,
        reports=sum(len(trial.reports) for trial in trials) / len(trials),
        training=images,
        validation=taken - images,
        probes=tuple(found),
        steps=tuple(steps_per_epoch(images, probe.batch_size) for probe in found),
        memory_bytes=max(_memory(spec, dataset, images, taken, trials)),
    )


def conclude(found: Prospect, timings: Mapping[Probe, Timing], workers: int) -> Estimate:
    """From what was timed; raises KeyError if no probe was."""
    known = [
        (timings[probe], steps)
        for probe, steps in zip(found.probes, found.steps, strict=True)
        if probe in timings
    ]
    if not known:
        raise KeyError("no probe was timed")
    spec = found.spec
    costs = [_seconds_of_trial(found, timing, steps) for timing, steps in known]
    each = float(np.mean(costs)) / min(workers, 2 * spec.cohort) / BUSY
    trials = found.trials
    if spec.budget.seconds is not None:
        trials = min(trials, max(1.0, spec.budget.seconds / each))
    seconds = min(trials * each, spec.budget.seconds or math.inf)
    confirming = _epochs_of_certificate(spec, round(trials))
    if spec.confirm is not None:
        together = min(workers, spec.confirm.top * spec.confirm.repeats)
        epoch = float(np.mean([steps * timing.step for timing, steps in known]))
        seconds += confirming * epoch / together / BUSY
    return Estimate(
        seconds=seconds,
        trials=round(trials),
        epochs=trials * found.epochs,
        confirm_epochs=confirming,
        memory_bytes=found.memory_bytes,
        workers=workers,
        points=count(spec.space),
        exhausts=trains_every_point(spec),
    )


def estimate(spec: SearchSpec, source: DatasetSource, workers: int) -> Estimate:
    """All of it in this process, which trains for it: for benchmarks, never for the server."""
    found = prospect(spec, source.load(spec.dataset.name))
    timings = {}
    for probe in dict.fromkeys(found.probes):
        try:
            timings[probe] = time_probe(probe)
        except (ImpossibleShape, NetworkTooLarge):
            continue
    return conclude(found, timings, workers)


def _epochs_of_certificate(spec: SearchSpec, trials: int) -> float:
    """In epochs of the search's training part, which is smaller than all training data."""
    if spec.confirm is None:
        return 0.0
    again = min(spec.confirm.top, trials) + 1 / (1 - spec.validation.fraction)
    return spec.confirm.repeats * again * spec.epochs


def _seconds_of_trial(found: Prospect, timing: Timing, steps: int) -> float:
    scored = found.validation
    if found.spec.training_accuracy:
        scored += min(found.training, TRAINING_SCORED)
    report = timing.score * scored + SECONDS_PER_LEG
    return found.epochs * steps * timing.step + found.reports * report


def _simulate(spec: SearchSpec, baseline: Baseline) -> tuple[Sequence[Trial], bool]:
    """The trials of the search, and whether these are all: by a sampler that costs nothing."""
    asked = spec.budget.trials
    limit = min(asked or SIMULATED, SIMULATED)
    budget = spec.budget.model_copy(update={"trials": limit, "target": None, "seconds": None})
    changes = {
        "budget": budget,
        "sampler": Sampler(name="random"),
        "cohort": min(spec.cohort, SIMULATED_COHORT),
    }
    simulation = Simulation(
        spec.model_copy(update=changes),
        partial(_typical, baseline),
        history=History(baseline=baseline),
    )
    end, done = time.thread_time() + SIMULATION_SECONDS, None
    while done is None and (time.thread_time() < end or not _ended(simulation)):
        done = simulation.run(steps=5)
    trials = _ended(simulation)
    by_itself = done is not None and (len(trials) < limit or limit == asked)
    return trials, by_itself


def _ended(simulation: Simulation) -> list[Trial]:
    return [trial for trial in simulation.history.trials if trial.ending is not None]


def _asked(spec: SearchSpec, epochs: float) -> float:
    """How many trials the budget allows, if each takes so many epochs."""
    budget = spec.budget
    by_epochs = math.inf if budget.epochs is None else max(1.0, budget.epochs / max(epochs, 1e-9))
    return min(budget.trials or math.inf, by_epochs)


def _typical(baseline: Baseline, params: Mapping[str, Value], number: int, epoch: float) -> Score:
    """As a small network under SGD: best at a rate of 0.1 with little decay, at chance above 1.

    It diverges where a step turns the weights round and makes them larger, |1 - rate · decay| > 1.
    """
    rate = as_number(params.get("learning_rate", 0.1))
    decay = as_number(params.get("weight_decay", 1e-3))
    if rate * decay > 2:
        return Score(math.nan, diverged_at=2, epoch=min(epoch, 0.05))
    distance = abs(math.log10(rate / 0.1)) + 0.5 * math.log10(max(decay, 1e-3) / 1e-3)
    learned = math.exp(-(distance**2) / 2) * (1 - math.exp(-1.5 * epoch)) if rate <= 1 else 0.0
    reached = learned * (0.98 + 0.02 * math.sin(12.9898 * number))
    start = baseline.constant(Objective.LOSS)
    loss = start * (1 - learned)
    chance = baseline.constant(Objective.ACCURACY)
    return Score(chance + (1 - chance) * reached, loss, start, loss)


def _spread_out(trials: Sequence[Trial]) -> Sequence[Trial]:
    """A few trials, evenly over the search."""
    return [trials[int(index)] for index in np.linspace(0, len(trials) - 1, PROBES)]


def _probe(spec: SearchSpec, params: Mapping[str, Value], dataset: Dataset, images: int) -> Probe:
    network, training = spec.settings_for(params)
    return Probe(
        network=network,
        optimizer=training.optimizer,
        clips=training.clip_norm is not None,
        batch_size=min(training.batch_size, images),
        shape=dataset.shape,
        classes=dataset.classes,
    )


def _memory(
    spec: SearchSpec, dataset: Dataset, images: int, taken: int, trials: Sequence[Trial]
) -> Iterator[int]:
    """Bytes that a leg takes: with the largest numbers of the space, and in a few trials."""
    data = dataset.training.images.nbytes * taken // len(dataset.training)
    yield data
    for params in (_largest(spec), *(trial.params for trial in _spread_out(trials))):
        network, training = spec.settings_for(params)
        batch_size = min(training.batch_size, images)
        try:
            check_size(network, dataset.shape, dataset.classes, batch_size)
            yield footprint(
                *(network, training, dataset.shape, dataset.classes, batch_size), image_bytes=data
            ).total
        except (ImpossibleShape, NetworkTooLarge):
            continue


def _largest(spec: SearchSpec) -> dict[str, Value]:
    """The largest numbers of the space together."""
    params: dict[str, Value] = {}
    for name, parameter in in_order(spec.space):
        if active(parameter, params):
            params[name] = _top(parameter)
    return params


def _top(parameter: Parameter) -> Value:
    if not isinstance(parameter, CategoricalParameter):
        return parameter.high
    sizes = [each for each in parameter.choices if isinstance(each, int | float)]
    return max(sizes) if sizes else parameter.choices[0]
