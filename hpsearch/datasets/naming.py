"""Which array of a file is which, by its name.

Known are the names that Keras (`x_train`), scikit-learn's users (`X_train`), MedMNIST
(`train_images`) and many scripts (`images`, `labels`) give. A name says a kind (images or labels)
and, unless there is but one part, the part (training, validation or test), in either order.
"""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hpsearch.datasets.findings import Findings, listed, printable

Kind = Literal["x", "y", "names"]
PartName = Literal["train", "val", "test"]

KINDS: dict[str, Kind] = {
    **dict.fromkeys(("x", "image", "images", "img", "imgs", "data", "pixels", "features"), "x"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets"), "y"),
}
PARTS: dict[str, PartName] = {
    **dict.fromkeys(("train", "training", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "te"), "test"),
}
CLASS_NAMES = ("class_names", "classes", "label_names", "labels_names", "target_names")
EXPECTED = "x_train, y_train, x_test and y_test"
MAX_MEMBERS = 100  # of an .npz file

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_. -]{0,50}")
_WORDS = re.compile(r"[a-z]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_JOINED = re.compile(
    rf"(?P<kind>[xy])(?P<part>{'|'.join(PARTS)})|(?P<part2>{'|'.join(PARTS)})(?P<kind2>[xy])"
)


@dataclass(frozen=True)
class Role:
    """What an array is. A part of None: the file does not part its images."""

    kind: Kind
    part: PartName | None = None


def role_of(name: str) -> Role | None:
    """None if the name says nothing that is known."""
    if name.lower() in CLASS_NAMES:
        return Role("names")
    if not _NAME.fullmatch(name):
        return None
    words = _WORDS.findall(_CAMEL.sub("_", name).lower())
    if len(words) == 1:
        if joined := _JOINED.fullmatch(words[0]):
            part = joined["part"] or joined["part2"]
            return Role(KINDS[joined["kind"] or joined["kind2"]], PARTS[part])
        kind = KINDS.get(words[0])
        return Role(kind) if kind else None
    if len(words) != 2:
        return None
    for first, second in (words, reversed(words)):
        if first in KINDS and second in PARTS:
            return Role(KINDS[first], PARTS[second])
    return None


def roles_of(members: Sequence[zipfile.ZipInfo], findings: Findings) -> dict[Role, zipfile.ZipInfo]:
    """The members that are taken, by role. Others are noted; what is unclear is a problem."""
    taken: dict[Role, zipfile.ZipInfo] = {}
    others: list[str] = []
    if len(members) > MAX_MEMBERS:
        findings.problem(f"has {len(members):,} members; the maximum is {MAX_MEMBERS}")
        return {}
    for info in members:
        name = info.filename.removesuffix(".npy")
        role = role_of(name) if info.filename.endswith(".npy") else None
        if role is None:
            others.append(repr(printable(name)))
        elif role not in taken:
            taken[role] = info
        elif taken[role].filename == info.filename:
            findings.problem(f"has two members {info.filename!r}")
        else:
            findings.problem(
                f"has {taken[role].filename!r} and {info.filename!r}, which mean the same: keep one"
            )
    _check_complete(set(taken), others, findings)
    if others and not findings.problems:
        findings.note(f"ignored: {listed(others)}")
    return taken


def _check_complete(roles: set[Role], others: list[str], findings: Findings) -> None:
    """Images need labels and labels images; and there must be images to train on."""
    parts = {role.part for role in roles if role.kind != "names"}
    named = ", ".join(sorted(part for part in parts if part))
    if None in parts and named:
        findings.problem(
            f"has arrays of no part beside those of {named}: name the arrays {EXPECTED}"
        )
    for part in sorted(parts, key=str):
        for kind, said, other in (("x", "images", "labels"), ("y", "labels", "images")):
            if Role(kind, part) not in roles:  # type: ignore[arg-type]  # a literal of two
                findings.problem(
                    f"has {other}{_of(part)} but no {said} for them{_call(kind, part)}"
                )
    if not parts & {"train", None} and not findings.problems:
        found = f"; it has {listed(others)}" if others else ""
        findings.problem(f"has no training images: name the arrays {EXPECTED}{found}")


def _of(part: PartName | None) -> str:
    return f" of the {SPOKEN[part]} part" if part else ""


def _call(kind: str, part: PartName | None) -> str:
    return f" (call them {kind}_{part})" if part else f" (call them {kind})"


SPOKEN: dict[PartName, str] = {"train": "training", "val": "validation", "test": "test"}
