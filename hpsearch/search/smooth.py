"""A smooth surface through noisy values: a Gaussian process (Rasmussen and Williams 2006, ch. 2).

Points are settings with an amount of training. Two of them are alike where their parameters lie
close together on their own scales, less so where they were trained for different times. How far
alikeness reaches and how much of the values is luck follow from the marginal likelihood.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

REACHES = (0.12, 0.2, 0.35, 0.6, 1.0)
"""Lengths that are tried, of the scale of one of two parameters; longer where there are more."""
LUCKS = (0.02, 0.08, 0.25, 0.7)
"""Variances of luck that are tried, in shares of the surface's."""
USUAL_REACH, REACH_SPREAD = 0.35, 0.35
"""What is expected before anything is known: a log-normal's median and its standard deviation."""
CARRIED_OVER = 0.98
"""Correlation of what the same setting is worth at two report points in a row."""
ALMOST_NOTHING = 1e-8
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Smooth:
    """A surface. points: (n, features). points_at: (n,), index of the report point of each."""

    points: Array
    points_at: npt.NDArray[np.intp]
    reach: float
    luck: float
    height: float
    level: float
    _root: Array
    _weights: Array

    @classmethod
    def through(
        cls, points: Array, points_at: npt.NDArray[np.intp], values: Array, parameters: int
    ) -> Self:
        """The likeliest surface through values (n,) of a space with so many parameters."""
        level = float(values.mean())
        rest = values - level
        distances = _distances(points, points)
        carried = CARRIED_OVER ** np.abs(points_at[:, None] - points_at[None, :])
        wide = math.sqrt(max(parameters, 1) / 2)
        found = None
        for reach in REACHES:
            alike = _alikeness(distances, reach * wide) * carried
            unusual = math.log(reach / USUAL_REACH) / REACH_SPREAD
            for luck in LUCKS:
                root = np.linalg.cholesky(alike + (luck + ALMOST_NOTHING) * np.eye(len(rest)))
                weights = np.linalg.solve(root.T, np.linalg.solve(root, rest))
                variance = max(float(rest @ weights) / len(rest), ALMOST_NOTHING)
                fit = -0.5 * len(rest) * math.log(variance) - float(np.log(np.diag(root)).sum())
                score = fit - 0.5 * unusual**2
                if found is None or score > found[0]:
                    found = (score, reach * wide, luck, variance, root, weights)
        assert found is not None
        _, reach, luck, variance, root, weights = found
        return cls(points, points_at, reach, luck, math.sqrt(variance), level, root, weights)

    def at(self, points: Array, report: int) -> tuple[Array, Array]:
        """Expected values (m,) of settings at a report point, and their standard deviations."""
        alike = _alikeness(_distances(points, self.points), self.reach)
        alike = alike * CARRIED_OVER ** np.abs(report - self.points_at)[None, :]
        explained = np.linalg.solve(self._root, alike.T)
        left = np.maximum(1.0 - (explained**2).sum(axis=0), 0.0)
        return self.level + alike @ self._weights, self.height * np.sqrt(left)


def _distances(first: Array, second: Array) -> Array:
    return np.asarray(np.sqrt(((first[:, None, :] - second[None, :, :]) ** 2).sum(axis=-1)))


def _alikeness(distances: Array, reach: float) -> Array:
    """The Matérn function of smoothness 5/2."""
    ratio = math.sqrt(5) * distances / reach
    return np.asarray((1 + ratio + ratio**2 / 3) * np.exp(-ratio))
