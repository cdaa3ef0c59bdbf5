"""Folders of images, as people have them."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Mode = str  # as Pillow calls it: L, RGB, …


def picture(seed: int, size: tuple[int, int] = (8, 6), mode: Mode = "RGB") -> Image.Image:
    """Random pixels. size: width and height."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def write(root: Path, *names: str, size: tuple[int, int] = (8, 6), mode: Mode = "RGB") -> Path:
    """Different images under these names; returns the root."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(number, size, mode).save(path)
    return root


def classes(
    root: Path, names: tuple[str, ...] = ("cat", "dog"), count: int = 5, **how: Any
) -> Path:
    """`count` PNG files for each class."""
    return write(
        root, *(f"{name}/{number}.png" for name in names for number in range(count)), **how
    )
