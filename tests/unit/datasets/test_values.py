from dataclasses import replace

import numpy as np

from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part, sha256_of
from tests.fakes import small_dataset


def test_the_hash_of_a_data_set_knows_every_byte_and_not_the_name() -> None:
    dataset = small_dataset()
    assert replace(dataset, name="other").sha256 == dataset.sha256
    images = dataset.training.images.copy()
    images[3, 0, 1, 2] += 1
    labels = dataset.training.labels.copy()
    labels[3] = 0
    others = [
        _with(dataset, Part(images, dataset.training.labels)),
        _with(dataset, Part(dataset.training.images, labels)),
        _with(dataset, Part(dataset.training.images[:-1], dataset.training.labels[:-1])),
        replace(dataset, test=dataset.training),
        replace(dataset, classes=11),
    ]
    assert len({dataset.sha256, *(each.sha256 for each in others)}) == 6


def test_the_hash_of_arrays_is_the_same_on_every_kind_of_machine() -> None:
    little = np.arange(6, dtype="<i8")
    assert sha256_of(little) == sha256_of(little.astype(">i8"))
    assert sha256_of(little) != sha256_of(little.reshape(2, 3))
    assert sha256_of(little) != sha256_of(little.astype("<i4"))
    assert sha256_of(np.zeros((0, 3)))


def test_the_hash_of_a_split_is_that_of_its_indices() -> None:
    def hashed(seed: int, fraction: float = 0.2) -> str:
        return split(small_dataset(), None, fraction, True, seed).indices_sha256

    assert hashed(1) == hashed(1)
    assert len({hashed(1), hashed(2), hashed(1, 0.3)}) == 3


def _with(dataset: Dataset, training: Part) -> Dataset:
    return replace(dataset, training=training)
