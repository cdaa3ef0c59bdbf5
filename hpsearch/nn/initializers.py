"""Initial weights: normal, with a standard deviation from the number n of inputs of a unit.

He: sqrt(2 / n) (He et al. 2015), for ReLU. Xavier: sqrt(1 / n), for sigmoid and tanh, in the form
that the book (chapter 6.2) gives to Glorot and Bengio 2010. A number is the deviation itself.
"""

import math

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.base import ParameterShape
from hpsearch.spec.network import Initializer


def standard_deviation(initializer: Initializer, fan_in: int) -> float:
    """The standard deviation of the weights of a unit with `fan_in` inputs."""
    if initializer == "he":
        return math.sqrt(2 / fan_in)
    if initializer == "xavier":
        return math.sqrt(1 / fan_in)
    return float(initializer)


def initialize(
    out: FloatArray, shape: ParameterShape, initializer: Initializer, generator: np.random.Generator
) -> None:
    """Fill a parameter with its first values; draws in float64, so every precision starts alike."""
    if shape.initial is not None:
        out.fill(shape.initial)
        return
    out[...] = generator.standard_normal(shape.shape)
    out *= standard_deviation(initializer, shape.fan_in)
