"""Made-up trainers for searches without workers; `Simulation` drives them."""

import math
from collections.abc import Mapping
from dataclasses import replace

from hpsearch.search.simulation import Score, Simulation, Trainer
from hpsearch.spec.space import Value, as_number
from hpsearch.trial import Ending, Outcome, Trial

__all__ = ["Score", "Simulation", "Trainer", "diverged", "learned", "lost", "valley"]

START_LOSS = math.log(10)


def diverged(epoch: float) -> Score:
    """Non-finite after 17 iterations of a hundred in an epoch, if the training came so far."""
    return Score(math.nan, diverged_at=17, epoch=min(0.17, epoch))


def learned(quality: float, number: int, epoch: float) -> Score:
    """An accuracy that rises with training towards `quality` (0 to 1), with a little noise."""
    progress = quality * (1 - math.exp(-1.5 * epoch))
    noise = 0.02 * math.sin(12.9898 * number + 78.233)
    accuracy = min(1.0, max(0.1, 0.1 + (0.88 + noise) * progress))
    return Score(
        accuracy,
        loss=START_LOSS * (1 - progress),
        first_loss=START_LOSS,
        training_loss=START_LOSS * (1 - progress / 2),
    )


def valley(params: Mapping[str, Value], number: int, epoch: float) -> Score:
    """A surface like that of a small network: one small good region, divergence beyond it.

    Best at a learning rate of 0.2 and a weight decay of 0.001; it diverges where the rate or its
    product with the decay is too large.
    """
    rate, decay = as_number(params["learning_rate"]), as_number(params["weight_decay"])
    if rate > 1.0 or rate * decay > 2.0:
        return diverged(epoch)
    distance = abs(math.log10(rate / 0.2)) + 0.7 * math.log10(max(decay, 1e-3) / 1e-3)
    return learned(math.exp(-(distance**2) / 2), number, epoch)


def lost(trial: Trial) -> Trial:
    """The trial as it ends when its worker dies."""
    return replace(trial, ending=Ending(Outcome.WORKER_LOST, "worker lost: 3 workers died"))
