"""A sheet of examples."""

import numpy as np

from hpsearch.datasets.digits import digits
from hpsearch.datasets.sheet import EXAMPLES, GAP, NAME, SIDE, examples, sheet
from hpsearch.datasets.values import Dataset, Part


def test_each_class_has_a_row_of_its_images() -> None:
    drawn = np.array(sheet(digits(), []))

    assert drawn.shape == (10 * (SIDE + GAP) + GAP, NAME + EXAMPLES * (SIDE + GAP) + GAP, 3)
    first = examples(digits(), 3)[0]
    top, left = GAP + 3 * (SIDE + GAP), NAME + GAP
    np.testing.assert_array_equal(drawn[top : top + SIDE : 6, left : left + SIDE : 6], first)


def test_floats_fill_the_range_and_names_of_any_alphabet_are_drawn() -> None:
    images = np.linspace(-2, 3, 2 * 4 * 3 * 3, dtype=np.float32).reshape(2, 4, 3, 3)
    part = Part(images, np.arange(2))
    dataset = Dataset("floats", part, part, classes=2)
    (example,) = examples(dataset, 1)

    assert example.shape == (3, 3, 3)
    assert example.min() < 10
    assert sheet(dataset, ["кот", "x" * 300]).size[1] == 2 * (SIDE + GAP) + GAP
