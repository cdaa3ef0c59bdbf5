"""What labels of any kind mean: numbers from anywhere, text, or one column for each class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.findings import Findings, listed, printable
from hpsearch.datasets.naming import PartName

Array = npt.NDArray[Any]
Labels = npt.NDArray[np.int64]

MAX_CLASSES = 1000
MAX_NAME = 200  # letters of a class's name
MAX_NUMBER = 10**15  # of a label


class NamedArray:
    """An array and the name that its file gives it."""

    def __init__(self, name: str, array: Array) -> None:
        self.name = name
        self.array = array


class Classes:
    """labels: (count,) of 0 to classes - 1, by part. names: by class; empty if 0, 1, 2, …"""

    def __init__(self, labels: Mapping[PartName, Labels], names: Sequence[str]) -> None:
        self.labels = labels
        self.names = tuple(names)


def classes_of(
    parts: Mapping[PartName, NamedArray], names: Sequence[str] | None, findings: Findings
) -> Classes | None:
    """The labels of all parts on one scale; None, with problems, if that cannot be.

    parts: arrays whose first size is the number of images; there are training labels among them.
    names: what the file calls the classes.
    """
    flat = {part: _one_each(labels, findings) for part, labels in parts.items()}
    found = {part: values for part, values in flat.items() if values is not None}
    if len(found) < len(parts):
        return None
    if len({values.dtype.kind for values in found.values()}) > 1:
        findings.problem("some labels are text and some are numbers: store all of them alike")
        return None
    learnt = np.concatenate([values for part, values in found.items() if part != "test"])
    known = np.unique(learnt)
    if not _can_be_classes(known, findings):
        return None
    if "test" in found:
        new = np.setdiff1d(found["test"], known)
        if len(new):
            findings.problem(
                f"{parts['test'].name} has labels that no training image has: {_shown(new)}"
            )
            return None
    labels = {part: np.searchsorted(known, values) for part, values in found.items()}
    return Classes(
        {part: np.asarray(values, np.int64) for part, values in labels.items()},
        _names(known, names, findings),
    )


def _one_each(labels: NamedArray, findings: Findings) -> Array | None:
    """One value for each image: whole numbers (int64), or text."""
    name, array = labels.name, labels.array
    if array.ndim == 2 and 1 in array.shape:
        findings.note(f"{name} is {array.shape}: taken as one label for each image")
        array = array.ravel()
    if array.ndim == 2 and array.dtype.kind in "biuf":
        return _from_columns(name, array, findings)
    if array.ndim != 1:
        findings.problem(
            f"{name} is {array.shape}: labels must be (count,), or (count, classes) with a single "
            "1 in each row"
        )
        return None
    if array.dtype.kind in "US":
        return _from_text(name, array, findings)
    return _whole(name, array, findings)


def _from_columns(name: str, array: Array, findings: Findings) -> Array | None:
    """One-hot labels: the class is the column that holds the 1."""
    ones = array == 1
    if not array.size or not (ones | (array == 0)).all() or (ones.sum(axis=1) != 1).any():
        findings.problem(
            f"{name} is {array.shape}, but not every row has a single 1 among zeros: each image "
            "needs exactly one class"
        )
        return None
    findings.note(f"{name} has one column for each class (one-hot)")
    return np.asarray(ones.argmax(axis=1), np.int64)


def _whole(name: str, array: Array, findings: Findings) -> Array | None:
    if array.dtype.kind not in "biuf":
        findings.problem(f"{name} holds {array.dtype}: labels must be whole numbers or text")
        return None
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            odd = array[~np.isfinite(array) | (array != np.rint(array))]
        if len(odd):
            findings.problem(
                f"{name} holds {float(odd[0]):g}: labels must be whole numbers or text"
            )
            return None
        findings.note(f"{name} holds floats, all of them whole numbers")
    if array.dtype.kind == "b":
        findings.note(f"{name} holds False and True: taken as 0 and 1")
        array = array.astype(np.int64)
    low, high = (float(array.min()), float(array.max())) if len(array) else (0.0, 0.0)
    if low < 0 or high > MAX_NUMBER:
        findings.problem(
            f"{name} goes from {low:.12g} to {high:.12g}: labels must be 0 or more (leave out "
            "images that have no label)"
        )
        return None
    return array.astype(np.int64)


def _from_text(name: str, array: Array, findings: Findings) -> Array | None:
    try:
        if array.dtype.kind == "S":
            array = np.char.decode(array, "utf-8")
        values = np.unique(array)
        texts = [str(value) for value in values.tolist()]
        "".join(texts).encode("utf-8")  # half a character is not text
    except (UnicodeError, ValueError):
        findings.problem(f"{name} holds bytes that are not text in UTF-8")
        return None
    if not all(text.strip() for text in texts):
        findings.problem(f"{name} has empty labels: leave out images that have no label")
        return None
    if long := [text for text in texts if len(text) > MAX_NAME]:
        findings.problem(
            f"{name} has a label of {len(long[0])} letters; the maximum is {MAX_NAME}: "
            f"{printable(long[0], 40)}"
        )
        return None
    if all(text.isascii() and text.isdigit() and len(text) < 15 for text in texts):
        return array.astype(np.int64)
    return array


def _can_be_classes(known: Array, findings: Findings) -> bool:
    if len(known) < 2:
        findings.problem("all training images have one label; at least two classes are needed")
    if len(known) > MAX_CLASSES:
        findings.problem(
            f"there are {len(known):,} different labels; the maximum is {MAX_CLASSES} classes"
        )
    return 2 <= len(known) <= MAX_CLASSES


def _names(known: Array, given: Sequence[str] | None, findings: Findings) -> list[str]:
    """What the classes are called, and a note if that is not just their number."""
    if known.dtype.kind == "U":
        findings.note(f"labels are text, classes are in their order: {_shown(known)}")
        return [str(value) for value in known.tolist()]
    first, last = int(known[0]), int(known[-1])
    count = len(known)
    names = _given_names(known, given, findings)
    if last == count - 1:
        return names
    if last - first == count - 1:
        findings.note(f"labels go from {first} to {last}: taken as classes 0 to {count - 1}")
    else:
        findings.note(
            f"labels are {_shown(known)}: taken as classes 0 to {count - 1} in that order"
        )
    return names or [str(value) for value in known.tolist()]


def _given_names(known: Array, given: Sequence[str] | None, findings: Findings) -> list[str]:
    if given is None:
        return []
    if len(given) == len(known):
        names = list(given)
    elif len(given) == int(known[-1]) + 1:
        names = [given[value] for value in known.tolist()]
    else:
        findings.note(f"ignored: {len(given)} names of classes, for there are {len(known)} classes")
        return []
    findings.note(f"classes are named {listed(names)}")
    return names


def _shown(values: Array) -> str:
    return listed([str(value) for value in values.tolist()])
