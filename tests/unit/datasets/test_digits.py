"""The data set that is always there."""

import numpy as np
from sklearn.datasets import load_digits

from hpsearch.datasets.digits import digits


def test_holds_each_of_scikit_learns_digits_once() -> None:
    images, labels = load_digits(return_X_y=True)
    expected = sorted(zip(np.rint(images * (255 / 16)).astype(int).tolist(), labels, strict=True))
    parts = (digits().training, digits().test)
    pixels = np.concatenate([part.images for part in parts]).reshape(-1, 64).tolist()
    found = sorted(zip(pixels, np.concatenate([part.labels for part in parts]), strict=True))
    assert found == expected
