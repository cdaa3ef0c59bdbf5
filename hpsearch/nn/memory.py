"""What workspaces take, and how many images go through a network together."""

from bisect import bisect_left
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
    """Images that go through together: the batch, or equal parts of it if memory is short.

    A batch that is normalised over itself stays whole.
    """
    if any(isinstance(layer, BatchNorm) for layer in layers):
        return batch_size
    return fitting_part(stages, batch_size, itemsize)


def fitting_part(stages: Sequence[Layer], batch_size: int, itemsize: int) -> int:
    """The largest of equal parts of a batch whose workspaces stay below the limit, at least 1.

    Larger parts need more, so that the sizes can be halved again and again: a network that is
    only looked at, to be refused, does not keep anybody waiting.
    """
    sizes = _sizes(batch_size)
    index = bisect_left(
        sizes, True, key=lambda size: workspace_bytes(stages, size, itemsize) <= WORKSPACE_LIMIT
    )
    return sizes[index] if index < len(sizes) else 1


def _sizes(batch_size: int) -> list[int]:
    """Of equal parts of a batch, from the whole batch down to 2 images, without repetitions."""
    sizes = [batch_size] if batch_size > 1 else []
    while sizes and (parts := -(-batch_size // (sizes[-1] - 1))) < batch_size:
        sizes.append(-(-batch_size // parts))
    return sizes
