"""A trainer that has trained before: a smooth surface through recorded learning curves, and chance.

A recorded curve replayed as it is would tie the luck of that training to its place, and a sampler
would learn the luck. So a trial gets the smoothed curve at its own place, and the deviation of
another training nearby.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.search_contenders import Ledger
from hpsearch.search.simulation import Score
from hpsearch.spec.space import Value, as_number

POINTS = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0)  # epochs at which a recorded training reports
BANDWIDTH = 0.2  # decades over which the surface is smoothed
NEAREST_OF_ALL = 3  # one of so many says whether a trial trains at all
NEAREST_WHOLE = 30  # one of so many gives a trial its luck
JITTER = 0.06  # of log-odds, so that no two trials end alike
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recorded:
    """A training on record: where it lies in the plane of logarithms, and its scores by epoch."""

    place: tuple[float, float]
    scores: tuple[tuple[float, Score], ...]

    @property
    def whole(self) -> bool:
        """Whether it trained to the end."""
        return len(self.scores) == len(POINTS) and self.scores[-1][1].diverged_at is None


class Surface:
    """What is known of the plane; the same for all replayed searches."""

    def __init__(self, curves: Sequence[Recorded]) -> None:
        self.curves = curves
        self.places = np.array([each.place for each in curves])
        self.whole = [each for each in curves if each.whole]
        self._places_of_whole = np.array([each.place for each in self.whole])
        self._log_odds = np.array([_log_odds(each) for each in self.whole])
        self._deviations = np.array(
            [own - self._smooth(np.array(each.place), skip) for skip, (each, own) in self._pairs()]
        )

    def near(self, place: Array) -> npt.NDArray[np.intp]:
        """The recorded trainings, the nearest first."""
        return np.argsort(((self.places - place) ** 2).sum(axis=1))

    def near_whole(self, place: Array) -> npt.NDArray[np.intp]:
        """Those that trained to the end, the nearest first."""
        return np.argsort(((self._places_of_whole - place) ** 2).sum(axis=1))

    def accuracies(self, place: Array, luck: int, jitter: float) -> Array:
        """Accuracies at POINTS at this place, with the deviation of the whole training `luck`."""
        log_odds = self._smooth(place) + self._deviations[luck] + jitter
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    def _smooth(self, place: Array, skip: int | None = None) -> Array:
        distance = ((self._places_of_whole - place) ** 2).sum(axis=1)
        weights = np.exp(-distance / (2 * BANDWIDTH**2)) + 1e-12
        if skip is not None:
            weights[skip] = 0
        return np.asarray(weights @ self._log_odds / weights.sum())

    def _pairs(self) -> list[tuple[int, tuple[Recorded, Array]]]:
        return list(enumerate(zip(self.whole, self._log_odds, strict=True)))


class Replayer:
    """The trainer. A trial's luck depends on the seed and its number alone."""

    def __init__(self, surface: Surface, seed: int, ledger: Ledger) -> None:
        self._surface, self._seed, self._ledger = surface, seed, ledger
        self._chosen: dict[int, Recorded] = {}

    def __call__(self, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        if number not in self._chosen:
            self._chosen[number] = self._choose(np.array(place_of(params)), number)
        score = _at(self._chosen[number].scores, epoch)
        reached = epoch if score.diverged_at is None else score.epoch
        self._ledger.note(number, reached, score.accuracy)
        return score

    def _choose(self, place: Array, number: int) -> Recorded:
        surface = self._surface
        generator = np.random.default_rng([self._seed, number])
        like = surface.curves[int(generator.choice(surface.near(place)[:NEAREST_OF_ALL]))]
        if not like.whole:
            return like
        luck = int(generator.choice(surface.near_whole(place)[:NEAREST_WHOLE]))
        accuracies = surface.accuracies(place, luck, generator.normal(0, JITTER))
        scores = (
            (epoch, Score(float(accuracy), score.loss, score.first_loss, score.training_loss))
            for (epoch, score), accuracy in zip(surface.whole[luck].scores, accuracies, strict=True)
        )
        return Recorded((float(place[0]), float(place[1])), tuple(scores))


def recorded(row: dict[str, Any]) -> Recorded:
    """A line of a file of recorded trainings."""
    scores = tuple((epoch, Score(**score)) for epoch, score in row["scores"])
    return Recorded(place_of(row["params"]), scores)


def place_of(params: Mapping[str, Value]) -> tuple[float, float]:
    """Decimal logarithms of learning rate and weight decay."""
    rate, decay = as_number(params["learning_rate"]), as_number(params["weight_decay"])
    return math.log10(rate), math.log10(decay)


def _log_odds(each: Recorded) -> Array:
    accuracies = np.clip([score.accuracy for _, score in each.scores], 0.02, 0.995)
    return np.asarray(np.log(accuracies / (1 - accuracies)))


def _at(scores: tuple[tuple[float, Score], ...], epoch: float) -> Score:
    """Accuracy and loss between two recorded reports are on the line between them."""
    last = scores[-1][1]
    if last.diverged_at is not None and epoch >= last.epoch:
        return last
    finite = [(point, score) for point, score in scores if score.diverged_at is None]
    if not finite:
        return last
    points = [point for point, _ in finite]
    return Score(
        accuracy=float(np.interp(epoch, points, [score.accuracy for _, score in finite])),
        loss=float(np.interp(epoch, points, [score.loss for _, score in finite])),
        first_loss=finite[0][1].first_loss,
        training_loss=float(np.interp(epoch, points, [s.training_loss for _, s in finite])),
    )
