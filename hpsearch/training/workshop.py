"""Networks with their workspaces, kept in a process between legs."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hpsearch.nn import Network, build_network, check_size
from hpsearch.spec.network import NetworkSettings
from hpsearch.training.footprint import network_bytes

KEPT = 2  # networks kept at most, the last used
KEPT_BYTES = 512 * 2**20  # of all that are kept; a larger one is not

Kind = tuple[NetworkSettings, tuple[int, int, int], int, int]

_kept: OrderedDict[Kind, Network] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def borrowed_network(
    settings: NetworkSettings,
    input_shape: tuple[int, int, int],
    classes: int,
    batch_size: int,
    spare: int | None = None,
) -> Iterator[Network]:
    """A network of this kind, for one user at a time. Its parameters are whatever they are.

    spare: bytes that other networks may keep meanwhile; None for KEPT_BYTES. Raises
    ImpossibleShape, and NetworkTooLarge before any memory is taken.
    """
    kind = (settings, input_shape, classes, batch_size)
    with _lock:
        network = _kept.pop(kind, None)
        _keep_at_most(KEPT_BYTES if spare is None else min(spare, KEPT_BYTES))
    if network is None:
        check_size(settings, input_shape, classes, batch_size)
        network = build_network(settings, input_shape, classes, np.random.default_rng(0))
    yield network
    with _lock:
        _kept[kind] = network
        _keep_at_most(KEPT_BYTES)


def _keep_at_most(size: int) -> None:
    """Let go of networks, the longest unused first; the lock is held."""
    while len(_kept) > KEPT or sum(network_bytes(*kind) for kind in _kept) > size:
        _kept.popitem(last=False)
