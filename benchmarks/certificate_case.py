"""One search on a data set cut at random from MNIST, its certificate, and the truth about both."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.search_tasks import score_of
from hpsearch.baseline import Baseline
from hpsearch.datasets.split import fresh_split, split_for, training_data
from hpsearch.datasets.values import Dataset, Part, Split
from hpsearch.history import History, Stage
from hpsearch.nn import network_size
from hpsearch.search.certificate import candidates, seed_of
from hpsearch.search.simulation import Score, Simulation
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.space import Value
from hpsearch.training.evaluation import BATCH, score_batches
from hpsearch.training.leg import LegTask, TrainState, run_leg
from hpsearch.training.tasks import leg_task
from hpsearch.training.workshop import borrowed_network
from hpsearch.trial import Trial

REPEATS = 5
TRUTHS = 30  # trainings whose mean is held to be the truth
FIRST_TEST = 1_000  # repeats from here on are trainings on all training data for the test score
FIRST_TRUTH = 1_000_000  # repeats from here on are trainings for the truth
TRAINING_IMAGES = (2_000, 7_500)
WHOLE = (
    250  # images: a data set is so many times this that neither it nor four fifths of it ends in
)
# a short mini-batch, which moves a network as far as a full one, just before it is scored
TEST_IMAGES = (500, 2_000)
UNSEEN_IMAGES = 20_000
UNBALANCED = 0.85  # each class is this much rarer than the one before
CHANCE = 0.1  # the accuracy of a training that diverged

NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"architecture": "mlp", "hidden_layers": 1},
    "simple_convnet": {"architecture": "simple_convnet", "filters": 4, "hidden_units": 30},
    "lenet5": {"architecture": "lenet5", "filters": 3, "filters_2": 6, "hidden_units": 40},
}
SCHEDULES = ("constant", "cosine")  # the first gives trainings that differ much, the second little
SHARES = (0.6, 0.3, 0.1)  # of the searches; the larger networks take longer
SPACES: Mapping[str, Mapping[str, Any]] = {
    "mlp": {"hidden_units": {"type": "int", "low": 20, "high": 100, "log": True}},
    "simple_convnet": {},
    "lenet5": {"hidden_units_2": {"type": "int", "low": 20, "high": 80, "log": True}},
}


@dataclass(frozen=True)
class Raw:
    """All that one search, its certificate and the truth measured; formulas are judged from it.

    naive: accuracies that the search saw, by candidate. repeats: validation accuracies of the
    certificate, by candidate. truths: accuracies on unseen images after training on all training
    data. right: which test images trainings on all training data get right, a bit for each, as
    hexadecimal digits.
    """

    seed: int
    network: str
    balanced: bool
    training: int
    validation: int
    test: int
    unseen: int
    naive: Mapping[str, float]
    costs: Mapping[str, float]
    repeats: Mapping[str, list[float]]
    schedule: str
    right: Mapping[str, list[str]]
    truths: Mapping[str, list[float]]

    def row(self) -> Mapping[str, Any]:
        return asdict(self)


def measure(mnist: Path, seed: int) -> Raw:
    """Search, certify, and find the truth, all from `seed`."""
    rng = np.random.default_rng([seed, 14])
    network = str(rng.choice(list(NETWORKS), p=SHARES))
    balanced = bool(rng.random() < 0.7)
    dataset, unseen = _cut(mnist, rng, balanced)
    schedule = str(rng.choice(SCHEDULES))
    spec = _spec(network, schedule, seed)
    trials = _search(spec, split_for(spec, dataset))
    chosen = candidates(spec, trials)
    repeats = {trial.number: _repeats(spec, dataset, trial) for trial in chosen}
    whole = training_data(spec, dataset)
    final, truth = (Split(whole, part, dataset.classes) for part in (dataset.test, unseen))
    count = math.floor(0.5 + len(whole) * spec.validation.fraction)
    return Raw(
        seed=seed,
        network=network,
        balanced=balanced,
        schedule=schedule,
        training=len(whole) - count,
        validation=count,
        test=len(dataset.test),
        unseen=len(unseen),
        naive={str(trial.number): trial.value or 0.0 for trial in chosen},
        costs={str(trial.number): _cost(spec, trial, dataset) for trial in chosen},
        repeats={str(number): scores for number, scores in repeats.items()},
        right={
            str(trial.number): [
                _right(spec, final, trial.params, FIRST_TEST + index) for index in range(REPEATS)
            ]
            for trial in chosen
        },
        truths={
            str(trial.number): [
                _accuracy(spec, truth, trial.params, FIRST_TRUTH + index) for index in range(TRUTHS)
            ]
            for trial in chosen
        },
    )


def _spec(network: str, schedule: str, seed: int) -> SearchSpec:
    return parse_spec(
        {
            "dataset": "cut",
            "network": NETWORKS[network],
            "space": SPACES[network],
            "epochs": 3,
            "batch_size": 50,
            "schedule": schedule,
            "budget": {"trials": 20},
            "confirm": {"top": 3, "repeats": REPEATS},
            "seed": seed,
        }
    )


def _cut(mnist: Path, rng: np.random.Generator, balanced: bool) -> tuple[Dataset, Part]:
    """A data set, and the images that neither search nor certificate sees; all alike at random."""
    images, labels = _mnist(mnist)
    order = rng.permutation(len(labels))
    if not balanced:
        share = UNBALANCED ** rng.permutation(10)
        order = order[rng.random(len(order)) < share[labels[order]]]
    low, high = (math.log(images / WHOLE) for images in TRAINING_IMAGES)
    training = WHOLE * round(math.exp(rng.uniform(low, high)))  # more of the small ones
    seen = training + int(rng.integers(*TEST_IMAGES, endpoint=True))
    ends = (0, training, seen, seen + UNSEEN_IMAGES)
    parts = [
        Part(images[order[start:end]], labels[order[start:end]]) for start, end in pairwise(ends)
    ]
    return Dataset("cut", parts[0], parts[1], 10), parts[2]


@cache
def _mnist(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """All 70,000 images, (count, 1, 28, 28), and their labels."""
    with np.load(path) as file:
        images = np.concatenate([file["x_train"], file["x_test"]])[:, None]
        labels = np.concatenate([file["y_train"], file["y_test"]]).astype(np.int64)
    return images, labels


def _search(spec: SearchSpec, data: Split) -> tuple[Trial, ...]:
    states: dict[int, TrainState | None] = {}

    def train(params: Mapping[str, Value], number: int, epoch: float) -> Score:
        task = leg_task(spec, params, number, epoch, len(data.training))
        states[number], report = run_leg(task, data, states.get(number))
        return score_of(report)

    baseline = Baseline.of(data.validation.labels, data.classes)
    simulation = Simulation(spec, train, history=History(baseline=baseline))
    simulation.run()
    return simulation.history.trials


def _repeats(spec: SearchSpec, dataset: Dataset, trial: Trial) -> list[float]:
    seeds = [seed_of(spec.seed, Stage.REPEAT, repeat) for repeat in range(REPEATS)]
    splits = [fresh_split(spec, dataset, seed) for seed in seeds]
    return [_accuracy(spec, data, trial.params, repeat) for repeat, data in enumerate(splits)]


def _accuracy(spec: SearchSpec, data: Split, params: Mapping[str, Value], repeat: int) -> float:
    """Of a training to the full length, on the second part of `data`."""
    _, report = run_leg(_task(spec, data, params, repeat), data, None)
    return CHANCE if report.diverged_at is not None else report.value


def _right(spec: SearchSpec, data: Split, params: Mapping[str, Value], repeat: int) -> str:
    """Which images of the second part of `data` a training to the full length gets right."""
    task = _task(spec, data, params, repeat)
    state, _ = run_leg(task, data, None)
    part = data.validation
    answers = np.zeros_like(part.labels)  # of a training that diverged
    if state is not None:
        batch_size = min(task.training.batch_size, len(data.training))
        with borrowed_network(task.network, data.shape, data.classes, batch_size) as network:
            np.copyto(network.parameters, state.parameters)
            np.copyto(network.running, state.running)
            batches = score_batches(network, part.images, BATCH)
            answers = np.concatenate([scores.argmax(axis=0) for scores in batches])
    return np.packbits(answers == part.labels).tobytes().hex()


def _task(spec: SearchSpec, data: Split, params: Mapping[str, Value], repeat: int) -> LegTask:
    fresh = spec.model_copy(update={"seed": seed_of(spec.seed, Stage.REPEAT, repeat)})
    return leg_task(fresh, params, 0, spec.epochs, len(data.training))


def _cost(spec: SearchSpec, trial: Trial, dataset: Dataset) -> float:
    """The number of parameters."""
    network, training = spec.settings_for(trial.params)
    return network_size(network, dataset.shape, dataset.classes, training.batch_size).parameters
