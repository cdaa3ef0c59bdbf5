"""The split: stratified, seeded, and never a test image."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hpsearch.datasets.digits import digits
from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part
from hpsearch.errors import DatasetError


def numbered(labels: list[int]) -> Dataset:
    """Images that carry their own index, and a test part of other images."""
    count = len(labels)
    images = np.arange(count, dtype=np.float32).reshape(count, 1, 1, 1)
    training = Part(images, np.array(labels, dtype=np.int64))
    return Dataset("numbered", training, Part(images + 1e6, training.labels), max(labels) + 1)


def indices(part: Part) -> list[int]:
    indices: list[int] = part.images.ravel().astype(np.int64).tolist()
    return indices


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=200),
    st.floats(0.01, 0.99),
    st.data(),
    st.booleans(),
)
def test_a_split_parts_the_images_that_were_taken(
    labels: list[int], fraction: float, data: st.DataObject, stratified: bool
) -> None:
    dataset = numbered(labels)
    taken = data.draw(st.none() | st.integers(2, len(labels)))
    try:
        parts = split(dataset, taken, fraction, stratified, seed=0)
    except DatasetError:
        assume(False)
        return
    training, validation = indices(parts.training), indices(parts.validation)
    together = training + validation

    assert len(together) == len(set(together)) == (taken or len(labels))
    assert max(together) < len(labels)  # no test image
    assert len(validation) == round(len(together) * fraction)
    for part in (parts.training, parts.validation):
        assert [labels[index] for index in indices(part)] == part.labels.tolist()
    if stratified:
        for label in set(labels):
            share = labels.count(label) / len(labels)
            for part in (parts.training, parts.validation):
                count = part.labels.tolist().count(label)
                assert abs(count - share * len(part)) <= 2  # of each end of the run, one


def test_the_same_arguments_give_the_same_images() -> None:
    first, second = (split(digits(), 500, 0.2, True, seed=3) for _ in range(2))
    other = split(digits(), 500, 0.2, True, seed=4)

    np.testing.assert_array_equal(first.training.images, second.training.images)
    np.testing.assert_array_equal(first.validation.labels, second.validation.labels)
    assert not np.array_equal(first.validation.images, other.validation.images)


def test_the_split_of_a_seed_never_changes() -> None:
    """A stored job is only worth something while its validation part stays what it was."""
    dataset = numbered([0, 1, 2, 3] * 10)
    parts = split(dataset, 24, 0.25, stratified=True, seed=7)
    plain = split(dataset, 24, 0.25, stratified=False, seed=7)

    assert indices(parts.validation) == [0, 27, 37, 6, 16, 39]
    assert indices(plain.validation) == [0, 9, 7, 29, 39, 24]


def test_a_seed_as_large_as_a_spec_allows_will_do() -> None:
    assert len(split(digits(), None, 0.2, True, seed=2**53 - 1).training) == 1150


def test_nearly_all_images_may_be_taken() -> None:
    """scikit-learn's splitters refuse to leave over fewer images than there are classes."""
    count = len(digits().training)

    assert len(split(digits(), count - 3, 0.2, True, 0).validation) == round((count - 3) * 0.2)


@pytest.mark.parametrize(
    ("taken", "fraction", "said"),
    [
        (101, 0.2, "dataset.train_size: 101 images are asked for, but numbered has 100"),
        (None, 0.001, "validation.fraction: 0.001 of 100 images leaves no image for validation"),
        (20, 0.99, "validation.fraction: 0.99 of 20 images leaves no image for training"),
        (None, 0.01, "validation.stratified: class 1 of numbered has no image in the validation"),
        (None, 0.99, "validation.stratified: class 1 of numbered has no image in the training"),
    ],
)
def test_what_cannot_be_split_names_the_field(
    taken: int | None, fraction: float, said: str
) -> None:
    dataset = numbered([0] * 90 + [1] * 10)

    with pytest.raises(DatasetError) as caught:
        split(dataset, taken, fraction, stratified=True, seed=0)

    assert str(caught.value).startswith(said)


def test_a_class_of_one_image_needs_an_unstratified_split() -> None:
    dataset = numbered([0] * 99 + [1])

    with pytest.raises(DatasetError, match=r"set stratified to false"):
        split(dataset, None, 0.2, stratified=True, seed=0)
    assert len(split(dataset, None, 0.2, stratified=False, seed=0).validation) == 20


def test_digits_are_bytes_with_a_fixed_test_part() -> None:
    whole = digits()

    assert (whole.shape, whole.classes) == ((1, 8, 8), 10)
    assert (len(whole.training), len(whole.test)) == (1438, 359)
    assert (int(whole.training.images.min()), int(whole.training.images.max())) == (0, 255)
    assert set(np.bincount(whole.test.labels)) <= {34, 35, 36, 37}
    train = {image.tobytes() for image in whole.training.images}
    assert sum(image.tobytes() in train for image in whole.test.images) == 0
