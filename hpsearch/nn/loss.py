"""Softmax with cross-entropy (the book's chapter 5.6.3).

p = exp(s - max s) / Σ exp(s - max s) per image, loss = -log p[label]; d loss / ds = p - one-hot.
"""

import numpy as np

from hpsearch.nn.arrays import FloatArray, Labels


def softmax_cross_entropy(scores: FloatArray, labels: Labels) -> FloatArray:
    """The loss of each image, (batch,), from scores (classes, batch). Changes `scores`.

    Afterwards `scores` holds log p.
    """
    scores -= scores.max(axis=0)
    scores -= np.log(np.exp(scores).sum(axis=0))
    losses: FloatArray = -scores[labels, np.arange(len(labels))]
    return losses


def grad_scores(log_probabilities: FloatArray, labels: Labels, weight: float) -> FloatArray:
    """`weight` times the gradient of the summed losses with respect to the scores.

    Takes what `softmax_cross_entropy` left in `scores`, and overwrites it with the answer. A weight
    of 1 / batch gives the gradient of the mean.
    """
    np.exp(log_probabilities, out=log_probabilities)
    log_probabilities[labels, np.arange(len(labels))] -= 1
    log_probabilities *= weight
    return log_probabilities
