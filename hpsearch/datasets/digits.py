"""The data set that is always there: scikit-learn's 8 × 8 handwritten digits."""

from functools import lru_cache

import numpy as np
from sklearn.datasets import load_digits

from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part

NAME = "digits"
SOURCE = "scikit-learn's copy of the UCI optical digits (test part)"
TEST_SHARE = 0.2
TEST_SEED = 0


@lru_cache(maxsize=1)
def digits() -> Dataset:
    """1797 images of 1 × 8 × 8 bytes; a fixed, stratified fifth of them is the test part."""
    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    every = Part(pixels, labels.astype(np.int64))
    whole = Dataset(NAME, every, every, classes=10)
    parts = split(whole, None, TEST_SHARE, stratified=True, seed=TEST_SEED)
    return Dataset(NAME, parts.training, parts.validation, classes=10)
