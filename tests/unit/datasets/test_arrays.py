"""What images and labels must be like."""

from typing import Any

import numpy as np
import pytest

from hpsearch.datasets.arrays import to_dataset
from hpsearch.errors import DatasetError
from tests.unit.datasets.hostile_files import good


def test_grey_images_get_a_channel() -> None:
    arrays = good()
    found = to_dataset("small", arrays)

    assert (found.name, found.classes, found.shape) == ("small", 4, (1, 4, 5))
    assert (len(found.training), len(found.test)) == (40, 8)
    assert found.training.images.dtype == np.uint8
    assert found.training.labels.dtype == np.int64
    np.testing.assert_array_equal(found.training.images[:, 0], arrays["x_train"])
    np.testing.assert_array_equal(found.test.labels, arrays["y_test"])


def test_colour_channels_come_first() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (48, 4, 5, 3), dtype=np.uint8)
    found = to_dataset("colour", good(x_train=pixels[:40], x_test=pixels[40:]))

    assert found.shape == (3, 4, 5)
    assert found.training.images[7, 2, 3, 4] == pixels[7, 3, 4, 2]
    assert found.training.images.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8"])
def test_floats_are_kept_as_float32(dtype: str) -> None:
    pixels = (good()["x_train"] / 255).astype(dtype)
    found = to_dataset("floats", good(x_train=pixels, x_test=pixels[:8]))

    assert found.training.images.dtype == np.float32
    np.testing.assert_array_equal(found.training.images[:, 0], pixels.astype(np.float32))


@pytest.mark.parametrize("dtype", ["i2", "i8", "u4", ">i4"])
def test_whole_numbers_up_to_255_become_bytes(dtype: str) -> None:
    arrays = good()
    wide = {name: arrays[name].astype(dtype) for name in arrays}

    found = to_dataset("wide", wide)

    assert found.training.images.dtype == np.uint8
    np.testing.assert_array_equal(found.training.images[:, 0], arrays["x_train"])


def test_labels_may_be_a_column() -> None:
    assert to_dataset("column", good(y_train=good()["y_train"][:, np.newaxis])).classes == 4


def test_nobody_can_change_the_images_by_accident() -> None:
    found = to_dataset("small", good())

    with pytest.raises(ValueError, match="read-only"):
        found.training.images[0] = 0


def changed(name: str, index: Any, value: float, dtype: str = "f4") -> dict[str, Any]:
    array = good()[name].astype(dtype)
    array[index] = value
    return {name: array}


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (changed("x_train", 3, np.nan), "x_train holds numbers that are not finite"),
        (changed("x_train", 3, np.inf), "x_train holds numbers that are not finite"),
        (changed("x_train", 3, 1e300, "f8"), "x_train holds numbers that are not finite"),
        (changed("x_test", 3, 256, "i4"), "whole numbers in x_test must be 0 to 255"),
        (changed("x_test", 3, -1, "i4"), "whole numbers in x_test must be 0 to 255"),
        (changed("y_train", 3, -1, "i4"), "y_train must be 0 to 999, it is -1 to 3"),
        (changed("y_train", 3, 1000, "i4"), "y_train must be 0 to 999, it is 0 to 1000"),
        (changed("y_train", 3, 2**63, "u8"), "y_train must be 0 to 999"),
        (changed("y_train", 3, 9, "i4"), "y_train goes up to 9 but has no 4"),
        (changed("y_test", 3, 4, "i4"), "y_test has a class 4 that y_train does not have"),
        ({"y_train": np.zeros(40, np.uint8)}, "y_train has one class only"),
        ({"y_train": np.zeros(40)}, "y_train must hold whole numbers, it holds float64"),
        ({"y_train": np.eye(40, 4, dtype=np.uint8)}, "y_train must be (count,), it is (40, 4)"),
        ({"y_train": np.array(3)}, "y_train must be (count,), it is ()"),
        ({"y_train": np.zeros(39, np.uint8)}, "x_train has 40 images, y_train 39 labels"),
        ({"x_train": np.zeros((40, 20), np.uint8)}, "x_train must be (count, height, width)"),
        ({"x_train": np.zeros((40, 2, 2, 5), np.uint8)}, "with 1 to 4 channels"),
        ({"x_train": np.zeros((40, 2, 2, 0), np.uint8)}, "with 1 to 4 channels"),
        ({"x_train": np.zeros((0, 4, 5), np.uint8)}, "1 to 1024 pixels a side"),
        ({"x_train": np.zeros((40, 0, 5), np.uint8)}, "1 to 1024 pixels a side"),
        ({"x_train": np.zeros((40, 1, 1025), np.uint8)}, "1 to 1024 pixels a side"),
        ({"x_train": np.zeros((40, 4, 5), bool)}, "x_train must hold bytes or floats"),
        ({"x_test": np.zeros((8, 5, 4), np.uint8)}, "images of x_test are (1, 5, 4)"),
        ({"x_test": np.zeros((8, 4, 5), "f4")}, "x_test holds float32, x_train uint8"),
    ],
)
def test_what_will_not_do_is_named(arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        to_dataset("bad", good(**arrays))

    assert said in str(caught.value)
