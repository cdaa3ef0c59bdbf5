"""Shapes, counts and refusals, without training anything."""

import numpy as np
import pytest

from hpsearch.errors import ImpossibleShape
from hpsearch.nn import build_network, network_size, output_shapes
from hpsearch.nn.arrays import LINE, FloatArray
from hpsearch.nn.network import view
from hpsearch.spec.network import NetworkSettings

MNIST = (1, 28, 28)


def settings(value: object) -> NetworkSettings:
    return NetworkSettings.model_validate(value)


def test_lenet5_on_its_three_sizes() -> None:
    shapes = {
        size: [shape for name, shape in output_shapes(settings("lenet5"), image, 10)]
        for size, image in {8: (1, 8, 8), 28: MNIST, 32: (3, 32, 32)}.items()
    }
    assert shapes[28][:7] == [
        (6, 28, 28),
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 10, 10),
        (16, 5, 5),
        (400,),
    ]
    assert shapes[32][6] == (400,)
    assert shapes[8][3] == (16, 4, 4)
    assert shapes[8][6] == (64,)
    assert all(of_size[-1] == (10,) for of_size in shapes.values())


def test_the_books_deep_network_ends_at_four_by_four() -> None:
    shapes = output_shapes(settings("deep_convnet"), MNIST, 10)
    assert ("flatten", (64 * 4 * 4,)) in shapes


@pytest.mark.parametrize(
    ("network", "image", "parameters"),
    [
        ("simple_convnet", MNIST, 30 * 26 + 4321 * 100 + 1010),
        ("lenet5", MNIST, 61_706),
        ({"architecture": "mlp", "hidden_layers": 0}, MNIST, 7850),
    ],
)
def test_parameter_counts(network: object, image: tuple[int, int, int], parameters: int) -> None:
    assert network_size(settings(network), image, 10, 100).parameters == parameters


def test_workspaces_of_lenet5_stay_small() -> None:
    assert network_size(settings("lenet5"), MNIST, 10, 100).workspace_bytes < 40_000_000


def test_the_estimate_is_what_gets_allocated() -> None:
    network = build_network(settings("lenet5"), MNIST, 10, np.random.default_rng(0))
    scores = network.forward(np.zeros((28, 1, 28, 9), np.float32))
    network.backward(scores)
    arrays = [a for stage in network.stages for a in stage.workspace.at(9, "f4").values()]
    pieces = {id(piece): piece for piece in map(piece_of, arrays)}.values()
    allocated = sum(piece.nbytes - LINE for piece in pieces)
    assert network_size(settings("lenet5"), MNIST, 10, 9).workspace_bytes == allocated


def piece_of(array: FloatArray) -> FloatArray:
    """The piece of memory that an array lies in."""
    return array if array.base is None else piece_of(array.base)


def test_layers_share_their_scratch() -> None:
    network = build_network(settings("deep_convnet"), MNIST, 10, np.random.default_rng(0))
    network.forward(np.zeros((28, 1, 28, 4), np.float32))
    second, last = (network.stages[i].workspace.at(4, "f4") for i in (1, 5))
    assert np.shares_memory(second["products"], last["products"])
    assert not np.shares_memory(second["transformed"], last["transformed"])
    assert all(array.ctypes.data % LINE == 0 for array in second.values())


@pytest.mark.parametrize(
    ("layers", "number", "name", "arrived"),
    [
        ([{"type": "convolution", "filters": 2, "kernel_size": 9}], 1, "convolution", (1, 8, 8)),
        (
            [{"type": "max_pooling"}, {"type": "average_pooling", "window": 5}],
            2,
            "average_pooling",
            (1, 4, 4),
        ),
        ([{"type": "flatten"}, {"type": "max_pooling"}], 2, "max_pooling", (64,)),
        (
            [{"type": "affine", "units": 3}, {"type": "convolution", "filters": 1}],
            3,
            "convolution",
            (3,),
        ),
    ],
)
def test_impossible_shapes(
    layers: list[object], number: int, name: str, arrived: tuple[int, ...]
) -> None:
    with pytest.raises(ImpossibleShape) as caught:
        output_shapes(settings({"layers": layers}), (1, 8, 8), 10)
    error = caught.value
    assert (error.layer, error.name, error.arrived) == (number, name, arrived)


def test_flatten_is_put_in_where_it_is_missing() -> None:
    shapes = output_shapes(settings({"layers": [{"type": "relu"}]}), (2, 3, 4), 5)
    assert shapes == [("relu", (2, 3, 4)), ("flatten", (24,)), ("affine", (5,))]


@pytest.mark.parametrize(
    ("initializer", "deviation"), [("he", (2 / 784) ** 0.5), ("xavier", 1 / 28), (0.3, 0.3)]
)
def test_initializers(initializer: object, deviation: float) -> None:
    network = build_network(
        settings({"architecture": "mlp", "initializer": initializer, "hidden_units": 500}),
        MNIST,
        10,
        np.random.default_rng(0),
    )
    weight, *_ = (view(network.parameters, entry) for entry in network.parameter_entries)
    assert weight.std() == pytest.approx(deviation, rel=0.01)
    assert abs(weight.mean()) < deviation / 100
    assert not network.parameters[network.weights :].any()


def test_a_layer_may_have_an_initializer_of_its_own() -> None:
    layers = [{"type": "affine", "units": 400, "initializer": 5.0}]
    network = build_network(
        settings({"layers": layers, "initializer": 0.01}), MNIST, 10, np.random.default_rng(0)
    )
    first, second, *_ = (view(network.parameters, entry) for entry in network.parameter_entries)
    assert first.std() == pytest.approx(5, rel=0.02)
    assert second.std() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"hidden_units": 7}, (7,)),
        ({"filters": 3}, (3, 28, 28)),
        ({"filters_2": 5}, (5, 10, 10)),
        ({"hidden_units_2": 9}, (9,)),
        ({"kernel_size": 3}, (16, 12, 12)),
    ],
)
def test_every_number_of_lenet5_can_change(
    change: dict[str, object], changed: tuple[int, ...]
) -> None:
    shapes = output_shapes(settings({"architecture": "lenet5", **change}), MNIST, 10)
    assert changed in [shape for _, shape in shapes]


def test_batch_norm_activation_and_dropout_find_their_places() -> None:
    network = {
        "architecture": "simple_convnet",
        "batch_norm": True,
        "activation": "tanh",
        "dropout": 0.1,
    }
    names = [name for name, _ in output_shapes(settings(network), MNIST, 10)]
    assert names == [
        "convolution",
        "batch_norm",
        "tanh",
        "max_pooling",
        "flatten",
        "affine",
        "batch_norm",
        "tanh",
        "dropout",
        "affine",
    ]
