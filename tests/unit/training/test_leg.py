"""A leg is a pure function: the same bits in one leg or many, whatever ran before."""

import hashlib
import math
import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.errors import ImpossibleShape, NetworkTooLarge
from hpsearch.spec.bounds import STORED
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegReport, LegTask, TrainState, run_leg

EVERYTHING = {
    "layers": [
        {"type": "convolution", "filters": 4, "kernel_size": 3, "padding": 1},
        {"type": "batch_norm"},
        {"type": "relu"},
        {"type": "max_pooling"},
        {"type": "dropout", "rate": 0.2},
        {"type": "convolution", "filters": 3, "kernel_size": 3},
        {"type": "relu"},
        {"type": "affine", "units": 9},
        {"type": "dropout", "rate": 0.5},
    ]
}
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


def data(images: int = 50) -> Split:
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (images + 20, 1, 8, 8)).astype(np.uint8)
    y = generator.integers(0, 3, images + 20)
    return Split(Part(x[:images], y[:images]), Part(x[images:], y[images:]), 3)


def task(stop: int = 13, network: object = None, **training: object) -> LegTask:
    return LegTask(
        network=NetworkSettings.model_validate(network or EVERYTHING),
        training=TrainingSettings.model_validate({"batch_size": 16, **training}, context=STORED),
        job_seed=11,
        trial=5,
        stop_step=stop,
        total_steps=20,
    )


def in_legs(stops: list[int], **training: object) -> tuple[TrainState, LegReport]:
    """Train up to each stop, with a pickled state between."""
    state: TrainState | None = None
    for stop in stops:
        kept: TrainState | None = pickle.loads(pickle.dumps(state))  # noqa: S301  # our own
        state, report = run_leg(task(stop, **training), data(), kept)
    assert state is not None
    return state, report


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_leg_or_many(optimizer: str) -> None:
    settings = {
        "optimizer": optimizer,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "warm_up": 0.2,
        "clip_norm": 2.0,
    }
    at_once, report = in_legs([13], **settings)
    for stops in ([1, 13], [3, 4, 8, 13], list(range(1, 14))):
        state, other = in_legs(stops, **settings)
        np.testing.assert_array_equal(state.parameters, at_once.parameters)
        np.testing.assert_array_equal(state.running, at_once.running)
        for name, vector in at_once.optimizer_memory.items():
            np.testing.assert_array_equal(state.optimizer_memory[name], vector)
        assert state.generator == at_once.generator
        assert (other.value, other.loss, other.step) == (report.value, report.loss, report.step)
        assert other.first_loss == report.first_loss


def test_what_ran_before_in_the_process_changes_nothing() -> None:
    state, _ = in_legs([6])
    run_leg(task(3, learning_rate=0.5), data(), None)
    run_leg(task(3, "mlp"), data(), None)
    again, _ = in_legs([6])
    np.testing.assert_array_equal(state.parameters, again.parameters)


def test_a_report_has_the_hash_of_the_weights_it_was_made_with() -> None:
    state, report = in_legs([13])
    found = hashlib.sha256(state.parameters.tobytes() + state.running.tobytes()).hexdigest()
    assert report.weights == state.weights() == found
    assert in_legs([5, 13])[1].weights == found
    assert in_legs([12])[1].weights != found


@pytest.mark.parametrize(("asked", "scored"), [(7, 7), (1000, 50)])
def test_the_training_accuracy_is_that_of_the_first_images(asked: int, scored: int) -> None:
    measured = replace(task(13), training_scored=asked)
    state, report = run_leg(measured, data(), None)
    plain_state, plain = run_leg(task(13), data(), None)
    assert (report.value, report.weights) == (plain.value, plain.weights)
    assert state is not None
    assert plain_state is not None
    assert state.generator == plain_state.generator
    assert plain.training_accuracy is None
    first = Part(data().training.images[:scored], data().training.labels[:scored])
    _, on_them = run_leg(measured, replace(data(), validation=first), plain_state)
    assert report.training_accuracy == on_them.value


def test_a_leg_leaves_its_state_alone() -> None:
    state, _ = in_legs([4])
    before = pickle.dumps(state)
    run_leg(task(9), data(), state)
    assert pickle.dumps(state) == before


def test_trials_and_seeds_differ() -> None:
    first, _ = run_leg(task(1), data(), None)
    settings = task(1)
    other, _ = run_leg(LegTask(**{**vars(settings), "trial": 6}), data(), None)
    seeded, _ = run_leg(LegTask(**{**vars(settings), "job_seed": 12}), data(), None)
    assert first is not None
    assert other is not None
    assert seeded is not None
    assert not np.array_equal(first.parameters, other.parameters)
    assert not np.array_equal(first.parameters, seeded.parameters)


def test_report_counts_the_short_last_batch() -> None:
    _, report = run_leg(task(6), data(50), None)  # 16 + 16 + 16 + 2: four steps an epoch
    assert report.step == 6
    assert report.epoch == 1.5
    assert 0 <= report.value <= 1
    assert report.diverged_at is None
    assert not report.stopped
    assert report.seconds > 0


@pytest.mark.parametrize("network", ["mlp", "lenet5", "simple_convnet", "deep_convnet"])
def test_divergence_is_a_result(network: str) -> None:
    state, report = run_leg(task(40, network, learning_rate=1e3, weight_decay=1e3), data(), None)
    assert state is None
    assert report.diverged_at is not None
    assert report.step == report.diverged_at
    assert 1 <= report.diverged_at <= 20
    assert math.isnan(report.value)
    assert math.isnan(report.loss)
    assert math.isfinite(report.first_loss)


def test_a_parameter_that_overflows_is_seen_in_its_iteration() -> None:
    state, report = run_leg(task(40, "mlp", learning_rate=1e38, weight_decay=1e30), data(), None)
    assert state is None
    assert report.diverged_at == 1
    assert math.isfinite(report.training_loss)  # the loss of that iteration still was


def test_stops_before_the_next_minibatch() -> None:
    state, report = run_leg(task(40), data(), None, after(3))
    assert state is None
    assert report.stopped
    assert report.step == 3


def after(calls: int) -> Callable[[], bool]:
    left = iter([False] * calls)
    return lambda: next(left, True)


def test_a_batch_larger_than_the_data() -> None:
    state, report = run_leg(task(3, batch_size=4000), data(50), None)
    assert state is not None
    assert report.epoch == 3


def test_float_images_are_taken_as_they_are() -> None:
    split = data()
    images = (split.training.images / 255).astype(np.float32)
    other = (split.validation.images / 255).astype(np.float32)
    as_floats = Split(Part(images, split.training.labels), Part(other, split.validation.labels), 3)
    _, of_bytes = run_leg(task(4), split, None)
    _, of_floats = run_leg(task(4), as_floats, None)
    assert of_floats.loss == pytest.approx(of_bytes.loss, rel=1e-4)


def test_a_network_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ImpossibleShape, match=r"layer 1 \(convolution\).*1 × 8 × 8"):
        run_leg(task(1, {"architecture": "simple_convnet", "kernel_size": 9}), data(), None)
    _, report = run_leg(task(1), data(), None)  # and the process goes on
    assert report.step == 1


def test_a_network_too_large_for_the_memory_takes_none() -> None:
    network = {"architecture": "deep_convnet", "batch_norm": True, "filters": 1000}
    tracemalloc.start()
    try:
        with pytest.raises(NetworkTooLarge, match=r"deep_convnet with batch_size 50 .* 1,024 MB"):
            run_leg(task(network=network, batch_size=500), data(), None)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
