"""PNG and JPEG files: looked at, decoded, and written as the arrays of a data set."""

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from hpsearch.datasets.archive import MAX_UNPACKED
from hpsearch.datasets.carving import carve
from hpsearch.datasets.facts import Facts, counts
from hpsearch.datasets.findings import Findings, listed
from hpsearch.datasets.folders import Arranged, ImageFile
from hpsearch.datasets.pixels import MAX_SIDE
from hpsearch.datasets.stored import writing_stored
from hpsearch.datasets.understanding import note_carved

Progress = Callable[[str, int, int], None]  # what is done, how many are done, of how many

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 64 * 2**20  # of one image, before it is resized
ORIENTATION = 0x0112  # the EXIF tag
TURNED = (5, 6, 7, 8)  # orientations that swap width and height
WIDE = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")  # modes of more than 8 bits

Labelled = tuple[ImageFile, int]


@dataclass
class _Looks:
    """What the headers of all files say together."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    grey: int = 0
    colour: int = 0
    turned: int = 0
    transparent: int = 0
    broken: dict[str, list[str]] = field(default_factory=dict)  # files by what is wrong with them

    def blame(self, file: ImageFile, reason: str) -> None:
        self.broken.setdefault(reason, []).append(str(file))


def write_images(
    arranged: Arranged, draft: Path, size: int | None, findings: Findings, progress: Progress
) -> Facts | None:
    """Decode all images into the file of a data set; None, with problems, if that cannot be.

    size: width and height that images are resized to; None: they must all be of one size.
    """
    training, test = _two_parts(arranged, findings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; broken files are named here
        looks = _look([*training, *test], progress)
        side = _agreed_size(looks, size, findings)
        _note_looks(looks, findings)
        channels = 3 if looks.colour else 1
        count = len(training) + len(test)
        _check_memory(count, side, channels, findings)
        kept = None if findings.problems or looks.broken else draft
        decode = _Decoder(side, channels, resized=size is not None)
        _decode_all(training, test, decode, kept, looks, progress)
    for reason, files in looks.broken.items():
        findings.problem(f"{reason}: {listed(files)}")
    if findings.problems or side is None:
        return None
    return _facts(arranged, training, test, (channels, side[1], side[0]), findings)


def _two_parts(arranged: Arranged, findings: Findings) -> tuple[list[Labelled], list[Labelled]]:
    """The validation part joins the training part; a test part is set apart if there is none."""
    training = [*arranged.parts.get("train", ()), *arranged.parts.get("val", ())]
    if "test" in arranged.parts or not training:
        return training, list(arranged.parts.get("test", ()))
    apart = carve(np.array([label for _, label in training], np.int64))
    note_carved(apart, findings)
    return (
        [image for image, test in zip(training, apart, strict=True) if not test],
        [image for image, test in zip(training, apart, strict=True) if test],
    )


def _look(images: Sequence[Labelled], progress: Progress) -> _Looks:
    """Read the headers of all files."""
    looks = _Looks()
    for done, (file, _) in enumerate(images):
        progress("looking at images", done, len(images))
        try:
            _look_at(file, looks)
        except Exception as error:
            looks.blame(file, _reason(error))
    return looks


def _look_at(file: ImageFile, looks: _Looks) -> None:
    with file.open() as opened, Image.open(opened, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            looks.blame(file, f"larger than {MAX_PIXELS // 2**20} million pixels, the maximum")
        elif image.format == "PNG" and getattr(image, "n_frames", 1) > 1:
            looks.blame(file, "animated, and one picture is needed")
        elif image.mode in WIDE:
            looks.blame(file, "16 bits a pixel, and 8 are needed")
        else:
            turned = image.getexif().get(ORIENTATION, 1)
            looks.turned += turned > 1
            looks.sizes[(height, width) if turned in TURNED else (width, height)] += 1
            grey = _is_grey(image)
            looks.grey += grey
            looks.colour += not grey
            looks.transparent += image.has_transparency_data


def _is_grey(image: Image.Image) -> bool:
    if image.mode == "P":
        palette = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in ("1", "L", "LA")


def _reason(error: Exception) -> str:
    """What is wrong with a file, in a few words, without its name or address."""
    if isinstance(error, UnidentifiedImageError):
        return "broken, or not PNG or JPEG inside"
    if isinstance(error, Image.DecompressionBombError):
        return f"larger than {MAX_PIXELS // 2**20} million pixels, the maximum"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    return "broken"


def _agreed_size(looks: _Looks, size: int | None, findings: Findings) -> tuple[int, int] | None:
    """Width and height of all images, as they are kept."""
    if size is not None:
        if set(looks.sizes) - {(size, size)}:
            findings.note(f"each image is cut to its middle square and resized to {size} × {size}")
        return size, size
    if len(looks.sizes) > 1:
        said = [f"{w} × {h} ({count:,})" for (w, h), count in looks.sizes.most_common()]
        findings.problem(
            f"images are of {len(looks.sizes):,} sizes: {listed(said)}: "
            f"resize them with --size, as --size {_proposed(looks)}"
        )
        return None
    if not looks.sizes:
        return None
    ((width, height),) = looks.sizes
    if max(width, height) > MAX_SIDE:
        findings.problem(
            f"images are {width} × {height} pixels; the maximum is {MAX_SIDE} a side: "
            "resize them with --size, as --size 64"
        )
        return None
    findings.note(f"images are {width} × {height} pixels")
    return width, height


def _proposed(looks: _Looks) -> int:
    smallest = min(min(size) for size in looks.sizes)
    return max(8, min(64, smallest))


def _note_looks(looks: _Looks, findings: Findings) -> None:
    if looks.grey and looks.colour:
        findings.note(
            f"grey images: {looks.grey:,}, in colour: {looks.colour:,}; all are taken as colour"
        )
    elif looks.grey or looks.colour:
        findings.note("images are grey" if looks.grey else "images are in colour")
    if looks.turned:
        findings.note(f"images turned as their camera says (EXIF): {looks.turned:,}")
    if looks.transparent:
        findings.note(f"images with transparency, which is left out: {looks.transparent:,}")


def _check_memory(
    count: int, side: tuple[int, int] | None, channels: int, findings: Findings
) -> None:
    if side and (total := count * side[0] * side[1] * channels) > MAX_UNPACKED:
        findings.problem(
            f"the images take {total / 2**30:.1f} GiB; the maximum is {MAX_UNPACKED / 2**30:.1f} "
            "GiB: resize them with --size"
        )


@dataclass(frozen=True)
class _Decoder:
    """side: width and height of the result; None: it is not wanted, only whether it decodes."""

    side: tuple[int, int] | None
    channels: int
    resized: bool

    def __call__(self, file: ImageFile) -> bytes:
        """The pixels of an image, row by row."""
        mode = "RGB" if self.channels == 3 else "L"
        with file.open() as opened, Image.open(opened, formats=FORMATS) as image:
            if self.resized and self.side:
                double = (2 * self.side[0], 2 * self.side[1])
                image.draft(mode, double)  # a large JPEG is decoded at a part of its size
            picture: Image.Image = image
            if image.getexif().get(ORIENTATION, 1) > 1:
                picture = ImageOps.exif_transpose(image)
            picture = picture.convert(mode)
            if self.side and picture.size != self.side:
                picture = ImageOps.fit(picture, self.side)
            return picture.tobytes()


def _decode_all(
    training: Sequence[Labelled],
    test: Sequence[Labelled],
    decode: _Decoder,
    draft: Path | None,
    looks: _Looks,
    progress: Progress,
) -> None:
    """Write the file, or (draft None) only find out which images are broken."""
    known = {name for files in looks.broken.values() for name in files}
    total = len(training) + len(test)

    def decoded(images: Sequence[Labelled], before: int, write: Callable[[bytes], object]) -> None:
        for done, (file, _) in enumerate(images, before):
            progress("reading images", done, total)
            if str(file) in known:
                continue
            try:
                pixels = decode(file)
            except Exception as error:
                looks.blame(file, _reason(error))
            else:
                write(pixels)
        progress("reading images", before + len(images), total)

    if draft is None or decode.side is None:
        decoded([*training, *test], 0, len)  # what they hold does not matter
        return
    width, height = decode.side
    with writing_stored(draft) as writer:
        for name, images, before in (("train", training, 0), ("test", test, len(training))):
            shape = (len(images), height, width, decode.channels)
            with writer.stream(f"x_{name}", "|u1", shape) as member:
                decoded(images, before, member.write)
            writer.array(f"y_{name}", np.array([label for _, label in images], np.int64))


def _facts(
    arranged: Arranged,
    training: Sequence[Labelled],
    test: Sequence[Labelled],
    shape: tuple[int, int, int],
    findings: Findings,
) -> Facts:
    classes = len(arranged.classes)
    return Facts(
        classes,
        shape,
        training=len(training),
        test=len(test),
        pixels="bytes",
        class_names=arranged.classes,
        training_counts=counts(np.array([label for _, label in training], np.int64), classes),
        test_counts=counts(np.array([label for _, label in test], np.int64), classes),
        understood=tuple(findings.understood),
    )
