"""Batch normalisation (Ioffe and Szegedy 2015; the book's chapter 6.3).

Per channel of an image, or per feature: x̂ = (x - mean) / sqrt(variance + ε), y = γ x̂ + β, with the
mean and the (biased) variance over all else. Backward, with m numbers per channel:
dx = γ / sqrt(variance + ε) · (dy - Σdy / m - x̂ Σ(dy x̂) / m), dγ = Σ(dy x̂), dβ = Σdy.
For evaluation, running means of the mean and of the unbiased variance (times m / (m - 1), as in the
paper) take their place.
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, ParameterShape, Site, inside


class BatchNorm(Layer):
    """Normalises each channel or feature over the batch."""

    def __init__(self, site: Site, running_momentum: float = 0.9, epsilon: float = 1e-5) -> None:
        super().__init__(site, site.shape)
        self.channels = site.shape[0]
        self.running_momentum, self.epsilon = running_momentum, epsilon

    def parameter_shapes(self) -> Mapping[str, ParameterShape]:
        return {
            "scale": ParameterShape((self.channels,), initial=1.0),
            "shift": ParameterShape((self.channels,), initial=0.0),
        }

    def running_shapes(self) -> Mapping[str, ParameterShape]:
        return {
            "mean": ParameterShape((self.channels,), initial=0.0),
            "variance": ParameterShape((self.channels,), initial=1.0),
        }

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        shape = inside(self.input_shape, batch)
        return {name: Buffer(shape) for name in ("normal", "output", "product", "grad_input")}

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        numbers = x.size // self.channels
        mean = self._sum(x) / numbers
        np.subtract(x, self._spread(mean, x), out=arrays["normal"])
        np.multiply(arrays["normal"], arrays["normal"], out=arrays["product"])
        variance = self._sum(arrays["product"]) / numbers
        self._remember(mean, variance * (numbers / max(numbers - 1, 1)))
        return self._scale_and_shift(variance, arrays)

    def evaluate(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        np.subtract(x, self._spread(self.running["mean"], x), out=arrays["normal"])
        return self._scale_and_shift(self.running["variance"], arrays)

    def _scale_and_shift(self, variance: FloatArray, arrays: dict[str, FloatArray]) -> FloatArray:
        normal, output = arrays["normal"], arrays["output"]
        self.inverse_deviation = 1 / np.sqrt(variance + self.epsilon)
        normal *= self._spread(self.inverse_deviation, normal)
        np.multiply(normal, self._spread(self.parameters["scale"], normal), out=output)
        output += self._spread(self.parameters["shift"], normal)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        normal, product = arrays["normal"], arrays["product"]
        grad_input: FloatArray = arrays["grad_input"]
        numbers = grad_output.size // self.channels
        np.multiply(grad_output, normal, out=product)
        grad_scale, grad_shift = self._sum(product), self._sum(grad_output)
        self.gradients["scale"][...] = grad_scale
        self.gradients["shift"][...] = grad_shift
        np.multiply(normal, self._spread(grad_scale / numbers, normal), out=product)
        np.subtract(grad_output, product, out=grad_input)
        grad_input -= self._spread(grad_shift / numbers, normal)
        grad_input *= self._spread(self.parameters["scale"] * self.inverse_deviation, normal)
        return grad_input

    def _remember(self, mean: FloatArray, variance: FloatArray) -> None:
        for name, value in (("mean", mean), ("variance", variance)):
            self.running[name] *= self.running_momentum
            self.running[name] += (1 - self.running_momentum) * value

    def _sum(self, x: FloatArray) -> FloatArray:
        """The sum over all axes but the channels'; (channels,)."""
        rows = x.reshape((x.shape[0] if x.ndim == 4 else 1), self.channels, -1)
        total: FloatArray = rows.sum(axis=2).sum(axis=0)
        return total

    def _spread(self, values: FloatArray, x: FloatArray) -> FloatArray:
        """(channels,) so that it meets the channels of x."""
        return values.reshape((1, -1, 1, 1) if x.ndim == 4 else (-1, 1))
