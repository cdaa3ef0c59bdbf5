"""A trainer that has trained before: recorded learning curves, smoothed, with their luck.

Two smooth surfaces are laid through a task's table: how likely a setting diverges, and the curve
that it has on average, in log-odds. A trial diverges with that probability. Otherwise it gets the
average curve, and the deviation from its own average that a training of a similar setting had. So
luck is as wide as it is in real trainings there, and a search that believes it is wrong about the
truth. `python -m benchmarks.search_luck FOLDER` holds all this against trainings that a surrogate
has not seen.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.search_surface import Array, Surface
from benchmarks.search_tables import POINTS, Row, near
from benchmarks.search_tasks import Task
from hpsearch.baseline import Baseline
from hpsearch.search.scale import Space, place
from hpsearch.search.simulation import Score
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, Value, as_number, same

ABSENT = -0.5
"""The feature of a parameter that does not apply; places are 0 to 1."""
TRIED = 600
"""Settings that are looked at near the best ones, to find the best there is."""
NEIGHBOURS, DONORS = 60, 16
"""The nearest trainings, and how many of them, those that score most alike, lend their luck."""
NEAREST = 12
"""Diverged trainings, one of which says when another one diverges."""
FINAL = len(POINTS) - 1
"""Of the columns of a curve: the log-odds of the last accuracy."""
EARLIEST = 3
"""Iterations: no training is said to diverge before."""


Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Curve:
    """A training made up. accuracy, losses: by POINTS. diverged: in epochs, if it does."""

    accuracy: Array
    loss: Array
    training_loss: Array
    first_loss: float
    diverged: float | None = None


class Surrogate:
    """What is known of a task, from its table."""

    def __init__(self, task: Task, rows: Sequence[Row], baseline: Baseline) -> None:
        self.guess = baseline.constant(Objective.ACCURACY)
        self._space: Space = task.spec(0, 1.0).space
        points = np.array([self._features(row.params) for row in rows])
        ends = np.array([row.diverged_at is not None for row in rows])
        self._fate = Surface(points, ends[:, None].astype(float))
        self._lost = np.flatnonzero(ends)
        self._epochs_lost = np.array(
            [rows[int(index)].diverged_epoch or 0.0 for index in self._lost]
        )
        finite = [row for row in rows if row.diverged_at is None]
        curves = np.array([_targets(row) for row in finite])
        self._first_loss = float(np.median([row.first_loss for row in finite]))
        self._curves = Surface(points[~ends], curves, told_by=FINAL)
        means = np.array([self._curves.mean(self._curves.likeness(p)) for p in points[~ends]])
        self._worth = means[:, FINAL]
        self._deviations = _deviations(means, curves, finite)
        self.best, self.best_truth = self._best(finite)

    def curve(self, params: Mapping[str, Value], generator: np.random.Generator) -> Curve:
        """A training of these parameters."""
        average, lucks = self._around(params)
        made = average + lucks[generator.integers(len(lucks))]
        odds, *losses = np.split(made, 3)
        loss, training_loss = (np.exp(each) * self._first_loss for each in losses)
        diverged = self._when(params, generator)
        return Curve(_share(odds), loss, training_loss, self._first_loss, diverged)

    def truth(self, params: Mapping[str, Value]) -> float:
        """The accuracy that the parameters give on average; a training that diverges guesses."""
        average, lucks = self._around(params)
        lives = float(_share(average[FINAL] + lucks[:, FINAL]).mean())
        dies = self._dies(self._fate.likeness(self._features(params)))
        return dies * self.guess + (1 - dies) * lives

    def luck(self, params: Mapping[str, Value]) -> float:
        """Standard deviation of the accuracies of trainings that do not diverge."""
        average, lucks = self._around(params)
        return float(_share(average[FINAL] + lucks[:, FINAL]).std())

    def regret(self, params: Mapping[str, Value] | None) -> float:
        """From 0, the best setting known, to 1, a guess; having no setting counts as a guess."""
        truth = self.guess if params is None else self.truth(params)
        return (self.best_truth - truth) / (self.best_truth - self.guess)

    def _around(self, params: Mapping[str, Value]) -> tuple[Array, Array]:
        """The average curve of a setting, and deviations (some, columns) that a training may have.

        A cliff may be near, and what lies beyond it is not this setting's luck.
        """
        likeness = self._curves.likeness(self._features(params))
        average = self._curves.mean(likeness)
        nearest = np.argsort(-likeness, kind="stable")[:NEIGHBOURS]
        apart = np.abs(self._worth[nearest] - average[FINAL])
        lucks = self._deviations[nearest[np.argsort(apart, kind="stable")[:DONORS]]]
        return average, lucks - lucks.mean(axis=0)

    def _dies(self, likeness: Array) -> float:
        """The probability that a training diverges."""
        return float(np.clip(self._fate.mean(likeness)[0], 0.0, 1.0))

    def _when(self, params: Mapping[str, Value], generator: np.random.Generator) -> float | None:
        """Epochs until a training diverges, as one of the nearest did; None if it does not."""
        likeness = self._fate.likeness(self._features(params))
        if generator.random() >= self._dies(likeness) or not len(self._lost):
            return None
        nearest = np.argsort(-likeness[self._lost], kind="stable")[:NEAREST]
        return float(self._epochs_lost[generator.choice(nearest)])

    def _features(self, params: Mapping[str, Value]) -> Array:
        return np.array(list(_features(self._space, params)))

    def _best(self, rows: Sequence[Row]) -> tuple[Mapping[str, Value], float]:
        """The best of the settings on record and of others near them."""
        generator = np.random.default_rng(0)
        known = {json.dumps(row.params): row.params for row in rows if row.complete}
        found = sorted(((self.truth(p), key) for key, p in known.items()), reverse=True)[:20]
        best = [(value, known[key]) for value, key in found]
        for _ in range(TRIED):
            params = near(self._space, best[int(generator.integers(len(best)))][1], generator)
            value = self.truth(params)
            if value > best[-1][0]:
                best = sorted([*best[:-1], (value, params)], key=lambda each: -each[0])
        return best[0][1], best[0][0]


class TableTrainer:
    """Trains on a surrogate. A trial's luck depends on the seed and its number alone."""

    def __init__(self, surrogate: Surrogate, seed: int) -> None:
        self._surrogate, self._seed = surrogate, seed
        self._curves: dict[int, Curve] = {}

    def __call__(self, params: Mapping[str, Value], number: int, epoch: float) -> Score:
        if number not in self._curves:
            generator = np.random.default_rng([self._seed, number])
            self._curves[number] = self._surrogate.curve(params, generator)
        curve = self._curves[number]
        if curve.diverged is not None and epoch >= curve.diverged:
            return Score(math.nan, diverged_at=EARLIEST, epoch=min(curve.diverged, epoch))
        return Score(
            accuracy=float(np.interp(epoch, POINTS, curve.accuracy)),
            loss=float(np.interp(epoch, POINTS, curve.loss)),
            first_loss=curve.first_loss,
            training_loss=float(np.interp(epoch, POINTS, curve.training_loss)),
            epoch=epoch,
        )


def _features(space: Space, params: Mapping[str, Value]) -> Iterator[float]:
    """Places on each parameter's scale; a choice has a feature of its own."""
    for name, parameter in space.items():
        if isinstance(parameter, CategoricalParameter):
            for choice in parameter.choices:
                yield float(name in params and same(params[name], choice))
        elif name in params:
            yield place(parameter, as_number(params[name]))
        else:
            yield ABSENT
    rate, decay = (as_number(params[name]) for name in ("learning_rate", "weight_decay"))
    yield math.log10(rate * decay)  # by which a step of SGD shrinks the weights


def _targets(row: Row) -> Array:
    """Log-odds of the accuracies, then logarithms of both losses by the first one, by POINTS."""
    odds = np.clip(_to_the_end(row.accuracy), 0.01, 0.998)
    falls = [
        np.log(np.clip(_to_the_end(losses), 1e-4, 1e4) / max(row.first_loss, 1e-4))
        for losses in (row.loss, row.training_loss)
    ]
    return np.concatenate([np.log(odds / (1 - odds)), *falls])


def _to_the_end(values: Sequence[float]) -> Array:
    """Of a training that was ended at chance, the last value stands for all later ones.

    Where two points lie within one mini-batch there was no training between them to have a loss.
    """
    found = np.array([*values, *[values[-1]] * (len(POINTS) - len(values))])
    missing = np.isnan(found)
    found[missing] = np.interp(np.flatnonzero(missing), np.flatnonzero(~missing), found[~missing])
    return found


def _deviations(means: Array, curves: Array, rows: Sequence[Row]) -> Array:
    """Of each training from the average at its setting, as wide as repeats are from theirs.

    The surface has seen the training itself, so deviations are too small, by a common factor.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[json.dumps(row.params, sort_keys=True)].append(index)
    found = curves - means
    repeated, explained = [], []
    for members in groups.values():
        if len(members) > 1:
            repeated.append(float(curves[members, FINAL].var(ddof=1)))
            explained.append(float((found[members, FINAL] ** 2).mean()))
    return np.asarray(found * math.sqrt(sum(repeated) / sum(explained)))


def _share(log_odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
