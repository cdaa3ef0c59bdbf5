"""What is made of arrays in any form: taken, and said; or refused, with what to do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpsearch.datasets.understanding import Understood, understand_arrays, understand_file
from hpsearch.errors import DatasetRefused
from tests.unit.datasets.hostile_files import Array, good, npy, objects, write_npz, write_zip


def understood(arrays: dict[str, Array]) -> Understood:
    return understand_arrays(arrays, "a.npz")


def said(found: Understood) -> str:
    return "; ".join(found.facts.understood)


def problems(arrays: dict[str, Array]) -> tuple[str, ...]:
    with pytest.raises(DatasetRefused) as caught:
        understood(arrays)
    return caught.value.problems


def labelled(labels: Any) -> dict[str, Array]:
    """Forty training and eight test images; `labels` gives any 48 of them."""
    labels = np.asarray(labels)
    return good(y_train=labels[:40], y_test=labels[40:])


def renamed(**names: str) -> dict[str, Array]:
    arrays = good()
    return {names.get(name, name): array for name, array in arrays.items()}


FOURS = np.arange(48) % 4


def test_the_usual_form_is_plain(tmp_path: Path) -> None:
    found = understand_file(write_npz(tmp_path / "a.npz", good()), "a.npz")

    assert found.plain
    assert (found.facts.classes, found.facts.shape) == (4, (1, 4, 5))
    assert (found.facts.training, found.facts.test) == (40, 8)
    assert found.facts.training_counts == (10, 10, 10, 10)
    assert found.facts.test_counts == (2, 2, 2, 2)
    assert found.facts.pixels == "bytes"
    np.testing.assert_array_equal(found.arrays["x_train"][..., 0], good()["x_train"])


@pytest.mark.parametrize(
    "names",
    [
        ("X_train", "y_train", "X_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
        ("xtrain", "ytrain", "xtest", "ytest"),
        ("training-images", "training-labels", "testing-images", "testing-labels"),
        ("images train", "targets train", "images test", "targets test"),
        ("TRAIN_DATA", "TRAIN_TARGET", "TEST_DATA", "TEST_TARGET"),
    ],
)
def test_arrays_are_known_by_many_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    arrays = dict(zip(names, good().values(), strict=True))
    found = understand_file(write_npz(tmp_path / "a.npz", arrays), "a.npz")

    assert not found.plain
    np.testing.assert_array_equal(found.arrays["y_test"], good()["y_test"])


def test_medmnist_has_a_validation_part_which_joins_the_training_part() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 6, 6, 3), dtype=np.uint8)
    labels = (np.arange(60, dtype=np.uint8) % 3)[:, np.newaxis]
    found = understood(
        {
            "train_images": pixels[:40],
            "val_images": pixels[40:50],
            "test_images": pixels[50:],
            "train_labels": labels[:40],
            "val_labels": labels[40:50],
            "test_labels": labels[50:],
        }
    )

    assert (found.facts.training, found.facts.test, found.facts.shape) == (50, 10, (3, 6, 6))
    np.testing.assert_array_equal(found.arrays["x_train"], pixels[:50])
    assert "the 10 validation images join the training images" in said(found)
    assert "train_labels is (40, 1): taken as one label for each image" in said(found)


def test_a_validation_part_serves_as_the_test_part_where_there_is_no_other() -> None:
    found = understood(renamed(x_test="x_val", y_test="y_val"))

    assert (found.facts.training, found.facts.test) == (40, 8)
    assert "x_val is taken as the test part" in said(found)


@pytest.mark.parametrize("names", [("x_train", "y_train"), ("images", "labels"), ("X", "y")])
def test_a_test_part_is_set_apart_the_same_each_time(names: tuple[str, str]) -> None:
    arrays = {names[0]: good()["x_train"], names[1]: good()["y_train"]}
    found = understood(arrays)

    assert (found.facts.training_counts, found.facts.test_counts) == ((8,) * 4, (2,) * 4)
    assert "8 of 40 images, a fifth of each class, are set apart" in said(found)
    again = understood(arrays)
    np.testing.assert_array_equal(found.arrays["x_test"], again.arrays["x_test"])
    every = np.concatenate([found.arrays["x_train"], found.arrays["x_test"]])
    assert sorted(map(bytes, every)) == sorted(map(bytes, good()["x_train"]))


def test_too_few_images_for_a_test_part() -> None:
    few = {"x": good()["x_train"][:8], "y": good()["y_train"][:8]}

    assert "8 images are too few to set one apart" in problems(few)[0]


@pytest.mark.parametrize(
    ("labels", "expected", "names", "sentence"),
    [
        (FOURS + 1, FOURS, ("1", "2", "3", "4"), "labels go from 1 to 4: taken as classes 0 to 3"),
        (FOURS * 10, FOURS, ("0", "10", "20", "30"), "labels are 0, 10, 20, 30: taken as"),
        (FOURS.astype("f8"), FOURS, (), "holds floats, all of them whole numbers"),
        (FOURS[:, np.newaxis], FOURS, (), "(40, 1): taken as one label for each image"),
        (np.eye(4)[FOURS], FOURS, (), "one column for each class (one-hot)"),
        (np.eye(4, dtype=bool)[FOURS], FOURS, (), "one column for each class (one-hot)"),
        (np.eye(4, dtype=np.uint8)[FOURS], FOURS, (), "one column for each class (one-hot)"),
        (FOURS % 2 == 1, FOURS % 2, (), "holds False and True: taken as 0 and 1"),
        (
            np.array(["ship", "cat", "dog", "été"])[FOURS],
            np.array([2, 0, 1, 3])[FOURS],
            ("cat", "dog", "ship", "été"),
            "labels are text, classes are in their order: cat, dog, ship, été",
        ),
        (
            np.array([b"b", b"a", b"c", b"d"])[FOURS],
            np.array([1, 0, 2, 3])[FOURS],
            ("a", "b", "c", "d"),
            "labels are text",
        ),
        (
            np.array(["1", "2", "10", "3"])[FOURS],
            np.array([0, 1, 3, 2])[FOURS],
            ("1", "2", "3", "10"),
            "labels are 1, 2, 3, 10",
        ),
    ],
)
def test_labels_of_many_forms(
    labels: Array, expected: Array, names: tuple[str, ...], sentence: str
) -> None:
    found = understood(labelled(labels))

    np.testing.assert_array_equal(found.arrays["y_train"], expected[:40])
    np.testing.assert_array_equal(found.arrays["y_test"], expected[40:])
    assert found.facts.class_names == names
    assert sentence in said(found)


def test_names_of_classes_that_lie_beside_are_kept(tmp_path: Path) -> None:
    names = np.array(["cat", "dog", "ship", "tree"])
    arrays = good(class_names=names)
    found = understand_file(write_npz(tmp_path / "a.npz", arrays), "a.npz")

    assert found.facts.class_names == ("cat", "dog", "ship", "tree")


def test_names_that_do_not_fit_are_ignored_and_said(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", good(class_names=np.array(["cat", "dog"])))
    found = understand_file(path, "a.npz")

    assert found.facts.class_names == ()
    assert "ignored: 2 names of classes, for there are 4 classes" in said(found)


def test_other_arrays_are_ignored_and_said(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", good(weights=np.zeros(3), note=np.array(["hello"])))

    assert "ignored: 'weights', 'note'" in said(understand_file(path, "a.npz"))


def images(change: Any) -> dict[str, Array]:
    arrays = good()
    return good(x_train=change(arrays["x_train"]), x_test=change(arrays["x_test"]))


@pytest.mark.parametrize(
    ("change", "expected", "sentence"),
    [
        (lambda x: x.astype("f4"), lambda x: x, "holds floats, all of them whole numbers"),
        (lambda x: x.astype("i8"), lambda x: x, "pixels are 0 to 255"),
        (lambda x: x / 255, lambda x: (x / 255).astype("f4"), "floats, taken as they are"),
        (
            lambda x: x.astype("f8") * 0.99,
            lambda x: (x.astype("f8") * 0.99).astype("f4") / np.float32(255),
            "floats on the scale of 0 to 255, divided by 255",
        ),
        (
            lambda x: (x / 127.5 - 1).astype(">f8"),
            lambda x: (x / 127.5 - 1).astype("f4"),
            "normalised",
        ),
        (lambda x: x // 128, lambda x: x // 128 * 255, "taken as black and white"),
        (lambda x: x > 127, lambda x: (x > 127) * 255, "taken as black and white"),
        (lambda x: x // 16, lambda x: x // 16, "brightest pixel of x_train and x_test is 15"),
    ],
)
def test_pixels_of_many_scales(change: Any, expected: Any, sentence: str) -> None:
    found = understood(images(change))

    np.testing.assert_array_equal(found.arrays["x_train"][..., 0], expected(good()["x_train"]))
    assert sentence in said(found)


def test_floats_that_reach_255_do_not_train_at_chance() -> None:
    """They went into the network as they were, 255 times too large."""
    found = understood(images(lambda x: x.astype("f4")))

    assert found.arrays["x_train"].dtype == np.uint8
    assert found.facts.pixels == "bytes"


def test_channels_may_come_first_or_last() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (48, 3, 8, 9), dtype=np.uint8)
    last = pixels.transpose(0, 2, 3, 1)
    for given_, first in ((pixels, True), (last, False)):
        found = understood(good(x_train=given_[:40], x_test=given_[40:]))
        assert found.facts.shape == (3, 8, 9)
        np.testing.assert_array_equal(found.arrays["x_train"], last[:40])
        assert ("taken as channels first" in said(found)) == first


def changed(name: str, index: Any, value: float, dtype: str = "f4") -> dict[str, Any]:
    array = good()[name].astype(dtype)
    array[index] = value
    return good(**{name: array})


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (changed("x_train", 3, np.nan), "x_train holds 20 numbers that are not finite"),
        (changed("x_train", 3, np.inf), "x_train holds 20 numbers that are not finite"),
        (changed("x_train", 3, 1e300, "f8"), "x_train holds 20 numbers that are not finite"),
        (changed("x_test", 3, 256, "i4"), "whole numbers from 0 to 256; pixels are 0 to 255"),
        (changed("x_test", 3, -1, "i4"), "whole numbers from -1 to"),
        (images(lambda x: x.astype("u2") * 257), "whole numbers from 0 to 65535"),
        (images(lambda x: x / 100), "a scale that is not plain"),
        (images(lambda x: x - 100.5), "a scale that is not plain"),
        (images(lambda x: x / 255 / 255), "reach only 0.0039"),
        (images(lambda x: x * 0), "holds nothing but 0"),
        (images(lambda x: x.astype("U3")), "must hold numbers, it holds <U3"),
        (good(x_test=good()["x_test"] / 255), "not on one scale: store all of them alike"),
        (images(lambda x: x.reshape(-1, 20)), "reshape(-1, height, width)"),
        (images(lambda x: np.repeat(x.reshape(-1, 20), 5, axis=1)), "reshape(-1, 10, 10)"),
        (good(x_train=np.zeros((40, 5, 5, 5), np.uint8)), "with 1 to 4 channels"),
        (good(x_train=np.zeros((0, 4, 5), np.uint8)), "1 to 1024 pixels a side"),
        (good(x_train=np.zeros((40, 0, 5), np.uint8)), "1 to 1024 pixels a side"),
        (good(x_train=np.zeros((40, 1, 1025), np.uint8)), "1 to 1024 pixels a side"),
        (good(x_test=np.ones((8, 5, 4), np.uint8)), "x_train 1 × 4 × 5, x_test 1 × 5 × 4"),
        (good(y_train=FOURS[:39]), "there must be a label for each image"),
        (good(y_train=np.array(3)), "labels must be (count,)"),
        (good(y_train=np.zeros((40, 2, 2))), "labels must be (count,)"),
        (good(y_train=np.ones((40, 4), int)), "each image needs exactly one class"),
        (labelled(FOURS + 0.5), "holds 0.5: labels must be whole numbers or text"),
        (labelled(FOURS - 1), "leave out images that have no label"),
        (labelled(np.where(FOURS == 3, np.nan, FOURS)), "holds nan: labels must be"),
        (labelled(np.where(FOURS == 3, 1e300, FOURS)), "goes from 0 to 1e+300"),
        (labelled(np.zeros(48)), "at least two classes are needed"),
        (changed("y_test", 3, 4, "i4"), "y_test has labels that no training image has: 4"),
        (good(y_test=np.array(["a"] * 8)), "some labels are text and some are numbers"),
        (labelled(np.array(["", "a", "b", "c"])[FOURS]), "has empty labels"),
        (labelled(np.array([b"\xff", b"a", b"b", b"c"])[FOURS]), "not text in UTF-8"),
        (labelled(np.array(["x" * 300, "a", "b", "c"])[FOURS]), "a label of 300 letters"),
    ],
)
def test_what_is_not_plain_is_refused_with_a_sentence(
    arrays: dict[str, Any], expected: str
) -> None:
    assert any(expected in problem for problem in problems(arrays)), problems(arrays)


def test_more_labels_than_classes_may_be() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3000, 2, 5), dtype=np.uint8)

    assert (
        "there are 1,500 different labels"
        in problems({"x": pixels, "y": np.arange(3000) % 1500})[0]
    )


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    arrays = good(
        x_train=good()["x_train"].astype("i4") * 300,
        x_test=np.zeros((8, 20), np.uint8),
        y_train=FOURS[:39],
        y_test=np.full(8, -1),
    )
    with pytest.raises(DatasetRefused) as caught:
        understand_file(write_npz(tmp_path / "a.npz", arrays), "a.npz")

    text = str(caught.value)
    assert text.startswith("a.npz has 3 problems: ")
    assert "x_train is (40, 4, 5) and y_train is (39,)" in text
    assert "give each image its height and width" in text
    assert "leave out images that have no label" in text


def test_faults_of_several_members_are_said_at_once(tmp_path: Path) -> None:
    members = {name: npy(array) for name, array in good().items()}
    path = write_zip(tmp_path / "a.npz", {**members, "x_train": objects(), "y_test": b"text"})

    with pytest.raises(DatasetRefused) as caught:
        understand_file(path, "a.npz")
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"x_train": "a", "y_train": "b", "x_test": "c", "y_test": "d"}, "no training images"),
        ({"x_train": "x_test2", "y_train": "y_test2"}, "has no training images"),
        ({"y_train": "why"}, "has images of the training part but no labels for them"),
        ({"x_test": "images"}, "has labels of the test part but no images for them"),
    ],
)
def test_names_that_say_too_little(tmp_path: Path, names: dict[str, str], expected: str) -> None:
    with pytest.raises(DatasetRefused) as caught:
        understand_file(write_npz(tmp_path / "a.npz", renamed(**names)), "a.npz")
    assert expected in str(caught.value)


def test_two_arrays_that_mean_the_same(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", good(train_images=good()["x_train"]))
    with pytest.raises(DatasetRefused, match="which mean the same: keep one"):
        understand_file(path, "a.npz")
