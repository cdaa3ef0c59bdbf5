"""What every optimizer is: a formula on vectors, applied block by block."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.spec.training import TrainingSettings

BLOCK = 262_144  # numbers at once: fewer mean more calls, more miss the cache (measured)


class Optimizer(ABC):
    """Moves parameters against their gradient; a subclass is the formula.

    `memory` holds one vector per name in `remembers`, as long as the parameters and zero at first.
    `steps` counts the updates, the one under way included.
    """

    remembers: ClassVar[tuple[str, ...]] = ()
    decoupled_decay: ClassVar[bool] = False

    def __init__(self, settings: TrainingSettings, parameters: FloatArray, decayed: int) -> None:
        """Weight decay acts on the first `decayed` parameters."""
        self.settings = settings
        self.parameters = parameters
        self.decayed = decayed
        self.steps = 0
        self.memory = {name: np.zeros_like(parameters) for name in self.remembers}
        self._scratch = np.empty(min(BLOCK, parameters.size), parameters.dtype)
        self._block = slice(0, 0)

    @abstractmethod
    def update(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        """Change one block of the parameters in place; the gradient may be overwritten."""

    def step(self, gradients: FloatArray, rate: float) -> None:
        """Update all parameters with the learning rate `rate`; overwrites the gradients."""
        self.steps += 1
        for start in range(0, self.parameters.size, BLOCK):
            self._block = slice(start, min(start + BLOCK, self.parameters.size))
            self.scratch = self._scratch[: self._block.stop - start]
            parameters, gradient = self.parameters[self._block], gradients[self._block]
            self._decay(parameters, gradient, rate)
            self.update(parameters, gradient, rate)

    def remembered(self, name: str) -> FloatArray:
        """What was remembered for the block under way."""
        return self.memory[name][self._block]

    def average(
        self, mean: FloatArray, gradient: FloatArray, keep: float, squared: bool = False
    ) -> None:
        """mean ← keep · mean + (1 - keep) · g, or g² where squared."""
        np.multiply(gradient, 1 - keep, out=self.scratch)
        if squared:
            self.scratch *= gradient
        mean *= keep
        mean += self.scratch

    def divide_by_root(
        self, numbers: FloatArray, squares: FloatArray, correction: float = 1.0
    ) -> None:
        """numbers ← numbers / (correction · sqrt(squares) + ε)."""
        np.sqrt(squares, out=self.scratch)
        if correction != 1:
            self.scratch *= correction
        self.scratch += self.settings.epsilon
        numbers /= self.scratch

    def _decay(self, parameters: FloatArray, gradient: FloatArray, rate: float) -> None:
        decay = self.settings.weight_decay
        decayed = min(self.decayed - self._block.start, parameters.size)
        if decay == 0 or decayed <= 0:
            return
        if self.decoupled_decay:
            parameters[:decayed] *= 1 - rate * decay
        else:
            np.multiply(parameters[:decayed], decay, out=self.scratch[:decayed])
            gradient[:decayed] += self.scratch[:decayed]
