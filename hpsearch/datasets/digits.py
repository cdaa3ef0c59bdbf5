"""The data set that is always there: scikit-learn's 8 × 8 handwritten digits.

Its file is read where it lies: importing scikit-learn takes longer than all else that a server has
to do before it answers.
"""

from functools import lru_cache
from importlib.metadata import distribution

import numpy as np

from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part

NAME = "digits"
FILE = "sklearn/datasets/data/digits.csv.gz"  # a row: 64 pixels of 0..16, and the label
SOURCE = "scikit-learn's copy of the UCI optical digits (test part)"
TEST_SHARE = 0.2
TEST_SEED = 0


@lru_cache(maxsize=1)
def digits() -> Dataset:
    """1797 images of 1 × 8 × 8 bytes; a fixed, stratified fifth of them is the test part."""
    rows = np.loadtxt(str(distribution("scikit-learn").locate_file(FILE)), delimiter=",")
    pixels = np.rint(rows[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    every = Part(pixels, rows[:, -1].astype(np.int64))
    whole = Dataset(NAME, every, every, classes=10)
    parts = split(whole, None, TEST_SHARE, stratified=True, seed=TEST_SEED)
    return Dataset(NAME, parts.training, parts.validation, classes=10)
