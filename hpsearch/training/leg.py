"""A leg of a trial: training from one report to the next, as a pure function.

`run_leg(task, data, state)` gives the same bits whether a training is one leg or many (same kind of
processor and BLAS, one BLAS thread).
"""

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpsearch.datasets.values import Part, Split
from hpsearch.nn import Network, draw_weights
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.optimizers.schedule import learning_rate_at
from hpsearch.scores import UNKNOWN, Scores
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.objective import Objective
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.batches import steps_per_epoch
from hpsearch.training.evaluation import evaluate
from hpsearch.training.footprint import check_footprint, footprint
from hpsearch.training.randomness import DROPOUT, INITIALISATION, epoch_order, trial_generator
from hpsearch.training.trainer import Trainer
from hpsearch.training.workshop import borrowed_network
from hpsearch.trial import Report


@dataclass(frozen=True)
class LegTask:
    """What to train.

    Trains until `stop_step` minibatches have been done in all. `total_steps` is the horizon of the
    learning-rate schedule: the longest training of the job, so that a shorter training is the
    beginning of a longer one. `training_scored`: training images, from the first on, that are
    scored at the end, too; all where there are fewer.
    """

    network: NetworkSettings
    training: TrainingSettings
    job_seed: int
    trial: int
    stop_step: int
    total_steps: int
    training_scored: int = 0


@dataclass(frozen=True, eq=False)
class TrainState:
    """A training in the middle, as one value that pickles. Its arrays are nobody else's."""

    step: int
    parameters: FloatArray
    running: FloatArray
    optimizer_steps: int
    optimizer_memory: Mapping[str, FloatArray]
    generator: Mapping[str, Any]
    first_loss: float

    def weights(self) -> str:
        """SHA-256, in hexadecimal, of the bytes of the parameters and of the running statistics."""
        found = hashlib.sha256(self.parameters.tobytes())
        found.update(self.running.tobytes())
        return found.hexdigest()


@dataclass(frozen=True)
class LegReport:
    """What a leg came to.

    `value` and `loss` are accuracy (0 to 1) and mean loss on the validation part, beside the other
    scores there (see `hpsearch.scores`), `training_loss`
    the mean over the leg's minibatches, `first_loss` that of the trial's first minibatch.
    `diverged_at` is the iteration (from 1) of the first loss or parameter that is not finite; value
    and loss are then NaN, as they are where the leg was stopped. `weights` is the SHA-256 of the
    network, see `TrainState.weights`. `training_accuracy` is None unless the task asks for it, and
    where value is NaN.
    """

    step: int
    epoch: float
    value: float
    loss: float
    training_loss: float
    first_loss: float
    diverged_at: int | None
    seconds: float
    stopped: bool
    balanced_accuracy: float = math.nan
    macro_f1: float = math.nan
    weights: str | None = None
    training_accuracy: float | None = None

    @property
    def scores(self) -> Scores:
        return Scores(self.value, self.loss, self.balanced_accuracy, self.macro_f1)

    def at(self, point: float, objective: Objective) -> Report:
        """As it is recorded, at a report point in epochs."""
        return Report.at(
            point,
            self.scores,
            objective,
            diverged_after=None if self.diverged_at is None else self.epoch,
            weights=self.weights,
            training_accuracy=self.training_accuracy,
        )


def never() -> bool:
    """Train on."""
    return False


def run_leg(
    task: LegTask,
    data: Split,
    state: TrainState | None,
    should_stop: Callable[[], bool] = never,
    memory: int | None = None,
) -> tuple[TrainState | None, LegReport]:
    """Train from `state`, or from the start where it is None, and score the result.

    Looks at `should_stop` before each minibatch. A leg that is stopped or diverges has no state to
    go on from. memory: bytes that the leg may take, the data included; None for no limit. Raises
    ImpossibleShape where the network does not fit the images, and before any memory is taken
    NetworkTooLarge or LegTooLarge where it does not fit the memory.
    """
    batch_size = min(task.training.batch_size, len(data.training))
    kind = (task.network, data.shape, data.classes, batch_size)
    spare = None
    if memory is not None:
        needed = footprint(task.network, task.training, *kind[1:], data.image_bytes)
        check_footprint(task.network, batch_size, needed, memory)
        spare = memory - needed.total
    with np.errstate(all="ignore"), borrowed_network(*kind, spare) as network:
        return _Leg(task, data, network, state).run(should_stop)


class _Leg:
    """A leg under way."""

    def __init__(
        self, task: LegTask, data: Split, network: Network, state: TrainState | None
    ) -> None:
        self.began = time.perf_counter()
        self.task, self.data, self.network = task, data, network
        self.trainer = Trainer(network, task.training)
        self.generator = trial_generator(task.job_seed, task.trial, DROPOUT)
        network.use_generator(self.generator)
        self.losses: list[float] = []
        self.first_loss = math.nan
        self.step = 0
        if state is None:
            self._start()
        else:
            self._resume(state)

    def _start(self) -> None:
        generator = trial_generator(self.task.job_seed, self.task.trial, INITIALISATION)
        draw_weights(self.network, self.task.network, self.data.shape, self.data.classes, generator)

    def _resume(self, state: TrainState) -> None:
        self.step, self.first_loss = state.step, state.first_loss
        np.copyto(self.network.parameters, state.parameters)
        np.copyto(self.network.running, state.running)
        self.trainer.optimizer.steps = state.optimizer_steps
        for name, vector in state.optimizer_memory.items():
            np.copyto(self.trainer.optimizer.memory[name], vector)
        self.generator.bit_generator.state = dict(state.generator)

    def run(self, should_stop: Callable[[], bool]) -> tuple[TrainState | None, LegReport]:
        """Train until the stop step, the end of patience, or divergence."""
        images = len(self.data.training)
        per_epoch = steps_per_epoch(images, self.task.training.batch_size)
        epoch, order = -1, np.zeros(0, np.intp)
        while self.step < self.task.stop_step:
            if should_stop():
                return None, self._report(per_epoch, stopped=True)
            if self.step // per_epoch != epoch:
                epoch = self.step // per_epoch
                order = epoch_order(self.task.job_seed, self.task.trial, epoch, images)
            start = self.step % per_epoch * self.task.training.batch_size
            finite = self._train(order[start : start + self.task.training.batch_size])
            self.step += 1
            if not finite:
                return None, self._report(per_epoch, diverged_at=self.step)
        scores = evaluate(self.network, self.data.validation)
        if not math.isfinite(scores.loss):
            return None, self._report(per_epoch, diverged_at=self.step)
        state = self._state()
        return state, self._report(per_epoch, scores, state.weights(), self._training_accuracy())

    def _training_accuracy(self) -> float | None:
        count, part = self.task.training_scored, self.data.training
        if not count:
            return None
        return evaluate(self.network, Part(part.images[:count], part.labels[:count])).accuracy

    def _train(self, chosen: np.ndarray[Any, np.dtype[np.intp]]) -> bool:
        """One minibatch; whether loss and parameters are finite."""
        rate = learning_rate_at(self.task.training, self.step, self.task.total_steps)
        part = self.data.training
        loss = self.trainer.step(part.images, part.labels, chosen, rate)
        if self.step == 0:
            self.first_loss = loss
        self.losses.append(loss)
        return math.isfinite(loss) and self.trainer.parameters_finite()

    def _state(self) -> TrainState:
        optimizer = self.trainer.optimizer
        return TrainState(
            step=self.step,
            parameters=self.network.parameters.copy(),
            running=self.network.running.copy(),
            optimizer_steps=optimizer.steps,
            optimizer_memory={name: vector.copy() for name, vector in optimizer.memory.items()},
            generator=dict(self.generator.bit_generator.state),
            first_loss=self.first_loss,
        )

    def _report(
        self,
        per_epoch: int,
        scores: Scores = UNKNOWN,
        weights: str | None = None,
        training_accuracy: float | None = None,
        diverged_at: int | None = None,
        stopped: bool = False,
    ) -> LegReport:
        return LegReport(
            step=self.step,
            epoch=self.step / per_epoch,
            value=scores.accuracy,
            loss=scores.loss,
            training_loss=math.fsum(self.losses) / len(self.losses) if self.losses else math.nan,
            first_loss=self.first_loss,
            diverged_at=diverged_at,
            seconds=time.perf_counter() - self.began,
            stopped=stopped,
            balanced_accuracy=scores.balanced_accuracy,
            macro_f1=scores.macro_f1,
            weights=weights,
            training_accuracy=training_accuracy,
        )
