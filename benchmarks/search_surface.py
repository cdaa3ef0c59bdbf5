"""Gaussian processes through recorded trainings, looked up one point at a time, quickly."""

import math
import warnings

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

FITTED_ON = 200
"""Rows, drawn at random, from which it is learned how far likeness reaches along each feature."""
Array = npt.NDArray[np.float64]


class Surface:
    """A smooth surface for each output; they share their likeness of points (Matérn, 3/2).

    inputs: (rows, features). outputs: (rows, columns); by the column `told_by` it is learned how
    far likeness reaches, and how much of a row is luck.
    """

    def __init__(self, inputs: Array, outputs: Array, told_by: int = 0) -> None:
        self._level, spread = outputs.mean(axis=0), np.maximum(outputs.std(axis=0), 1e-9)
        values = (outputs - self._level) / spread
        some = np.random.default_rng(0).permutation(len(inputs))[:FITTED_ON]
        height, lengths, luck = _likeliest(inputs[some], values[some, told_by])
        self._lengths, self._inputs = lengths, inputs / lengths
        alike = np.array([self.likeness(point) for point in inputs])
        self._weights = np.linalg.solve(alike + luck / height * np.eye(len(inputs)), values)
        self._weights *= spread

    def likeness(self, point: Array) -> Array:
        """Of a point (features,) to each row, from 0 to 1."""
        apart = math.sqrt(3) * np.sqrt(((self._inputs - point / self._lengths) ** 2).sum(axis=1))
        return np.asarray((1 + apart) * np.exp(-apart))

    def mean(self, likeness: Array) -> Array:
        """The outputs (columns,) to be expected at the point that has this likeness."""
        return np.asarray(self._level + likeness @ self._weights)


def _likeliest(inputs: Array, values: Array) -> tuple[float, Array, float]:
    """The variance of the surface, its lengths (features,), and the variance of luck."""
    lengths = [0.3] * inputs.shape[1]
    kernel = ConstantKernel() * Matern(lengths, (0.05, 10.0), nu=1.5) + WhiteKernel(0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a feature that says nothing
        fitted = GaussianProcessRegressor(kernel, random_state=0).fit(inputs, values).kernel_
    height, matern = fitted.k1.k1.constant_value, fitted.k1.k2
    return float(height), np.asarray(matern.length_scale), float(fitted.k2.noise_level)
