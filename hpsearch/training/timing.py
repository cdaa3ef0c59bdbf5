"""What training costs: a few mini-batches of images that mean nothing, timed where they train."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hpsearch.datasets.values import Part, Split
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegTask, never, run_leg

WARM_STEPS, TIMED_STEPS, MOST_STEPS = 2, 8, 512
TIMED_SECONDS = 0.2  # shorter than that, other things that the machine does would count as much
STOP_SECONDS = 5.0  # no mini-batch begins after this long
SCORED = 500  # images
LEAST_SHARE = 0.1  # of training and scoring that is taken for training, whatever scoring took


@dataclass(frozen=True)
class Probe:
    """Of what the cost is asked. The settings that say nothing about time are all alike.

    shape: channels, height and width of an image. batch_size: images in a mini-batch.
    """

    network: NetworkSettings
    optimizer: str
    clips: bool
    batch_size: int
    shape: tuple[int, int, int]
    classes: int

    def task(self) -> LegTask:
        """At a rate so low that nothing diverges."""
        training = TrainingSettings.model_validate(
            {
                "optimizer": self.optimizer,
                "batch_size": self.batch_size,
                "learning_rate": 1e-6,
                "clip_norm": 1.0 if self.clips else None,
            }
        )
        return LegTask(self.network, training, 0, 0, WARM_STEPS, 2 * MOST_STEPS)


@dataclass(frozen=True)
class Timing:
    """Seconds: of one mini-batch, and of scoring one image."""

    step: float
    score: float


def time_probe(
    probe: Probe, memory: int | None = None, should_stop: Callable[[], bool] = never
) -> Timing:
    """Train a little and measure. memory: bytes that may be taken. Raises what `run_leg` raises."""
    data, task = _images(probe), probe.task()
    end = time.monotonic() + STOP_SECONDS

    def late() -> bool:
        return time.monotonic() > end or should_stop()

    state, first = run_leg(task, data, None, should_stop, memory)
    _, scored = run_leg(task, data, state, should_stop, memory)
    steps = TIMED_STEPS
    while True:
        _, timed = run_leg(replace(task, stop_step=WARM_STEPS + steps), data, state, late, memory)
        spent = timed.seconds - (0.0 if timed.stopped else scored.seconds)
        made = timed.step - WARM_STEPS
        if made == 0:  # even the warm-up took too long to try again
            return Timing(first.seconds / WARM_STEPS, scored.seconds / SCORED)
        if spent >= TIMED_SECONDS or steps >= MOST_STEPS or timed.stopped:
            # On a busy machine scoring alone can take longer than training and scoring together.
            return Timing(max(spent, LEAST_SHARE * timed.seconds) / made, scored.seconds / SCORED)
        steps *= 4


def _images(probe: Probe) -> Split:
    generator = np.random.default_rng(0)

    def part(count: int) -> Part:
        images = generator.integers(0, 256, (count, *probe.shape), dtype=np.uint8)
        return Part(images, np.arange(count) % probe.classes)

    return Split(part(probe.batch_size), part(SCORED), probe.classes)
