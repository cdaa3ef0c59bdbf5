"""The score of a network on a part of the data."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hpsearch.datasets.values import Images, Part
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.base import inside
from hpsearch.nn.loss import softmax_cross_entropy
from hpsearch.nn.network import Network
from hpsearch.training.batches import load_batch

BATCH = 128  # images evaluated together
LARGEST_BATCH = 1024  # whatever is asked for, so that memory stays bounded
LANES = 16  # BLAS treats columns alike, wherever they stand, in blocks of so many


@dataclass(frozen=True)
class Score:
    """Share of images classified right, and their mean loss."""

    accuracy: float
    loss: float


def evaluate(network: Network, part: Part, batch_size: int = BATCH) -> Score:
    """Score a network. The same to the bit for every batch size."""
    losses, right = [], 0
    start = 0
    for scores in score_batches(network, part.images, batch_size):
        labels = part.labels[start : start + scores.shape[-1]]
        right += int(np.count_nonzero(scores.argmax(axis=0) == labels))
        losses.append(softmax_cross_entropy(scores, labels))
        start += len(labels)
    return Score(right / start, float(np.concatenate(losses).mean(dtype=np.float64)))


def score_batches(network: Network, images: Images, batch_size: int) -> Iterator[FloatArray]:
    """Scores (classes, batch) of all images, batch by batch.

    Each batch is filled up to whole lanes, so that an image meets the same arithmetic in any batch.
    """
    batch_size = min(batch_size, LARGEST_BATCH)
    lanes = -(-min(batch_size, len(images)) // LANES) * LANES
    x = np.empty(inside(images.shape[1:], lanes), network.dtype)
    for start in range(0, len(images), batch_size):
        chosen = slice(start, start + batch_size)
        load_batch(images, chosen, x)
        yield network.evaluate(x)[:, : min(batch_size, len(images) - start)]
