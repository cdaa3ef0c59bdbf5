"""What hpsearch.nn.tiles does step by step against the matrices that it stands for."""

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.tiles import WEIGHTS, combine, combine_back, transform, transform_back

B = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
A = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


def test_the_matrices_make_a_convolution() -> None:
    generator = np.random.default_rng(0)
    inputs, weights = generator.standard_normal(6), generator.standard_normal(3)
    outputs = A @ ((WEIGHTS @ weights) * (B @ inputs))
    np.testing.assert_allclose(outputs, np.correlate(inputs, weights), rtol=0, atol=1e-12)


def test_each_step_is_its_matrix() -> None:
    generator = np.random.default_rng(0)
    six = generator.standard_normal((6, 2, 3, 5))
    four = generator.standard_normal((4, 2, 3, 5))
    spare = np.empty((2, 3, 5))
    transformed, combined, back = np.empty_like(six), np.empty_like(four), np.empty_like(six)
    transform(list(six), transformed, list(np.empty((4, 2, 3, 5))))
    same(transformed, B, six)
    tiles = six.copy()
    transform(list(tiles), transformed, [tiles[i] for i in (4, 0, 2, 1)])
    combine(six.copy(), combined, spare)
    combine_back(four, back)
    turned = np.empty_like(six)
    transform_back(list(six.copy()), spare, list(turned))
    same(turned, B.T, six)
    turned[...] = six
    in_place = list(turned)
    transform_back(in_place, spare, in_place)
    same(transformed, B, six)
    same(combined, A, six)
    same(back, A.T, four)
    same(turned, B.T, six)


def same(result: FloatArray, matrix: FloatArray, values: FloatArray) -> None:
    expected = np.tensordot(matrix, values, 1)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)
