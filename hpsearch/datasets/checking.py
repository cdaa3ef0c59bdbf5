"""From what somebody hands in to a file that can be kept, or to all the reasons why not.

`check` is a function of what is handed in: an .npz file, a folder of class-named folders of images,
or a zip file of those. It stores nothing but the draft that it is given. The command line calls it;
a server has `checking_child` call it, in a process with limits.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from hpsearch.datasets.archive import open_zip, refusing
from hpsearch.datasets.facts import Facts
from hpsearch.datasets.files import copy_whole
from hpsearch.datasets.findings import Findings
from hpsearch.datasets.folders import Tree, arrange, tree_of_folder, tree_of_zip
from hpsearch.datasets.formats import READERS
from hpsearch.datasets.image_files import Progress, write_images
from hpsearch.datasets.pixels import MAX_SIDE
from hpsearch.datasets.stored import write_stored
from hpsearch.datasets.understanding import Understood, understand_arrays, understand_file
from hpsearch.errors import DatasetError


def no_progress(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def check(
    source: Path,
    draft: Path,
    called: str | None = None,
    size: int | None = None,
    progress: Progress = no_progress,
) -> Facts:
    """Write what is handed in to `draft`, in the form in which data sets are kept.

    called: the name by which errors tell of it, if not its own. size: width and height that images
    of a folder are resized to. Raises DatasetError or DatasetRefused; the draft is then worthless.
    """
    name = called or source.name
    if size is not None and not 1 <= size <= MAX_SIDE:
        raise DatasetError(f"size must be 1 to {MAX_SIDE} pixels, it is {size}")
    if source.is_dir():
        findings = Findings()
        return _write_tree(tree_of_folder(source, findings), draft, name, size, findings, progress)
    copy_whole(source, draft)  # nobody changes the copy while it is checked
    if _holds_arrays(draft, name):
        if size is not None:
            raise DatasetError(f"{name} holds arrays: size is for images in folders")
        found = understand_file(draft, name)
        if not found.plain:
            write_stored(draft, found.arrays)
        return found.facts
    return _check_zip(draft, name, size, progress)


def check_published(name: str, paths: Mapping[str, Path], draft: Path) -> Facts:
    """The same for the files of a well-known data set, by the names they are published under."""
    reader = READERS.get(name)
    if reader is None:
        (path,) = paths.values()
        return check(path, draft)
    found: Understood = understand_arrays(reader(paths), name)
    write_stored(draft, found.arrays)
    return found.facts


def _holds_arrays(path: Path, name: str) -> bool:
    with refusing(f"{name}:"), open_zip(path) as archive:
        return _is_npz(archive) or not archive.namelist()


def _is_npz(archive: zipfile.ZipFile) -> bool:
    return any(info.filename.endswith(".npy") for info in archive.infolist())


def _check_zip(path: Path, name: str, size: int | None, progress: Progress) -> Facts:
    findings = Findings()
    images = path.with_name(f"{path.name}.images")
    try:
        with refusing(f"{name}:"), open_zip(path) as archive:
            tree = tree_of_zip(archive, findings)
            facts = _write_tree(tree, images, name, size, findings, progress)
        images.replace(path)
    finally:
        images.unlink(missing_ok=True)
    return facts


def _write_tree(
    tree: Tree, draft: Path, name: str, size: int | None, findings: Findings, progress: Progress
) -> Facts:
    arranged = arrange(tree, findings)
    facts = write_images(arranged, draft, size, findings, progress)
    findings.refuse_if_any(name)
    if facts is None:  # whoever gave None has said why
        raise DatasetError(f"{name} cannot be understood")
    return facts
