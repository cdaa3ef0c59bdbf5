"""All randomness of a trial, derived from (job seed, trial number) and a fixed key for each use."""

import numpy as np
import numpy.typing as npt

INITIALISATION, ORDER, DROPOUT = 0, 1, 2


def trial_generator(job_seed: int, trial: int, *key: int) -> np.random.Generator:
    """A generator of its own for each use of randomness in a trial."""
    return np.random.default_rng(np.random.SeedSequence([job_seed, trial], spawn_key=key))


def epoch_order(job_seed: int, trial: int, epoch: int, images: int) -> npt.NDArray[np.intp]:
    """The order in which an epoch (from 0) sees the images; no order is carried between legs."""
    return trial_generator(job_seed, trial, ORDER, epoch).permutation(images)
