"""Images for a model's answers: PNG, JPEG and arrays; what does not fit is told what was wanted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hpsearch.datasets.single_images import read_images
from hpsearch.errors import DatasetError

GREY, COLOUR = (1, 8, 8), (3, 8, 8)


def _pixels(*shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)


def _saved(folder: Path, **arrays: Any) -> Path:
    path = folder / "images.npz"
    np.savez(path, **arrays)
    return path


def test_a_png(tmp_path: Path) -> None:
    path = tmp_path / "seven.png"
    Image.fromarray(_pixels(8, 8)).save(path)
    np.testing.assert_array_equal(read_images(path, GREY, False)[0, 0], _pixels(8, 8))
    in_colour = read_images(path, COLOUR, False)
    assert in_colour.shape == (1, 3, 8, 8)
    np.testing.assert_array_equal(in_colour[0, 2], _pixels(8, 8))


def test_a_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "red.jpg"
    Image.new("RGB", (8, 8), (250, 10, 10)).save(path, quality=95)
    red, green, blue = read_images(path, COLOUR, False)[0]
    assert red.min() > 200
    assert max(green.max(), blue.max()) < 60


def test_resize_cuts_to_the_proportions(tmp_path: Path) -> None:
    """Of a wide picture the middle is taken: here half black, half white, between grey sides."""
    path = tmp_path / "wide.png"
    picture = np.full((16, 64), 128, np.uint8)
    picture[:, 24:32], picture[:, 32:40] = 0, 255
    Image.fromarray(picture).save(path)
    with pytest.raises(DatasetError, match=r"is 64 × 16 pixels; the model wants 8 × 8 \(--resize"):
        read_images(path, GREY, False)
    found = read_images(path, GREY, True)[0, 0]
    assert found.shape == (8, 8)
    assert found[:, :3].max() < 30
    assert found[:, 5:].min() > 225


@pytest.mark.parametrize("name", ["images", "x_test", "x", "whatever"])
def test_an_npz(tmp_path: Path, name: str) -> None:
    path = _saved(tmp_path, **{name: _pixels(3, 8, 8)})
    np.testing.assert_array_equal(read_images(path, GREY, False)[:, 0], _pixels(3, 8, 8))


def test_one_image_in_an_npz_and_labels_beside_it(tmp_path: Path) -> None:
    path = _saved(tmp_path, images=_pixels(8, 8), labels=np.arange(3))
    assert read_images(path, GREY, False).shape == (1, 1, 8, 8)


def test_colours_last(tmp_path: Path) -> None:
    path = _saved(tmp_path, images=_pixels(2, 8, 8, 3))
    np.testing.assert_array_equal(
        read_images(path, COLOUR, False), _pixels(2, 8, 8, 3).transpose(0, 3, 1, 2)
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "size": ({"images": _pixels(2, 9, 9)}, "images of 1 × 9 × 9; the model wants 1 × 8 × 8"),
    "channels": ({"images": _pixels(2, 8, 8, 3)}, "of 3 × 8 × 8; the model wants 1 × 8 × 8"),
    "several arrays": ({"a": _pixels(8, 8), "b": _pixels(8, 8)}, "the one of the images `images`"),
    "range": ({"images": np.full((1, 8, 8), 256)}, "whole numbers beyond 0 to 255"),
    "not finite": ({"images": np.full((1, 8, 8), np.nan)}, "must hold finite numbers"),
    "text": ({"images": np.full((1, 8, 8), "x")}, "must hold finite numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_npz_that_does_not_fit(tmp_path: Path, case: str) -> None:
    arrays, words = WRONG[case]
    with pytest.raises(DatasetError, match=words):
        read_images(_saved(tmp_path, **arrays), GREY, False)


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.npz"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"PK\x03\x04"])
def test_files_of_another_kind(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=name):
        read_images(path, GREY, True)
    with pytest.raises(DatasetError, match=r"missing\.png"):
        read_images(tmp_path / "missing.png", GREY, True)


def test_channels_that_no_picture_has(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.fromarray(_pixels(8, 8)).save(path)
    with pytest.raises(DatasetError, match=r"wants 2 channels, which only an \.npz file can have"):
        read_images(path, (2, 8, 8), False)
