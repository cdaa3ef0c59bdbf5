"""What a search would take, before it is run.

How many trials train how long is found by running the search itself on a made-up trainer that
behaves as small networks usually do; what an epoch costs is measured on the real one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import threadpoolctl

from hpsearch.baseline import Baseline
from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import split_for
from hpsearch.datasets.values import Split
from hpsearch.errors import ImpossibleShape, NetworkTooLarge
from hpsearch.history import History, Trial
from hpsearch.nn import network_size
from hpsearch.search.exhaustion import trains_every_point
from hpsearch.search.points import count
from hpsearch.search.simulation import Score, Simulation
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value, as_number
from hpsearch.training.batches import steps_per_epoch
from hpsearch.training.leg import run_leg
from hpsearch.training.tasks import leg_task

PROBES = 4  # trials whose cost is measured; the others cost what these do on average
WARM_STEPS, TIMED_STEPS, MOST_STEPS = 2, 8, 512
TIMED_SECONDS = 0.2  # shorter than that, other things that the machine does would count as much
SECONDS_PER_LEG = 0.02  # of the way to a worker and back, measured on a local cluster
BUSY = 0.85  # share of the workers' time in which they train (`make bench-running`)
MAX_SIMULATED = 2000  # trials; a longer search is held to go on as it has gone so far
STATE_COPIES = 4  # weights, gradient and up to two optimizer memories


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


def estimate(spec: SearchSpec, source: DatasetSource, workers: int) -> Estimate:
    """Time a few mini-batches and say what the search would take. The spec must be admitted."""
    data = split_for(spec, source.load(spec.dataset.name))
    trials = _simulate(spec, Baseline.of(data.validation.labels, data.classes))
    probes = _spread_out(trials)
    costs = _costs(spec, data, probes)
    legs = sum(len(trial.reports) for trial in trials)
    epochs = sum(trial.epochs for trial in trials)
    work = epochs * float(np.mean([cost.epoch for cost in costs])) + legs * (
        float(np.mean([cost.report for cost in costs])) + SECONDS_PER_LEG
    )
    seconds = work / min(workers, 2 * spec.cohort) / BUSY
    if spec.budget.seconds is not None:
        seconds = min(seconds, spec.budget.seconds)
    confirming = _epochs_of_certificate(spec, len(trials))
    if spec.confirm is not None:
        together = min(workers, spec.confirm.top * spec.confirm.repeats)
        seconds += confirming * float(np.mean([cost.epoch for cost in costs])) / together / BUSY
    return Estimate(
        seconds=seconds,
        trials=len(trials),
        epochs=epochs,
        confirm_epochs=confirming,
        memory_bytes=max(cost.memory for cost in costs),
        workers=workers,
        points=count(spec.space),
        exhausts=trains_every_point(spec),
    )


def _epochs_of_certificate(spec: SearchSpec, trials: int) -> float:
    """In epochs of the search's training part, which is smaller than all training data."""
    if spec.confirm is None:
        return 0.0
    again = min(spec.confirm.top, trials) + 1 / (1 - spec.validation.fraction)
    return spec.confirm.repeats * again * spec.epochs


@dataclass(frozen=True)
class _Cost:
    """Of one trial: seconds an epoch and a report, and bytes on its worker."""

    epoch: float
    report: float
    memory: int


def _simulate(spec: SearchSpec, baseline: Baseline) -> Sequence[Trial]:
    limit = min(spec.budget.trials or MAX_SIMULATED, MAX_SIMULATED)
    budget = spec.budget.model_copy(update={"trials": limit, "target": None, "seconds": None})
    simulation = Simulation(
        spec.model_copy(update={"budget": budget}),
        partial(_typical, baseline),
        history=History(baseline=baseline),
    )
    simulation.run()
    return simulation.history.trials


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


def _costs(spec: SearchSpec, data: Split, probes: Sequence[Trial]) -> Sequence[_Cost]:
    """Of those that can be trained. What is wrong with the others is raised if none can."""
    costs: list[_Cost] = []
    for trial in probes:
        try:
            costs.append(_cost(spec, data, trial))
        except (ImpossibleShape, NetworkTooLarge):
            if trial is probes[-1] and not costs:
                raise
    return costs


def _cost(spec: SearchSpec, data: Split, trial: Trial) -> _Cost:
    """Train a few mini-batches with the trial's settings, at a rate so low that none diverges."""
    images = len(data.training)
    params = {**trial.params, "learning_rate": 1e-6}
    task = leg_task(spec, params, trial.number, spec.epochs, images)
    with threadpoolctl.threadpool_limits(1):
        state, _ = run_leg(replace(task, stop_step=WARM_STEPS), data, None)
        _, report = run_leg(replace(task, stop_step=WARM_STEPS), data, state)
        steps = TIMED_STEPS
        while True:
            _, timed = run_leg(replace(task, stop_step=WARM_STEPS + steps), data, state)
            spent = timed.seconds - report.seconds
            if spent >= TIMED_SECONDS or steps >= MOST_STEPS:
                break
            steps *= 4
    step = max(0.0, spent) / steps
    batch_size = min(task.training.batch_size, images)
    size = network_size(task.network, data.shape, data.classes, batch_size)
    return _Cost(
        epoch=step * steps_per_epoch(images, task.training.batch_size),
        report=report.seconds,
        memory=size.workspace_bytes + _kept_bytes(data, size.parameters),
    )


def _kept_bytes(data: Split, parameters: int) -> int:
    images = data.training.images.nbytes + data.validation.images.nbytes
    return images + STATE_COPIES * parameters * np.dtype(np.float32).itemsize
