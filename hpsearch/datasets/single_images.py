"""Images that are no data set: what somebody wants a model's answer for."""

import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from hpsearch.datasets.archive import MAX_UNPACKED, open_zip, read_array, read_head, refusing
from hpsearch.datasets.findings import Findings
from hpsearch.datasets.image_files import FORMATS, MAX_PIXELS
from hpsearch.datasets.pixels import Array, convert, layout_of
from hpsearch.datasets.values import Images
from hpsearch.errors import DatasetError

ARRAYS = ("images", "x_test", "x")  # names under which an .npz may hold images beside other arrays
MAX_BYTES = min(MAX_UNPACKED, 2**30)


def read_images(path: Path, shape: tuple[int, int, int], resize: bool) -> Images:
    """The images of a PNG, JPEG or .npz file, (N, C, H, W), as a model of this shape wants them.

    resize: cut a PNG or JPEG to the shape's proportions and resize it. Raises DatasetError that
    says what was wanted.
    """
    with refusing(str(path)):
        return _of_npz(path, shape) if path.suffix == ".npz" else _of_picture(path, shape, resize)


def _of_picture(path: Path, shape: tuple[int, int, int], resize: bool) -> Images:
    channels, height, width = shape
    if channels not in (1, 3):
        raise DatasetError(f"the model wants {channels} channels, which only an .npz file can have")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata
        try:
            with Image.open(path, formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise DatasetError(
                        f"is {opened.width} × {opened.height} pixels; the maximum is "
                        f"{MAX_PIXELS // 2**20} million"
                    )
                picture = ImageOps.exif_transpose(opened).convert("L" if channels == 1 else "RGB")
        except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError):
            raise DatasetError("is not a PNG, JPEG or .npz file") from None
    if picture.size != (width, height):
        if not resize:
            raise DatasetError(
                f"is {picture.width} × {picture.height} pixels; the model wants {width} × "
                f"{height} (--resize fits it)"
            )
        picture = ImageOps.fit(picture, (width, height))
    pixels = np.asarray(picture, np.uint8).reshape(1, height, width, channels)
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def _of_npz(path: Path, shape: tuple[int, int, int]) -> Images:
    channels, height, width = shape
    with open_zip(path) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        named = [name for name in ARRAYS if name in infos] or list(infos)
        if len(named) != 1 and named[:1] != [ARRAYS[0]]:
            raise DatasetError(
                f"holds {len(infos)} arrays: name the one of the images `{ARRAYS[0]}`"
            )
        head = read_head(archive, infos[named[0]])
        if head.size > MAX_BYTES:
            raise DatasetError(f"holds {head.size:,} bytes of images; the maximum is {MAX_BYTES:,}")
        array = read_array(archive, infos[named[0]], head)
    images = _as_images(named[0], array)
    if images.shape[1:] != shape:
        raise DatasetError(
            f"holds images of {images.shape[1]} × {images.shape[2]} × {images.shape[3]}; the model "
            f"wants {channels} × {height} × {width} (channels, height, width)"
        )
    return images


def _as_images(name: str, array: Array) -> Images:
    """(N, C, H, W); one image without a count counts as one."""
    whole = array[np.newaxis] if array.ndim == 2 else array
    findings = Findings()
    layout = layout_of(name, whole.shape, findings)
    if layout is None:
        raise DatasetError("; ".join(findings.problems))
    if whole.dtype.kind not in "biuf" or not np.isfinite(whole).all():
        raise DatasetError(f"{name} must hold finite numbers, it holds {whole.dtype}")
    if whole.dtype.kind != "f" and (whole.min() < 0 or whole.max() > 255):
        raise DatasetError(f"{name} holds whole numbers beyond 0 to 255")
    kept: Any = convert(whole, layout, "floats" if whole.dtype.kind == "f" else "bytes")
    return cast(Images, np.ascontiguousarray(kept.transpose(0, 3, 1, 2)))
