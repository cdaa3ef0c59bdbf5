"""The part that trials train on, and the part that scores them; the test part is never touched."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.values import Dataset, Part, Split, sha256_of
from hpsearch.errors import DatasetError
from hpsearch.spec.search import SearchSpec

Labels = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]

SPLIT = 0x7370_6C69  # "spli": greater than any trial's number


def split_for(spec: SearchSpec, dataset: Dataset) -> Split:
    """The parts that a job with this spec trains and validates on. Raises DatasetError."""
    return split(
        dataset,
        train_size=spec.dataset.train_size,
        fraction=spec.validation.fraction,
        stratified=spec.validation.stratified,
        seed=spec.seed,
    )


def training_count(spec: SearchSpec, dataset: Dataset) -> int:
    """How many images `split_for` gives for training. Copies none; raises DatasetError alike."""
    training, _ = _carve(
        dataset,
        spec.dataset.train_size,
        spec.validation.fraction,
        spec.validation.stratified,
        spec.seed,
    )
    return len(training)


def validation_labels(spec: SearchSpec, dataset: Dataset) -> Labels:
    """Labels of what `split_for` gives for validation. Copies no image; raises DatasetError."""
    _, validation = _carve(
        dataset,
        spec.dataset.train_size,
        spec.validation.fraction,
        spec.validation.stratified,
        spec.seed,
    )
    labels: Labels = dataset.training.labels[validation]
    return labels


def training_data(spec: SearchSpec, dataset: Dataset) -> Part:
    """All images that a job with this spec may learn from: both parts of its split."""
    return _part(dataset.training, _taken(spec, dataset))


def fresh_split(spec: SearchSpec, dataset: Dataset, seed: int) -> Split:
    """Another split of the same images, as `split_for` would make it, drawn with `seed`.

    Raises DatasetError.
    """
    whole = training_data(spec, dataset)
    return split(
        replace(dataset, training=whole),
        train_size=None,
        fraction=spec.validation.fraction,
        stratified=spec.validation.stratified,
        seed=seed,
    )


def split(
    dataset: Dataset, train_size: int | None, fraction: float, stratified: bool, seed: int
) -> Split:
    """Take `train_size` training images (None: all) and carve `fraction` of them for validation.

    The same arguments give the same images. stratified: each class has the same share of every
    part, to within one image, and is in both. Raises DatasetError that begins with the field of the
    spec at fault.
    """
    training, validation = _carve(dataset, train_size, fraction, stratified, seed)
    return Split(
        training=_part(dataset.training, training),
        validation=_part(dataset.training, validation),
        classes=dataset.classes,
        indices_sha256=sha256_of(training, validation),
    )


def _carve(
    dataset: Dataset, train_size: int | None, fraction: float, stratified: bool, seed: int
) -> tuple[Indices, Indices]:
    """Indices of the images for training and for validation."""
    labels = dataset.training.labels
    taken = len(labels) if train_size is None else train_size
    if taken > len(labels):
        raise DatasetError(
            f"dataset.train_size: {taken} images are asked for, "
            f"but {dataset.name} has {len(labels)} training images"
        )
    carved = round(taken * fraction)
    if not 0 < carved < taken:
        raise DatasetError(
            f"validation.fraction: {fraction:g} of {taken} images leaves no image for "
            f"{'validation' if carved == 0 else 'training'}"
        )
    order = _stratified_order(labels, seed) if stratified else _order(labels, seed)
    training, validation = order[carved:taken], order[:carved]
    if stratified:
        _check_classes(dataset, labels[training], labels[validation])
    return training, validation


def _taken(spec: SearchSpec, dataset: Dataset) -> Indices:
    """Indices of the images that a job takes from the training data, ascending."""
    labels = dataset.training.labels
    if spec.dataset.train_size is None:
        return np.arange(len(labels))
    order = _stratified_order if spec.validation.stratified else _order
    return np.sort(order(labels, spec.seed)[: spec.dataset.train_size])


def _part(whole: Part, indices: Indices) -> Part:
    return Part(whole.images[indices], whole.labels[indices])


def _order(labels: Labels, seed: int) -> Indices:
    return _generator(seed).permutation(len(labels))


def _generator(seed: int) -> np.random.Generator:
    """Apart from the trials' generators, which are seeded by (seed, number of the trial)."""
    return np.random.default_rng([seed, SPLIT])


def _stratified_order(labels: Labels, seed: int) -> Indices:
    """An order in which every class is spread evenly, so that any run of it is stratified.

    The i-th image of a class of n stands at (i + offset) / n of the way, where the offset is the
    class's own; scikit-learn's splitters refuse to leave fewer images over than there are classes.
    """
    generator = _generator(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + generator.random()) / len(members)
    return np.argsort(place, kind="stable")


def _check_classes(dataset: Dataset, training: Labels, validation: Labels) -> None:
    for part, labels in (("training", training), ("validation", validation)):
        counts = np.bincount(labels, minlength=dataset.classes)
        if not counts.all():
            raise DatasetError(
                f"validation.stratified: class {int(counts.argmin())} of {dataset.name} has no "
                f"image in the {part} part of {len(labels)} images; take more images "
                "(dataset.train_size), change validation.fraction, or set stratified to false"
            )
