"""The optimizers (the book's chapter 6.1, and Goodfellow et al., Deep Learning, chapter 8).

θ parameters, g gradient (with L2 decay in it), η learning rate; all element by element. PyTorch's
definitions where books differ, so that results can be compared digit by digit.
"""

from typing import ClassVar

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.optimizers.base import Optimizer
from hpsearch.spec.training import TrainingSettings


class SGD(Optimizer):
    """θ ← θ - η g."""

    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        gradient *= rate
        parameters -= gradient


class Momentum(Optimizer):
    """v ← μ v + g, θ ← θ - η v (Polyak 1964)."""

    remembers = ("velocity",)

    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        velocity = self.remembered("velocity")
        velocity *= self.settings.momentum
        velocity += gradient
        np.multiply(velocity, rate, out=gradient)
        parameters -= gradient


class Nesterov(Optimizer):
    """v ← μ v + g, θ ← θ - η (g + μ v) (Sutskever et al. 2013, in PyTorch's form)."""

    remembers = ("velocity",)

    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        velocity = self.remembered("velocity")
        velocity *= self.settings.momentum
        velocity += gradient
        np.multiply(velocity, self.settings.momentum, out=self.scratch)
        gradient += self.scratch
        gradient *= rate
        parameters -= gradient


class AdaGrad(Optimizer):
    """h ← h + g², θ ← θ - η g / (sqrt(h) + ε) (Duchi et al. 2011)."""

    remembers = ("squares",)

    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        squares = self.remembered("squares")
        np.multiply(gradient, gradient, out=self.scratch)
        squares += self.scratch
        self.divide_by_root(gradient, squares)
        gradient *= rate
        parameters -= gradient


class RMSprop(Optimizer):
    """h ← ρ h + (1 - ρ) g², θ ← θ - η g / (sqrt(h) + ε) (Hinton 2012)."""

    remembers = ("squares",)

    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        squares = self.remembered("squares")
        self.average(squares, gradient, self.settings.rho, squared=True)
        self.divide_by_root(gradient, squares)
        gradient *= rate
        parameters -= gradient


class Adam(Optimizer):
    """m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g² (Kingma and Ba 2015), then with step t

    θ ← θ - η / (1 - β₁ᵗ) · m / (sqrt(v) / sqrt(1 - β₂ᵗ) + ε).
    """

    remembers = ("mean", "squares")

    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        mean, squares = self.remembered("mean"), self.remembered("squares")
        beta1, beta2 = self.settings.beta1, self.settings.beta2
        self.average(mean, gradient, beta1)
        self.average(squares, gradient, beta2, squared=True)
        np.multiply(mean, rate / (1 - beta1**self.steps), out=gradient)
        self.divide_by_root(gradient, squares, (1 - beta2**self.steps) ** -0.5)
        parameters -= gradient


class AdamW(Adam):
    """Adam after θ ← θ - η λ θ: decay apart from the gradient (Loshchilov and Hutter 2019)."""

    decoupled_decay: ClassVar[bool] = True


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def build_optimizer(settings: TrainingSettings, parameters: FloatArray, weights: int) -> Optimizer:
    """The optimizer of these settings for a vector whose first `weights` numbers are weights."""
    decayed = parameters.size if settings.decay_on == "all" else weights
    return OPTIMIZERS[settings.optimizer](settings, parameters, decayed)
