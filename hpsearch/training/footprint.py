"""How much memory the training of one leg takes on a worker, counted before any is taken."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hpsearch.errors import LegTooLarge
from hpsearch.nn import network_size, title_of
from hpsearch.nn.memory import WORKSPACE_LIMIT
from hpsearch.nn.optimizers.rules import OPTIMIZERS
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings

ITEMSIZE = np.dtype(np.float32).itemsize
EVALUATED = 128  # images that are scored together
PROCESS = 200 * 2**20  # bytes of a worker that trains nothing (measured: 150 to 180 MB)
USED = 0.9  # share of a worker's memory that it may use; Dask ends one at 0.95


@dataclass(frozen=True)
class Footprint:
    """Bytes. vectors: everything that is as long as the parameters. images: the job's data."""

    vectors: int
    workspaces: int
    images: int

    @property
    def total(self) -> int:
        return self.vectors + self.workspaces + self.images


def footprint(
    network: NetworkSettings,
    training: TrainingSettings,
    shape: tuple[int, int, int],
    classes: int,
    batch_size: int,
    image_bytes: int,
) -> Footprint:
    """What training in batches of `batch_size` takes. Raises ImpossibleShape.

    shape: channels, height and width of an image.
    """
    parameters, workspaces = _sizes(network, shape, classes, batch_size)
    length = parameters * ITEMSIZE * _vectors(len(OPTIMIZERS[training.optimizer].remembers))
    return Footprint(length, workspaces, image_bytes)


def network_bytes(
    network: NetworkSettings, shape: tuple[int, int, int], classes: int, batch_size: int
) -> int:
    """What a network takes that is kept: parameters, gradients and workspaces."""
    parameters, workspaces = _sizes(network, shape, classes, batch_size)
    return 2 * parameters * ITEMSIZE + workspaces


def available(worker_memory: int) -> int:
    """Bytes that a leg may take on a worker with this much memory."""
    return max(0, int(USED * worker_memory) - PROCESS)


def check_footprint(
    network: NetworkSettings, batch_size: int, needed: Footprint, limit: int | None
) -> None:
    """Raises LegTooLarge if more is needed than `limit`; None for no limit."""
    if limit is not None and needed.total > limit:
        raise LegTooLarge(title_of(network), batch_size, needed.total, limit)


def _vectors(remembered: int) -> int:
    """Vectors as long as the parameters that are there at the same time, at most.

    At a trial's start: parameters and gradients, what the optimizer remembers, and the first
    weights of a layer in float64. Later, parameters and gradients, a sum of gradients if a batch
    goes through in parts, what the optimizer remembers, and parameters and memories again in the
    state that the leg began from and in the one that it ends with.
    """
    return 5 + 3 * remembered


@lru_cache(maxsize=256)
def _sizes(
    network: NetworkSettings, shape: tuple[int, int, int], classes: int, batch_size: int
) -> tuple[int, int]:
    """Parameters, and bytes of workspaces for training and for scoring."""
    trained = network_size(network, shape, classes, batch_size)
    scored = network_size(network, shape, classes, EVALUATED).workspace_bytes
    scored = min(scored, WORKSPACE_LIMIT)  # or fewer images are scored together
    return trained.parameters, max(trained.workspace_bytes, scored)
