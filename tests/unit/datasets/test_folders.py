"""Class-named folders of images: taken, or refused with all the reasons."""

import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hpsearch.datasets.checking import check
from hpsearch.datasets.facts import Facts
from hpsearch.datasets.stored import read_stored
from hpsearch.datasets.values import Dataset
from hpsearch.errors import DatasetError, DatasetRefused
from tests.needs import real_data
from tests.unit.datasets.image_folders import classes, picture, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "pets"


def taken(source: Path, size: int | None = None) -> tuple[Facts, Dataset]:
    draft = source.parent / "draft.npz"
    facts = check(source, draft, size=size)
    return facts, read_stored("pets", draft)


def problems(source: Path, size: int | None = None) -> str:
    with pytest.raises(DatasetRefused) as caught:
        check(source, source.parent / "draft.npz", size=size)
    assert str(caught.value).startswith(source.name)
    return "; ".join(caught.value.problems)


def said(facts: Facts) -> str:
    return "; ".join(facts.understood)


def zipped(source: Path, below: str = "") -> Path:
    path = source.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, Path(below) / file.relative_to(source))
    return path


def test_classes_without_parts(root: Path) -> None:
    facts, dataset = taken(classes(root, ("dog", "cat"), count=10))

    assert facts.class_names == ("cat", "dog")
    assert (facts.training_counts, facts.test_counts) == ((8, 8), (2, 2))
    assert (facts.shape, facts.pixels) == ((3, 6, 8), "bytes")
    assert dataset.shape == (3, 6, 8)
    assert "4 of 20 images, a fifth of each class, are set apart" in said(facts)


def test_pixels_are_those_of_the_files(root: Path) -> None:
    classes(root / "train")
    write(root / "test", "dog/a.png")
    facts, dataset = taken(root)

    assert (facts.training, facts.test) == (10, 1)
    expected = np.array(picture(0)).transpose(2, 0, 1)
    np.testing.assert_array_equal(dataset.test.images[0], expected)
    np.testing.assert_array_equal(dataset.training.images[0], expected)
    assert dataset.training.labels.tolist() == [0] * 5 + [1] * 5
    assert dataset.test.labels.tolist() == [1]


@pytest.mark.parametrize("parts", [("train", "test"), ("Training", "TESTING"), ("train", "val")])
def test_parts(root: Path, parts: tuple[str, str]) -> None:
    for part, count in zip(parts, (6, 2), strict=True):
        classes(root / part, count=count)
    facts, _ = taken(root)

    assert (facts.training, facts.test) == (12, 4)
    assert ("val is taken as the test part" in said(facts)) == ("val" in parts)


def test_a_validation_part_joins_the_training_part(root: Path) -> None:
    for part, count in (("train", 4), ("val", 2), ("test", 1)):
        classes(root / part, count=count)
    facts, _ = taken(root)

    assert (facts.training_counts, facts.test_counts) == ((6, 6), (1, 1))
    assert "the images of val join those of train" in said(facts)


def test_a_class_may_be_called_train(root: Path) -> None:
    facts, _ = taken(classes(root, ("car", "train")))

    assert facts.class_names == ("car", "train")


def test_numbers_are_in_their_order(root: Path) -> None:
    facts, _ = taken(classes(root, tuple(map(str, range(11)))))

    assert facts.class_names == tuple(map(str, range(11)))


def test_a_zip_file_is_as_good_as_a_folder(root: Path) -> None:
    for part in ("train", "test"):
        classes(root / part)
    expected, folder = taken(root)
    for below in ("", "pets", "a/b"):
        facts, dataset = taken(zipped(root, below))
        assert (facts.training_counts, facts.class_names) == (
            expected.training_counts,
            expected.class_names,
        )
        np.testing.assert_array_equal(dataset.training.images, folder.training.images)


def test_grey_images_have_one_channel(root: Path) -> None:
    facts, dataset = taken(classes(root, mode="L"))

    assert facts.shape == (1, 6, 8)
    assert dataset.training.images.shape == (8, 1, 6, 8)
    assert "images are grey" in said(facts)


@pytest.mark.parametrize(
    ("mode", "channels", "sentence"),
    [
        ("1", 1, "images are grey"),
        ("LA", 1, "transparency, which is left out"),
        ("RGBA", 3, "transparency, which is left out"),
        ("P", 3, "images are in colour"),
    ],
)
def test_images_of_other_modes(root: Path, mode: str, channels: int, sentence: str) -> None:
    facts, _ = taken(classes(root, mode=mode))

    assert facts.shape == (channels, 6, 8)
    assert sentence in said(facts)


def test_grey_and_colour_together_are_colour(root: Path) -> None:
    write(classes(root), "cat/grey.png", mode="L")
    facts, _ = taken(root)

    assert facts.shape == (3, 6, 8)
    assert "grey images: 1, in colour: 10; all are taken as colour" in said(facts)


def test_sizes_that_differ_are_refused_or_resized(root: Path) -> None:
    write(classes(root), "cat/large.jpg", size=(200, 100))

    assert "images are of 2 sizes: 8 × 6 (10), 200 × 100 (1)" in problems(root)
    assert "--size 8" in problems(root)
    facts, dataset = taken(root, size=4)
    assert facts.shape == dataset.shape == (3, 4, 4)
    assert "cut to its middle square and resized to 4 × 4" in said(facts)


def test_photos_are_turned_as_the_camera_says(root: Path) -> None:
    classes(root, ("dog",), size=(6, 8))
    tags = Image.Exif()
    tags[0x0112] = 6
    for number in range(5):
        (root / "cat").mkdir(exist_ok=True)
        picture(number, (8, 6)).save(root / "cat" / f"{number}.jpg", exif=tags)
    facts, _ = taken(root)

    assert facts.shape == (3, 8, 6)
    assert "images turned as their camera says (EXIF): 5" in said(facts)


def test_other_files_are_left_out_and_named(root: Path) -> None:
    classes(root)
    (root / "README.txt").write_text("pets")
    (root / "cat" / "notes.md").write_text("cats")
    (root / "cat" / "Thumbs.db").write_bytes(b"")
    (root / "cat" / "._1.png").write_bytes(b"of another program")
    (root / ".git").mkdir()
    facts, _ = taken(root)

    assert facts.training + facts.test == 10
    assert "left out, for they are not PNG or JPEG: README.txt, cat/notes.md" in said(facts)


def animated(path: Path) -> None:
    picture(0).save(path, save_all=True, append_images=[picture(1)])


def truncated(path: Path) -> None:
    picture(0).save(path)
    path.write_bytes(path.read_bytes()[:-60])


def text(path: Path) -> None:
    path.write_text("not an image")


def gif(path: Path) -> None:
    picture(0).save(path, "GIF")


def wide(path: Path) -> None:
    Image.fromarray(np.arange(48, dtype=np.uint16).reshape(6, 8)).save(path)


def bomb(path: Path, side: int = 30_000) -> None:
    """A PNG header that says 30,000 × 30,000."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    body = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + struct.pack(">I", 0) + b"IDAT" + bytes(4))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (animated, "animated, and one picture is needed: cat/bad.png"),
        (truncated, "broken: cat/bad.png"),
        (text, "broken, or not PNG or JPEG inside: cat/bad.png"),
        (gif, "broken, or not PNG or JPEG inside: cat/bad.png"),
        (wide, "16 bits a pixel, and 8 are needed: cat/bad.png"),
        (bomb, "larger than 64 million pixels, the maximum: cat/bad.png"),
        (partial(bomb, side=9_000), "larger than 64 million pixels, the maximum: cat/bad.png"),
    ],
)
def test_files_that_will_not_do_are_named(
    root: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(classes(root) / "cat" / "bad.png")

    assert reason in problems(root)


def test_all_faults_are_said_at_once(root: Path) -> None:
    write(classes(root), "cat/large.png", size=(9, 9))
    animated(root / "cat" / "moving.png")
    truncated(root / "dog" / "cut.png")
    truncated(root / "dog" / "cut2.png")
    write(root, "loose.png", "dog/puppies/1.png")
    (root / "empty").mkdir()
    found = problems(root)

    for fault in (
        "images are of 2 sizes",
        "animated, and one picture is needed: cat/moving.png",
        "broken: dog/cut.png, dog/cut2.png",
        "has images in no class's folder: loose.png",
        "has images in folders inside a class's folder: dog/puppies/1.png",
    ):
        assert fault in found


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda root: root.mkdir(), "has no PNG or JPEG images"),
        (lambda root: write(root, "1.png", "2.png"), "has images in no class's folder"),
        (lambda root: classes(root, ("cat",)), "has classes with training images: 1; at least two"),
        (lambda root: classes(root, count=2), "too few to set one apart"),
        (
            lambda root: (classes(root / "train"), classes(root / "test", ("cow",))),
            "has test images of classes without training images: cow",
        ),
        (
            lambda root: (classes(root / "train"), classes(root, ("cow",))),
            "has cow beside train: put every class into a part",
        ),
        (
            lambda root: (classes(root / "val"), classes(root / "valid")),
            "has the folders val and valid, which mean the same",
        ),
        (
            lambda root: (classes(root), (root / "cow").mkdir()),
            "has folders without images: cow",
        ),
        (
            lambda root: classes(root, size=(1100, 2)),
            "images are 1100 × 2 pixels; the maximum is 1024 a side",
        ),
    ],
)
def test_arrangements_that_will_not_do(
    root: Path, make: Callable[[Path], object], fault: str
) -> None:
    make(root)

    assert fault in problems(root)


def test_links_are_not_followed_out_of_the_folder(root: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "photo.png") / "photo.png"
    classes(root)
    (root / "cat" / "inside.png").symlink_to(root / "cat" / "1.png")
    taken(root)
    (root / "cat" / "outside.png").symlink_to(secret)
    (root / "cow").symlink_to(secret.parent)

    assert "has links that lead out of the folder: cat/outside.png, cow" in problems(root)


def test_names_in_a_zip_file_do_not_lead_out_of_it(root: Path) -> None:
    path = zipped(classes(root))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../cat/evil.png", b"")
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    found = problems(path)
    assert "has names or links that lead out of the folder" in found
    assert "'../cat/evil.png', 'cat/link.png'" in found


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("above", "refused"), [("cat/b/c/d/e/f", False), ("cat/b/c/d/e/f/g", True)]
)
def test_folders_that_are_too_deep_are_refused(
    root: Path, packed: bool, above: str, refused: bool
) -> None:
    write(root, f"{above}/1.png", "dog/1.png")
    source = zipped(root) if packed else root
    assert ("more than 6" in problems(source)) == refused


def test_a_size_is_for_images_in_folders(root: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2, 2)), y=np.arange(4))

    with pytest.raises(DatasetError, match="size is for images in folders"):
        check(tmp_path / "a.npz", tmp_path / "draft", size=8)
    with pytest.raises(DatasetError, match="size must be 1 to 1024"):
        check(classes(root), tmp_path / "draft", size=0)


def test_progress_is_reported_to_the_end(root: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    check(classes(root), tmp_path / "draft", progress=lambda *step: seen.append(step))

    assert {what for what, _, _ in seen} == {"looking at images", "reading images"}
    assert seen[-1] == ("reading images", 10, 10)


def test_the_same_images_give_the_same_file(root: Path, tmp_path: Path) -> None:
    classes(root)
    for name in ("one", "two"):
        check(root, tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_real_photos(tmp_path: Path) -> None:
    facts = check(real_data("cifar10_folders"), tmp_path / "draft")

    assert facts.class_names == ("cat", "dog", "ship")
    assert (facts.training_counts, facts.test_counts) == ((30, 30, 30), (10, 10, 10))
    assert facts.shape == (3, 32, 32)
