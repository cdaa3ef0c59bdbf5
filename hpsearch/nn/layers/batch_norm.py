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
        return {
            **{name: Buffer(shape) for name in ("centred", "output", "grad_input")},
            "ones": Buffer((shape[-1] * (shape[-2] if len(shape) == 4 else 1),), initial=1),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        centred, output = arrays["centred"], arrays["output"]
        numbers = x.size // self.channels
        mean = self._sum(x, arrays["ones"]) / numbers
        np.subtract(x, self._spread(mean, x), out=centred)
        variance = self._sum_of_products(centred, centred) / numbers
        self._remember(mean, variance * (numbers / max(numbers - 1, 1)))
        self.inverse_deviation = 1 / np.sqrt(variance + self.epsilon)
        self.factor = self.inverse_deviation * self.parameters["scale"]
        np.multiply(centred, self._spread(self.factor, x), out=output)
        output += self._spread(self.parameters["shift"], x)
        return output

    def evaluate(self, x: FloatArray) -> FloatArray:
        output: FloatArray = self.workspace.at(x.shape[-1], x.dtype)["output"]
        factor = self.parameters["scale"] / np.sqrt(self.running["variance"] + self.epsilon)
        np.multiply(x, self._spread(factor, x), out=output)
        output += self._spread(self.parameters["shift"] - self.running["mean"] * factor, x)
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        centred, grad_input = arrays["centred"], arrays["grad_input"]
        numbers = grad_output.size // self.channels
        grad_shift = self._sum(grad_output, arrays["ones"])
        grad_scale = self._sum_of_products(grad_output, centred) * self.inverse_deviation
        self.gradients["shift"][...] = grad_shift
        self.gradients["scale"][...] = grad_scale
        slope = self.factor * self.inverse_deviation * grad_scale / numbers
        np.multiply(grad_output, self._spread(self.factor, grad_output), out=grad_input)
        grad_input -= self._spread(self.factor * grad_shift / numbers, grad_output)
        centred *= self._spread(slope, centred)
        grad_input -= centred
        return grad_input

    def _remember(self, mean: FloatArray, variance: FloatArray) -> None:
        for name, value in (("mean", mean), ("variance", variance)):
            self.running[name] *= self.running_momentum
            self.running[name] += (1 - self.running_momentum) * value

    def _sum(self, x: FloatArray, ones: FloatArray) -> FloatArray:
        """The sum over all axes but the channels'; (channels,)."""
        total: FloatArray = (self._rows(x) @ ones).sum(axis=0)
        return total

    def _sum_of_products(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """That of x · y."""
        total: FloatArray = np.vecdot(self._rows(x), self._rows(y)).sum(axis=0)
        return total

    def _rows(self, x: FloatArray) -> FloatArray:
        """(rows, channels, numbers of a channel in a row)."""
        return x.reshape(x.shape[0] if x.ndim == 4 else 1, self.channels, -1)

    def _spread(self, values: FloatArray, x: FloatArray) -> FloatArray:
        """(channels,) so that it meets the channels of x."""
        return values.reshape((1, -1, 1, 1) if x.ndim == 4 else (-1, 1))
