"""A test part for data that has none."""

import numpy as np
import numpy.typing as npt

SHARE = 5  # one image in five
SEED = 0x7465_7374  # "test"


def carve(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(count,): which images are set apart as the test part, the same ones each time.

    A fifth of each class, rounded down, so that every class keeps training images. None if no
    class has five images.
    """
    generator = np.random.default_rng(SEED)
    test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        test[members[: len(members) // SHARE]] = True
    return test
