"""Networks with their workspaces, kept in a process between legs."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hpsearch.nn import Network, build_network, check_size
from hpsearch.spec.network import NetworkSettings

KEPT = 2  # networks kept at most, the last used

Kind = tuple[NetworkSettings, tuple[int, int, int], int, int]

_kept: OrderedDict[Kind, Network] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def borrowed_network(
    settings: NetworkSettings, input_shape: tuple[int, int, int], classes: int, batch_size: int
) -> Iterator[Network]:
    """A network of this kind, for one user at a time. Its parameters are whatever they are.

    Raises ImpossibleShape, and NetworkTooLarge before any memory is taken.
    """
    kind = (settings, input_shape, classes, batch_size)
    with _lock:
        network = _kept.pop(kind, None)
    if network is None:
        check_size(settings, input_shape, classes, batch_size)
        network = build_network(settings, input_shape, classes, np.random.default_rng(0))
    yield network
    with _lock:
        _kept[kind] = network
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
