"""What there is to see in a network: filters, what they find, mistakes, activations.

All of it is measured on the validation part; the test data is not looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.values import Images, Part, Split
from hpsearch.nn import Network, build_network, draw_weights
from hpsearch.nn.arrays import FloatArray, Shape
from hpsearch.nn.layers.affine import Affine
from hpsearch.nn.layers.base import Layer, count, inside
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.training.batches import load_batch
from hpsearch.training.evaluation import BATCH, score_batches
from hpsearch.training.leg import LegTask, TrainState
from hpsearch.training.randomness import INITIALISATION, trial_generator

WATCHED = 64  # images whose activations are looked at
WATCHED_BYTES = 64 * 2**20
MOST_FILTERS = 64
MOST_MISTAKES = 24
MOST_LAYERS = 8
BINS = 30

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Mistake:
    """An image (C, H, W) that was taken for another class, and how sure the network was."""

    image: Images
    label: int
    answer: int
    probability: float


@dataclass(frozen=True)
class Histogram:
    """How a layer's outputs for some images are distributed. counts: of BINS bins of one width."""

    layer: str
    low: float
    high: float
    counts: Counts


@dataclass(frozen=True)
class Measured:
    """filters_before, filters_after: weights of the first layer that has some, as images
    (filters, C, h, w); None where they cannot be seen as images. convolution: whether that layer is
    one. example: an image (C, H, W). maps: what the filters find in it, (filters, H, W); None
    without a convolution. confusion: images by true class and answer. mistakes: the surest first.
    """

    convolution: bool
    filters_before: FloatArray | None
    filters_after: FloatArray | None
    example: Images
    maps: FloatArray | None
    confusion: Counts
    mistakes: tuple[Mistake, ...]
    before: tuple[Histogram, ...]
    after: tuple[Histogram, ...]


def measure(task: LegTask, data: Split, state: TrainState) -> Measured:
    """All of it, of the network that `task` trained on `data` to `state`."""
    with np.errstate(all="ignore"):
        network = build_network(task.network, data.shape, data.classes, np.random.default_rng(0))
        _draw_untrained(network, task, data)
        first = _first_layer(network)
        filters_before = _as_images(first, data.shape)
        before = _histograms(network, data.validation.images)
        np.copyto(network.parameters, state.parameters)
        np.copyto(network.running, state.running)
        confusion, mistakes = _answers(network, data.validation, data.classes)
        return Measured(
            convolution=isinstance(first, Convolution),
            filters_before=filters_before,
            filters_after=_as_images(first, data.shape),
            example=data.validation.images[0],
            maps=_maps(network, data.validation.images[:1]),
            confusion=confusion,
            mistakes=mistakes,
            before=before,
            after=_histograms(network, data.validation.images),
        )


def _draw_untrained(network: Network, task: LegTask, data: Split) -> None:
    """As it was before its first step."""
    generator = trial_generator(task.job_seed, task.trial, INITIALISATION)
    draw_weights(network, task.network, data.shape, data.classes, generator)


def _first_layer(network: Network) -> Layer | None:
    """The first that has weights."""
    return next(
        (layer for layer in network.layers if isinstance(layer, Convolution | Affine)), None
    )


def _as_images(layer: Layer | None, shape: Shape) -> FloatArray | None:
    """Its weights, of each filter or unit an image (C, h, w), for images of `shape` (C, H, W)."""
    if layer is None:
        return None
    weight = layer.parameters["weight"][:MOST_FILTERS].copy()
    channels, height, width = shape
    if isinstance(layer, Convolution):
        size = layer.geometry.kernel
        return weight.reshape(-1, size, size, layer.input_shape[0]).transpose(0, 3, 1, 2)
    if weight.shape[1] != channels * height * width:
        return None  # images do not reach it as they are
    return weight.reshape(-1, height, channels, width).transpose(0, 2, 1, 3)


def _maps(network: Network, image: Images) -> FloatArray | None:
    """What the first convolution finds in one image (1, C, H, W): (filters, H, W), none below 0."""
    for layer, output in _outputs(network, image):
        if isinstance(layer, Convolution):
            found = output[..., 0].transpose(1, 0, 2)[:MOST_FILTERS]
            return np.maximum(found, 0)
    return None


def _outputs(network: Network, images: Images) -> Iterator[tuple[Layer, FloatArray]]:
    """Each layer with its outputs for the images, in turn; valid until the next."""
    x = np.empty(inside(images.shape[1:], len(images)), network.dtype)
    load_batch(images, slice(0, len(images)), x)
    for layer in network.layers:
        x = layer.evaluate(x)
        yield layer, x


def _histograms(network: Network, images: Images) -> tuple[Histogram, ...]:
    """Of each layer that makes something of weighted sums: what follows a layer with weights."""
    found: list[Histogram] = []
    weighted: Layer | None = None
    for layer, output in _outputs(network, images[: _watched(network)]):
        if isinstance(layer, Convolution | Affine):
            weighted = layer
        elif weighted is not None and layer.site.name in ("relu", "sigmoid", "tanh"):
            found.append(_histogram(f"{weighted.site.name} {weighted.site.number}", output))
            weighted = None
    return tuple(found[:MOST_LAYERS])


def _watched(network: Network) -> int:
    """How many images at once, so that all outputs together stay below WATCHED_BYTES."""
    numbers = sum(count(layer.output_shape) for layer in network.layers)
    return max(1, min(WATCHED, WATCHED_BYTES // (numbers * network.dtype.itemsize)))


def _histogram(name: str, output: FloatArray) -> Histogram:
    values = output[np.isfinite(output)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    high = high if high > low else low + 1.0
    counts = np.histogram(values, BINS, (low, high))[0].astype(np.int64)
    return Histogram(name, low, high, counts)


def _answers(network: Network, part: Part, classes: int) -> tuple[Counts, tuple[Mistake, ...]]:
    """The confusion matrix (classes, classes), and the mistakes that the network was surest of."""
    answers = np.empty(len(part.labels), np.int64)
    sure = np.empty(len(part.labels))
    start = 0
    for scores in score_batches(network, part.images, BATCH):
        stop = start + scores.shape[-1]
        answers[start:stop] = scores.argmax(axis=0)
        sure[start:stop] = 1 / np.exp(scores - scores.max(axis=0)).sum(axis=0)
        start = stop
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (part.labels, answers), 1)
    wrong = np.flatnonzero(answers != part.labels)
    surest = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST_MISTAKES]
    return confusion, tuple(_mistakes(part, answers, sure, surest.tolist()))


def _mistakes(
    part: Part, answers: Counts, sure: npt.NDArray[np.float64], chosen: Sequence[int]
) -> Iterator[Mistake]:
    for place in chosen:
        label, answer = int(part.labels[place]), int(answers[place])
        yield Mistake(part.images[place], label, answer, float(sure[place]))
