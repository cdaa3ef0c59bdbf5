"""Images in folders that are named by class: which image is of which class and part.

    root/cat/1.png, root/dog/2.jpg, …                    one part
    root/train/cat/1.png, root/test/cat/2.png, …         parts; `val` may be there too

The root is a folder or a zip file; a single folder around all of it is looked into.
"""

import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from hpsearch.datasets.findings import Findings, listed, printable
from hpsearch.datasets.labels import MAX_CLASSES, MAX_NAME
from hpsearch.datasets.naming import PARTS, PartName

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif")
CLUTTER = ("__MACOSX", "Thumbs.db", "desktop.ini")  # and all that begins with a dot
MAX_FILES = 1_000_000
MAX_DEPTH = 6  # folders below the root
MAX_IMAGE_FILE = 50 * 2**20  # bytes


@dataclass(frozen=True)
class ImageFile:
    """path: names of the folders below the root, and of the file."""

    path: tuple[str, ...]
    size: int  # bytes
    open: Callable[[], IO[bytes]]

    def __str__(self) -> str:
        return "/".join(self.path)


@dataclass(frozen=True)
class Tree:
    """All files below a root, and all folders, the empty ones too."""

    files: list[ImageFile]
    folders: set[tuple[str, ...]]


@dataclass(frozen=True)
class Arranged:
    """classes: their names, in order. parts: images with their class, in order."""

    classes: tuple[str, ...]
    parts: Mapping[PartName, list[tuple[ImageFile, int]]]


def tree_of_folder(root: Path, findings: Findings) -> Tree:
    """What lies below a folder. Links that lead out of it are a problem: they are not followed.

    So are folders that are too deep: they are not looked into.
    """
    tree = Tree([], set())
    home = root.resolve()
    outside: list[str] = []
    deep: list[str] = []

    def look(folder: Path, path: tuple[str, ...]) -> None:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                here = (*path, entry.name)
                if _is_clutter(entry.name) or len(tree.files) > MAX_FILES:
                    continue
                if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(home):
                    outside.append("/".join(here))
                elif entry.is_dir() and len(here) > MAX_DEPTH:
                    deep.append("/".join(here))
                elif entry.is_dir():
                    tree.folders.add(here)
                    look(Path(entry.path), here)
                elif entry.is_file():
                    tree.files.append(
                        ImageFile(here, entry.stat().st_size, partial(_open, entry.path))
                    )

    try:
        look(root, ())
    except OSError as error:
        findings.problem(f"{printable(str(error.filename))} cannot be read: {error.strerror}")
    if deep:
        findings.problem(f"has folders more than {MAX_DEPTH} deep: {listed(deep)}")
    if outside:
        findings.problem(f"has links that lead out of the folder: {listed(outside)}")
    return tree


def tree_of_zip(archive: zipfile.ZipFile, findings: Findings) -> Tree:
    """What lies in a zip file. Names that lead out of it or are too deep are a problem.

    A name may have 32,000 folders in it: they are counted before anything is made of them.
    """
    tree = Tree([], set())
    outside: list[str] = []
    deep: list[str] = []
    for info in archive.infolist():
        if info.filename.rstrip("/").count("/") > MAX_DEPTH:
            deep.append(repr(printable(info.filename)))
            continue
        path = tuple(part for part in info.filename.split("/") if part)
        if any(_is_clutter(part) and part != ".." for part in path):
            continue
        if info.filename.startswith("/") or ".." in path or "\\" in info.filename:
            outside.append(repr(printable(info.filename)))
            continue
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            outside.append(repr(printable(info.filename)))
            continue
        above = path if info.is_dir() else path[:-1]
        tree.folders.update(above[:depth] for depth in range(1, len(above) + 1))
        if not info.is_dir():
            tree.files.append(ImageFile(path, info.file_size, partial(archive.open, info)))
    if deep:
        findings.problem(f"has names of more than {MAX_DEPTH} folders: {listed(deep)}")
    if outside:
        findings.problem(f"has names or links that lead out of the folder: {listed(outside)}")
    return tree


def _open(path: str) -> IO[bytes]:
    return open(path, "rb")


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name in CLUTTER


def arrange(tree: Tree, findings: Findings) -> Arranged:
    """Classes and parts; if problems were found, what could be arranged all the same."""
    if len(tree.files) > MAX_FILES:
        findings.problem(f"has more than {MAX_FILES:,} files, the maximum")
    tree = _unwrapped(tree, findings)
    images = [file for file in tree.files if file.path[-1].lower().endswith(SUFFIXES)]
    others = [str(file) for file in tree.files if not file.path[-1].lower().endswith(SUFFIXES)]
    if others:
        findings.note(f"left out, for they are not PNG or JPEG: {listed(others)}")
    _check_sizes(images, findings)
    roots = _part_folders(tree, findings)
    found: dict[PartName, dict[str, list[ImageFile]]] = {}
    for part, root in roots.items():
        below = [file for file in images if file.path[: len(root)] == root]
        found[part] = _by_class(below, tree.folders, root, findings)
    if not images:
        findings.problem("has no PNG or JPEG images in folders named by class")
    if "train" not in found and "val" in found and "test" in found:
        findings.problem("has no folder train")
    elif "val" in found and "test" not in found:
        findings.note("the folder val is taken as the test part, for there is no other")
        found["test"] = found.pop("val")
    elif "val" in found:
        findings.note(
            "the images of val join those of train: every job carves a validation part of its own"
        )
    return _numbered(found, findings)


def _unwrapped(tree: Tree, findings: Findings) -> Tree:
    """A tree without the single folder that is around all of it."""
    while True:
        tops = {folder[0] for folder in tree.folders}
        deeper = any(len(folder) > 1 for folder in tree.folders)
        if len(tops) != 1 or not deeper or any(len(file.path) == 1 for file in tree.files):
            return tree
        (top,) = tops
        if top.lower() in PARTS:
            return tree
        findings.note(f"all images are below the folder {printable(top)}")
        tree = Tree(
            [ImageFile(file.path[1:], file.size, file.open) for file in tree.files],
            {folder[1:] for folder in tree.folders if len(folder) > 1},
        )


def _part_folders(tree: Tree, findings: Findings) -> dict[PartName, tuple[str, ...]]:
    """The folder of each part. A class may be called "train": a part has folders in it."""
    tops = sorted({folder[0] for folder in tree.folders})
    parents = {folder[0] for folder in tree.folders if len(folder) > 1}
    parts = [top for top in tops if top.lower() in PARTS and top in parents]
    if not parts:
        return {"train": ()}
    found: dict[PartName, tuple[str, ...]] = {}
    for top in parts:
        part = PARTS[top.lower()]
        if part in found:
            findings.problem(f"has the folders {found[part][0]} and {top}, which mean the same")
        found[part] = (top,)
    if beside := [top for top in tops if top not in parts]:
        findings.problem(
            f"has {listed(beside)} beside {listed(parts)}: put every class into a part"
        )
    return found


def _by_class(
    images: Iterable[ImageFile],
    folders: Iterable[tuple[str, ...]],
    root: tuple[str, ...],
    findings: Findings,
) -> dict[str, list[ImageFile]]:
    """Images of one part by the name of their folder."""
    depth = len(root)
    classes: dict[str, list[ImageFile]] = {
        folder[depth]: []
        for folder in sorted(folders)
        if folder[:depth] == root and len(folder) == depth + 1
    }
    loose, deep = [], []
    for file in sorted(images, key=lambda file: file.path):
        if len(file.path) == depth + 1:
            loose.append(str(file))
        elif len(file.path) > depth + 2:
            deep.append(str(file))
        else:
            classes[file.path[depth]].append(file)
    if loose:
        findings.problem(f"has images in no class's folder: {listed(loose)}")
    if deep:
        findings.problem(f"has images in folders inside a class's folder: {listed(deep)}")
    empty = [name for name, files in classes.items() if not files]
    if empty and not deep:
        findings.problem(
            f"has folders without images: {listed(['/'.join((*root, name)) for name in empty])}"
        )
    return {name: files for name, files in classes.items() if files}


def _check_sizes(images: Iterable[ImageFile], findings: Findings) -> None:
    if large := [str(file) for file in images if file.size > MAX_IMAGE_FILE]:
        findings.problem(
            f"has images of more than {MAX_IMAGE_FILE // 2**20} MB, the maximum: {listed(large)}"
        )


def _numbered(
    found: Mapping[PartName, Mapping[str, list[ImageFile]]], findings: Findings
) -> Arranged:
    """Classes in the order of their names (of their numbers, if all names are numbers)."""
    spelled = {
        part: {_spelled(name, findings): files for name, files in classes.items()}
        for part, classes in found.items()
    }
    for part, classes in spelled.items():
        if len(classes) < len(found[part]):
            findings.problem("has two folders whose names are the same but for their encoding")
    learnt = {name for part, classes in spelled.items() if part != "test" for name in classes}
    names = sorted(learnt, key=lambda name: (int(name), name) if _all_numbers(learnt) else name)
    if len(names) < 2:
        findings.problem(f"has classes with training images: {len(names)}; at least two are needed")
    if len(names) > MAX_CLASSES:
        findings.problem(f"has {len(names):,} classes; the maximum is {MAX_CLASSES}")
    if new := sorted(set(spelled.get("test", {})) - learnt):
        findings.problem(f"has test images of classes without training images: {listed(new)}")
    index = {name: number for number, name in enumerate(names)}
    return Arranged(
        tuple(names),
        {part: list(_labelled(classes, index)) for part, classes in spelled.items()},
    )


def _labelled(
    classes: Mapping[str, list[ImageFile]], index: Mapping[str, int]
) -> Iterator[tuple[ImageFile, int]]:
    for name in sorted(classes, key=lambda name: index.get(name, -1)):
        for file in classes[name]:
            yield file, index.get(name, -1)


def _all_numbers(names: Iterable[str]) -> bool:
    return all(name.isascii() and name.isdigit() for name in names)


def _spelled(name: str, findings: Findings) -> str:
    """A folder's name as text; some systems write é as one letter, some as two."""
    if len(name) > MAX_NAME:
        findings.problem(f"has a folder whose name is longer than {MAX_NAME} letters")
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        findings.problem(f"has a folder whose name is not text in UTF-8: {printable(name)}")
    return unicodedata.normalize("NFC", name)
