"""The score of a trained network on MNIST is the same for every batch size."""

from dataclasses import replace

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.nn import build_network
from hpsearch.nn.network import Network
from hpsearch.scores import Scores
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.evaluation import evaluate
from hpsearch.training.leg import LegTask, run_leg
from tests.needs import real_data


def mnist() -> Split:
    with np.load(real_data("mnist.npz")) as file:
        images = {name: file[name][:, None] for name in ("x_train", "x_test")}
        labels = {name: file[name].astype(np.int64) for name in ("y_train", "y_test")}
    training = Part(images["x_train"][:6000], labels["y_train"][:6000])
    return Split(training, Part(images["x_test"], labels["y_test"]), 10)


def trained(settings: NetworkSettings, data: Split) -> Network:
    task = LegTask(settings, TrainingSettings(learning_rate=0.1), 0, 0, 60, 60)
    state, report = run_leg(task, data, None)
    assert state is not None
    assert report.value > 0.8
    network = build_network(settings, data.shape, data.classes, np.random.default_rng(0))
    np.copyto(network.parameters, state.parameters)
    np.copyto(network.running, state.running)
    return network


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_same_in_batches_of_1_100_and_10000(batch_norm: bool) -> None:
    data = mnist()
    network = trained(NetworkSettings(architecture="lenet5", batch_norm=batch_norm), data)
    score = evaluate(network, data.validation)
    assert evaluate(network, data.validation) == score
    for batch_size in (1, 100, 10_000):
        assert_alike(evaluate(network, data.validation, batch_size), score)


def assert_alike(one: Scores, other: Scores) -> None:
    """The same images right, and the same loss but for the order in which BLAS adds up."""
    assert replace(one, loss=other.loss) == other
    assert one.loss == pytest.approx(other.loss, rel=1e-6)
