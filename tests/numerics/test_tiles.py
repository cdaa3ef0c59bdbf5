"""Winograd's matrices, and tiles of an image."""

import numpy as np
import pytest

from hpsearch.nn.convolutions.tiles import (
    INPUTS,
    SIZE,
    apply,
    outputs_matrix,
    weights_matrix,
)


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_the_matrices_make_a_convolution(kernel: int) -> None:
    generator = np.random.default_rng(0)
    inputs, weights = generator.standard_normal(SIZE), generator.standard_normal(kernel)
    products = (weights_matrix(kernel) @ weights) * (INPUTS @ inputs)
    outputs = outputs_matrix(SIZE + 1 - kernel) @ products
    np.testing.assert_allclose(outputs, np.correlate(inputs, weights), rtol=0, atol=1e-12)


def test_the_matrices_as_they_stand_in_the_docstring() -> None:
    np.testing.assert_allclose(weights_matrix(3)[3], [1 / 24, 1 / 12, 1 / 6])
    np.testing.assert_allclose(outputs_matrix(4)[3], [0, 1, -1, 8, -8, 1])


@pytest.mark.parametrize("run", [5, 50_000])  # the second one in parts
def test_apply_is_a_product_along_the_first_axis(run: int) -> None:
    numbers = np.random.default_rng(0).standard_normal((6, 2, 3, run))
    out = np.empty((4, 2, 3, run))
    matrix = outputs_matrix(4)
    apply(matrix, numbers, out)()
    np.testing.assert_allclose(out, np.tensordot(matrix, numbers, 1), rtol=0, atol=1e-12)
