"""How the learning rate changes over a training, and how a long gradient is shortened."""

import math

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.spec.training import TrainingSettings


def learning_rate_at(settings: TrainingSettings, step: int, total_steps: int) -> float:
    """The learning rate of step 0, 1, … of `total_steps`.

    It rises evenly over the warm-up's steps, then is constant, falls by `schedule_factor` at
    `schedule_steps` even distances, or follows half a cosine down to `schedule_floor` of itself
    (Loshchilov and Hutter 2017).
    """
    rate = settings.learning_rate
    warm_up = round(settings.warm_up * total_steps)
    if step < warm_up:
        return rate * (step + 1) / warm_up
    passed = (step - warm_up) / max(total_steps - warm_up, 1)  # 0 to below 1
    if settings.schedule == "step":
        return rate * float(settings.schedule_factor ** int(passed * (settings.schedule_steps + 1)))
    if settings.schedule == "cosine":
        floor = settings.schedule_floor
        return rate * (floor + (1 - floor) * (1 + math.cos(math.pi * min(passed, 1.0))) / 2)
    return rate


def clip(gradients: FloatArray, longest: float) -> None:
    """Shorten the gradient vector to the L2 norm `longest` where it is longer, in place."""
    norm = float(np.linalg.norm(gradients))
    if norm > longest:
        gradients *= longest / norm
