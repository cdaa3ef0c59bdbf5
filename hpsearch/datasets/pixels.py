"""What pixels of any kind mean: how images lie in an array, and on which scale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.findings import Findings
from hpsearch.datasets.values import Images

Array = npt.NDArray[Any]
Layout = Literal["grey", "channels last", "channels first"]
Scale = Literal["bytes", "black and white", "floats", "divided by 255"]

MAX_SIDE = 1024  # pixels
MAX_CHANNELS = 4
BLOCK = 2**22  # pixels looked at in one go; comparisons of all of them would need several copies
DIM = 64  # a brightest byte below this is worth a word
FAINT = 0.02  # floats that stay below this were probably divided by 255 twice
NORMALISED = 20.0  # standard deviations: no normalised pixel is further from the mean
NEARLY_BYTES = 100.0  # floats beyond this, but not beyond 255, are on the scale of bytes


def layout_of(name: str, shape: tuple[int, ...], findings: Findings) -> Layout | None:
    """How images lie in an array of this shape; None, with a problem, if that is not plain."""
    layout: Layout
    if len(shape) == 3:
        layout, sides = "grey", shape[1:]
    elif len(shape) == 4 and 1 <= shape[3] <= MAX_CHANNELS:
        layout, sides = "channels last", shape[1:3]
    elif len(shape) == 4 and 1 <= shape[1] <= MAX_CHANNELS:
        layout, sides = "channels first", shape[2:]
    else:
        findings.problem(f"{name} is {shape}: {_what_to_do(shape)}")
        return None
    if not (shape[0] and all(1 <= side <= MAX_SIDE for side in sides)):
        findings.problem(
            f"{name} is {shape}: there must be images, and they must have 1 to {MAX_SIDE} pixels "
            "a side"
        )
        return None
    if layout == "channels first":
        findings.note(f"{name} is {shape}: taken as channels first")
    return layout


def _what_to_do(shape: tuple[int, ...]) -> str:
    """What to write instead; a row of pixels is most often a flattened image."""
    if len(shape) == 2 and shape[1] > 1:
        side = int(shape[1] ** 0.5)
        example = f"{side}, {side}" if side * side == shape[1] else "height, width"
        return f"give each image its height and width, as with reshape(-1, {example})"
    return (
        "images must be (count, height, width), (count, height, width, channels) or (count, "
        f"channels, height, width), with 1 to {MAX_CHANNELS} channels"
    )


def image_shape(layout: Layout, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width."""
    if layout == "grey":
        return 1, shape[1], shape[2]
    if layout == "channels last":
        return shape[3], shape[1], shape[2]
    return shape[1], shape[2], shape[3]


@dataclass(frozen=True)
class _Range:
    """Of all values of an array. whole: none has a fraction. broken: NaN or infinite, how many."""

    low: float
    high: float
    whole: bool
    broken: int = 0


def scale_of(parts: Mapping[str, Array], findings: Findings) -> Scale | None:
    """The scale of all arrays of images together; None, with a problem, if it is not plain."""
    names = " and ".join(parts)
    floats = {name: array for name, array in parts.items() if array.dtype.kind == "f"}
    others = {name: array for name, array in parts.items() if name not in floats}
    for name, array in others.items():
        if array.dtype.kind not in "biu":
            findings.problem(f"{name} must hold numbers, it holds {array.dtype}")
            return None
    scales = {
        judge(" and ".join(group), _together([_range(array) for array in group.values()]), findings)
        for group, judge in ((floats, _scale_of_floats), (others, _scale_of_whole_numbers))
        if group
    }
    if len(scales) > 1 and None not in scales:
        findings.problem(
            f"{' and '.join(floats)} holds floats, {' and '.join(others)} whole numbers, and they "
            "are not on one scale: store all of them alike"
        )
        return None
    scale = scales.pop() if len(scales) == 1 else None
    if scale is not None:
        findings.note(f"{names}: {SAID[scale]}")
    return scale


SAID: Mapping[Scale, str] = {
    "bytes": "pixels are 0 to 255",
    "black and white": "pixels are 0 and 1 only, taken as black and white",
    "floats": "pixels are floats, taken as they are",
    "divided by 255": "pixels are floats on the scale of 0 to 255, divided by 255",
}


def _scale_of_whole_numbers(name: str, found: _Range, findings: Findings) -> Scale | None:
    if found.low < 0 or found.high > 255:
        findings.problem(
            f"{name} holds whole numbers from {found.low:g} to {found.high:g}; pixels are 0 to "
            "255: scale them, or store floats from 0 to 1"
        )
        return None
    if _constant(name, found, findings):
        return None
    if found.high == 1:
        return "black and white"
    if found.high < DIM:
        findings.note(
            f"the brightest pixel of {name} is {found.high:g} of 255: if it should be white, scale "
            "the images and add them again"
        )
    return "bytes"


def _scale_of_floats(name: str, found: _Range, findings: Findings) -> Scale | None:
    if found.broken:
        findings.problem(f"{name} holds {found.broken:,} numbers that are not finite")
        return None
    if _constant(name, found, findings):
        return None
    if found.low >= 0 and found.high <= 1:
        if found.high >= FAINT:
            return "floats"
        findings.problem(
            f"{name} holds floats that reach only {found.high:.2g}: scale them so that white is 1 "
            "(were they divided by 255 twice?)"
        )
        return None
    if found.low >= 0 and found.whole and found.high <= 255:
        findings.note(f"{name} holds floats, all of them whole numbers from 0 to {found.high:g}")
        return "bytes"
    if found.low >= 0 and NEARLY_BYTES < found.high <= 255:
        return "divided by 255"
    if found.low < 0 and max(-found.low, found.high) <= NORMALISED:
        findings.note(f"{name} goes from {found.low:.3g} to {found.high:.3g}: normalised")
        return "floats"
    findings.problem(
        f"{name} holds floats from {found.low:.3g} to {found.high:.3g}, a scale that is not plain: "
        "store floats from 0 to 1, bytes from 0 to 255, or normalised floats around 0"
    )
    return None


def _constant(name: str, found: _Range, findings: Findings) -> bool:
    if found.low == found.high:
        findings.problem(f"{name} holds nothing but {found.low:g}")
    return found.low == found.high


def convert(array: Array, layout: Layout, scale: Scale) -> Images:
    """Images as they are kept: (count, height, width, channels), uint8 or float32."""
    if layout == "grey":
        array = array[..., np.newaxis]
    elif layout == "channels first":
        array = array.transpose(0, 2, 3, 1)
    if scale == "black and white":
        images: Images = array.astype(np.uint8)
        images *= 255
        return images
    if scale == "bytes":
        return np.ascontiguousarray(array, np.uint8)
    images = np.ascontiguousarray(array, np.float32)
    return images / np.float32(255) if scale == "divided by 255" else images


def _range(array: Array) -> _Range:
    return _together([_range_of_block(block) for block in _blocks(array)])


def _blocks(array: Array) -> Iterator[Array]:
    count = max(1, BLOCK // max(1, array[0].size))
    for start in range(0, len(array), count):
        yield array[start : start + count]


def _range_of_block(block: Array) -> _Range:
    if block.dtype.kind != "f":
        return _Range(float(block.min()), float(block.max()), whole=True)
    with np.errstate(over="ignore"):
        floats = block.astype(np.float32)  # what float32 cannot hold is not finite either
    finite = np.isfinite(floats)
    broken = int(floats.size - np.count_nonzero(finite))
    if broken:
        floats = floats[finite]
    if not floats.size:
        return _Range(np.inf, -np.inf, True, broken)
    whole = bool((floats == np.rint(floats)).all())
    return _Range(float(floats.min()), float(floats.max()), whole, broken)


def _together(ranges: list[_Range]) -> _Range:
    return _Range(
        min(each.low for each in ranges),
        max(each.high for each in ranges),
        all(each.whole for each in ranges),
        sum(each.broken for each in ranges),
    )
