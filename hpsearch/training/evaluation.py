"""The scores of a network on a part of the data."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.values import Images, Part
from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.layers.base import inside
from hpsearch.nn.loss import softmax_cross_entropy
from hpsearch.nn.memory import fitting_part
from hpsearch.nn.network import Network
from hpsearch.scores import Scores
from hpsearch.training.batches import load_batch

Labels = npt.NDArray[np.int64]

BATCH = 128  # images evaluated together, so that a score is the same to the bit; fewer, always as
# many, where a network's workspaces would be too large
LARGEST_BATCH = 1024  # whatever is asked for, so that memory stays bounded


def evaluate(network: Network, part: Part, batch_size: int = BATCH) -> Scores:
    """Score a network.

    The batch size changes nothing but the last bits of the loss: BLAS adds up in an order that
    depends on where in a batch an image stands.
    """
    losses, answers = [], np.empty_like(part.labels)
    start = 0
    for scores in score_batches(network, part.images, batch_size):
        here = slice(start, start + scores.shape[-1])
        answers[here] = scores.argmax(axis=0)
        losses.append(softmax_cross_entropy(scores, part.labels[here]))
        start = here.stop
    loss = float(np.concatenate(losses).mean(dtype=np.float64))
    return scores_of(part.labels, answers, loss)


def scores_of(labels: Labels, answers: Labels, loss: float) -> Scores:
    """The scores of answers (count,) to images with these labels (count,), classes from 0.

    From the diagonal and the margins of the confusion matrix: whole numbers, so that no score
    depends on the order of the images.
    """
    classes = int(max(labels.max(), answers.max())) + 1
    images = np.bincount(labels, minlength=classes)
    taken_for = np.bincount(answers, minlength=classes)
    right = np.bincount(labels[labels == answers], minlength=classes)
    there = images > 0
    recall = right[there] / images[there]
    f1 = 2 * right[there] / (images[there] + taken_for[there])
    return Scores(
        accuracy=int(right.sum()) / len(labels),
        loss=loss,
        balanced_accuracy=math.fsum(recall) / len(recall),
        macro_f1=math.fsum(f1) / len(f1),
    )


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
