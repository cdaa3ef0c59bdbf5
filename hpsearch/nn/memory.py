"""What workspaces take, and how many images go through a network together."""

from collections.abc import Sequence

from hpsearch.nn.arrays import memory_size
from hpsearch.nn.layers.base import Layer
from hpsearch.nn.layers.batch_norm import BatchNorm

WORKSPACE_LIMIT = 256 * 2**20  # bytes; a batch that needs more goes through in several parts
WHOLE_LIMIT = 2**30  # bytes; a batch that cannot be split and needs more is refused


def workspace_bytes(stages: Sequence[Layer], batch: int, itemsize: int) -> int:
    """Bytes of all workspaces for a batch that goes through together; scratch is shared."""
    declared = [stage.buffers(batch) for stage in stages]
    kept = sum(memory_size(buffers, itemsize, scratch=False) for buffers in declared)
    return kept + max(memory_size(buffers, itemsize, scratch=True) for buffers in declared)


def part_size(
    layers: Sequence[Layer], stages: Sequence[Layer], batch_size: int, itemsize: int
) -> int:
    """Images that go through together: the batch, or equal parts of it where memory is short.

    A batch that is normalised over itself stays whole.
    """
    if any(isinstance(layer, BatchNorm) for layer in layers):
        return batch_size
    return fitting_part(stages, batch_size, itemsize)


def fitting_part(stages: Sequence[Layer], batch_size: int, itemsize: int) -> int:
    """The largest of equal parts of a batch whose workspaces stay below the limit, at least 1."""
    parts = 1
    while parts < batch_size:
        size = -(-batch_size // parts)
        if workspace_bytes(stages, size, itemsize) <= WORKSPACE_LIMIT:
            return size
        parts += 1
    return 1
