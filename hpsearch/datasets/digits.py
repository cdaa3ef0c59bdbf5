"""The data set that is always there: 8 × 8 handwritten digits.

digits.csv.gz lies beside this file, with its license: a row for each image, its 64 pixels of 0 to
16, then its label.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from hpsearch.datasets.facts import Facts, counts
from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part

NAME = "digits"
FILE = Path(__file__).with_name("digits.csv.gz")
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"  # of the file
SOURCE = "UCI optical digits (test part), scikit-learn's copy"
TEST_SHARE = 0.2
TEST_SEED = 0


@lru_cache(maxsize=1)
def digits() -> Dataset:
    """1797 images of 1 × 8 × 8 bytes; a fixed, stratified fifth of them is the test part."""
    rows = np.loadtxt(FILE, delimiter=",")
    pixels = np.rint(rows[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    every = Part(pixels, rows[:, -1].astype(np.int64))
    whole = Dataset(NAME, every, every, classes=10)
    parts = split(whole, None, TEST_SHARE, stratified=True, seed=TEST_SEED)
    return Dataset(NAME, parts.training, parts.validation, classes=10)


def facts() -> Facts:
    """What is known of them without their images."""
    data = digits()
    return Facts(
        data.classes,
        data.shape,
        training=len(data.training),
        test=len(data.test),
        pixels="bytes",
        training_counts=counts(data.training.labels, data.classes),
        test_counts=counts(data.test.labels, data.classes),
    )
