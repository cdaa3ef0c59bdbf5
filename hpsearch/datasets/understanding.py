"""From the arrays of an .npz file, whatever they are called and however they lie, to a data set.

What is plain is taken, and said in a sentence; what is not is refused with a sentence that says
what to do. All that is wrong with a file is said at once.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.archive import Array, check_total, open_zip, read_array, read_head, refusing
from hpsearch.datasets.carving import carve
from hpsearch.datasets.facts import Facts, counts
from hpsearch.datasets.findings import Findings
from hpsearch.datasets.labels import Labels, NamedArray, classes_of
from hpsearch.datasets.naming import Kind, PartName, Role, role_of, roles_of
from hpsearch.datasets.pixels import Scale, convert, image_shape, layout_of, scale_of
from hpsearch.datasets.stored import MEMBERS
from hpsearch.datasets.values import Images
from hpsearch.errors import DatasetError

Named = Mapping[PartName, NamedArray]


@dataclass(frozen=True, eq=False)
class Understood:
    """A data set in the form in which it is kept. arrays: by the names of `stored.MEMBERS`.

    plain: the file it came from holds the same already.
    """

    facts: Facts
    arrays: Mapping[str, Array]
    plain: bool


def understand_file(path: Path, called: str) -> Understood:
    """Raises DatasetRefused or DatasetError, which tell of the file as `called`."""
    findings = Findings()
    with refusing(f"{called}:"), open_zip(path) as archive:
        members = archive.infolist()
        roles = roles_of(members, findings)
        arrays = _read(archive, roles, findings)
    found = _understand(called, arrays, findings)
    same_names = {info.filename for info in members} == {f"{name}.npy" for name in MEMBERS}
    return Understood(found.facts, found.arrays, found.plain and same_names)


def understand_arrays(arrays: Mapping[str, Array], called: str) -> Understood:
    """The same for arrays from elsewhere, by names that `naming` knows."""
    roles = {role_of(name): NamedArray(name, array) for name, array in arrays.items()}
    return _understand(called, {role: array for role, array in roles.items() if role}, Findings())


def _read(
    archive: zipfile.ZipFile, roles: Mapping[Role, zipfile.ZipInfo], findings: Findings
) -> dict[Role, NamedArray]:
    """Headers first: nothing is unpacked before all sizes are known."""
    heads = {}
    for role, info in roles.items():
        try:
            heads[role] = read_head(archive, info)
        except DatasetError as error:
            findings.problem(str(error))
    check_total(list(heads.values()))
    arrays = {}
    for role, head in heads.items():
        info = roles[role]
        try:
            array = read_array(archive, info, head)
        except DatasetError as error:
            findings.problem(str(error))
        else:
            arrays[role] = NamedArray(info.filename.removesuffix(".npy"), array)
    return arrays


def _understand(called: str, arrays: Mapping[Role, NamedArray], findings: Findings) -> Understood:
    images, labels = _parts("x", arrays), _parts("y", arrays)
    if "val" in images and "test" not in images:
        findings.note(f"{images['val'].name} is taken as the test part, for there is no other")
        images, labels = _val_as_test(images), _val_as_test(labels)
    _check_counts(images, labels, findings)
    classes = classes_of(labels, _names(arrays), findings) if "train" in labels else None
    found = _images(images, findings)
    findings.refuse_if_any(called)
    if classes is None or found is None:  # whoever gave None has said why
        raise DatasetError(f"{called} cannot be understood")
    plain = found.plain and all(_is_plain(labels[part], classes.labels[part]) for part in labels)
    parts = _join_validation(found.parts, classes.labels, findings)
    parts = _carve_test(parts, findings)
    findings.refuse_if_any(called)
    return Understood(_facts(parts, classes.names, findings), parts, plain)


def _parts(kind: Kind, arrays: Mapping[Role, NamedArray]) -> dict[PartName, NamedArray]:
    """Arrays of no part are the training part."""
    return {role.part or "train": array for role, array in arrays.items() if role.kind == kind}


def _val_as_test(parts: Named) -> dict[PartName, NamedArray]:
    return {"test" if part == "val" else part: array for part, array in parts.items()}


def _names(arrays: Mapping[Role, NamedArray]) -> list[str] | None:
    """The names of classes that a file gives, if they are texts."""
    given = arrays.get(Role("names"))
    if given is None or given.array.ndim != 1 or given.array.dtype.kind != "U":
        return None
    return [str(name) for name in given.array.tolist()]


def _check_counts(images: Named, labels: Named, findings: Findings) -> None:
    for part in images:
        if part in labels:
            (x, y) = (images[part], labels[part])
            many, few = x.array.shape[:1], y.array.shape[:1]
            if many != few and x.array.ndim > 2 and y.array.shape != (1, *many):
                findings.problem(
                    f"{x.name} is {x.array.shape} and {y.name} is {y.array.shape}: there must be a "
                    "label for each image"
                )


@dataclass(frozen=True, eq=False)
class _Images:
    """Images as they are kept, by part. plain: they came so."""

    parts: Mapping[PartName, Images]
    plain: bool


def _images(given: Named, findings: Findings) -> _Images | None:
    layouts = {part: layout_of(it.name, it.array.shape, findings) for part, it in given.items()}
    if None in layouts.values() or not given:
        return None
    known = {part: layout for part, layout in layouts.items() if layout is not None}
    shapes = {part: image_shape(known[part], it.array.shape) for part, it in given.items()}
    if len(set(shapes.values())) > 1:
        said = ", ".join(f"{given[part].name} {_by(shape)}" for part, shape in shapes.items())
        findings.problem(f"images must be of one shape (channels, height, width): {said}")
    channels, height, width = next(iter(shapes.values()))
    colour = {1: "grey", 3: "in colour"}.get(channels, f"of {channels} channels")
    findings.note(f"images are {width} × {height} pixels, {colour}")
    scale = scale_of({it.name: it.array for it in given.values()}, findings)
    if findings.problems or scale is None:
        return None
    kept: Scale = "floats" if scale == "floats" else "bytes"
    plain = set(given) == {"train", "test"} and scale == kept
    plain = plain and all(
        known[part] != "channels first" and (it.array.dtype.kind == "f") == (kept == "floats")
        for part, it in given.items()
    )
    return _Images(
        {part: convert(it.array, known[part], scale) for part, it in given.items()}, plain
    )


def _is_plain(given: NamedArray, labels: Labels) -> bool:
    """Whether labels are stored as they are kept."""
    shapes = ((len(labels),), (len(labels), 1))
    return (
        given.array.dtype.kind in "iu"
        and given.array.shape in shapes
        and np.array_equal(given.array.ravel(), labels)
    )


def _join_validation(
    images: Mapping[PartName, Images], labels: Mapping[PartName, Labels], findings: Findings
) -> dict[str, Array]:
    """Every job carves a validation part of its own, so one that comes is more training data."""
    parts: dict[str, Array] = {}
    for part in images:
        if part != "val":
            parts |= {f"x_{part}": images[part], f"y_{part}": labels[part]}
    if "val" in images:
        findings.note(
            f"the {len(labels['val']):,} validation images join the training images: every job "
            "carves a validation part of its own"
        )
        parts["x_train"] = np.concatenate([images["train"], images["val"]])
        parts["y_train"] = np.concatenate([labels["train"], labels["val"]])
    return parts


def _carve_test(parts: dict[str, Array], findings: Findings) -> dict[str, Array]:
    if "x_test" in parts:
        return parts
    test = carve(parts["y_train"])
    note_carved(test, findings)
    return {
        "x_train": parts["x_train"][~test],
        "y_train": parts["y_train"][~test],
        "x_test": parts["x_train"][test],
        "y_test": parts["y_train"][test],
    }


def note_carved(test: npt.NDArray[np.bool_], findings: Findings) -> None:
    """Say that a test part was set apart, or that there are too few images for one."""
    if test.any():
        findings.note(
            f"there is no test part: {np.count_nonzero(test):,} of {len(test):,} images, a fifth "
            "of each class, are set apart as one"
        )
    else:
        findings.problem(
            f"has no test part, and {len(test):,} images are too few to set one apart: some class "
            "needs five images"
        )


def _facts(parts: Mapping[str, Array], names: tuple[str, ...], findings: Findings) -> Facts:
    images, labels, test = parts["x_train"], parts["y_train"], parts["y_test"]
    classes = int(labels.max()) + 1
    _, height, width, channels = images.shape
    return Facts(
        classes,
        (channels, height, width),
        training=len(labels),
        test=len(test),
        pixels="floats" if images.dtype.kind == "f" else "bytes",
        class_names=names,
        training_counts=counts(labels, classes),
        test_counts=counts(test, classes),
        understood=tuple(findings.understood),
    )


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in shape)
