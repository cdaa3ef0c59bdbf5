"""From a search spec and a trial's parameters to the leg that trains it up to a report point."""

from collections.abc import Mapping

from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.training.batches import steps_per_epoch
from hpsearch.training.leg import LegTask

TRAINING_SCORED = 1000
"""Training images that are scored where a spec asks for the training accuracy."""


def leg_task(
    spec: SearchSpec, params: Mapping[str, Value], number: int, epoch: float, images: int
) -> LegTask:
    """The leg that brings trial `number` up to `epoch`, with `images` in the training part.

    Raises InvalidSpec where the parameters make no settings.
    """
    network, training = spec.settings_for(params)
    per_epoch = steps_per_epoch(images, training.batch_size)
    return LegTask(
        network=network,
        training=training,
        job_seed=spec.seed,
        trial=number,
        stop_step=_steps_at(epoch, per_epoch),
        total_steps=_steps_at(spec.epochs, per_epoch),
        training_scored=TRAINING_SCORED if spec.training_accuracy else 0,
    )


def _steps_at(epoch: float, per_epoch: int) -> int:
    return max(1, round(epoch * per_epoch))
