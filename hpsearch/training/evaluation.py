"""The score of a network on a part of the data."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpsearch.datasets.values import Images, Part
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.base import inside
from hpsearch.nn.loss import softmax_cross_entropy
from hpsearch.nn.memory import fitting_part
from hpsearch.nn.network import Network
from hpsearch.training.batches import load_batch

BATCH = 128  # images evaluated together, so that a score is the same to the bit; fewer, always as
# many, where a network's workspaces would be too large
LARGEST_BATCH = 1024  # whatever is asked for, so that memory stays bounded


@dataclass(frozen=True)
class Score:
    """Share of images classified right, and their mean loss."""

    accuracy: float
    loss: float


def evaluate(network: Network, part: Part, batch_size: int = BATCH) -> Score:
    """Score a network.

    The batch size changes nothing but the last bits of the loss: BLAS adds up in an order that
    depends on where in a batch an image stands.
    """
    losses, right = [], 0
    start = 0
    for scores in score_batches(network, part.images, batch_size):
        labels = part.labels[start : start + scores.shape[-1]]
        right += int(np.count_nonzero(scores.argmax(axis=0) == labels))
        losses.append(softmax_cross_entropy(scores, labels))
        start += len(labels)
    return Score(right / start, float(np.concatenate(losses).mean(dtype=np.float64)))


def score_batches(network: Network, images: Images, batch_size: int) -> Iterator[FloatArray]:
    """Scores (classes, batch) of all images, batch by batch; valid until the next batch."""
    batch_size = min(batch_size, LARGEST_BATCH, len(images))
    batch_size = fitting_part(network.stages, batch_size, network.dtype.itemsize)
    whole = np.empty(inside(images.shape[1:], batch_size), network.dtype)
    for start in range(0, len(images), batch_size):
        count = min(batch_size, len(images) - start)
        x = whole if count == batch_size else whole[..., :count].copy()
        load_batch(images, slice(start, start + count), x)
        yield network.evaluate(x)
