"""docs/data.md shows what is really said of a file."""

from pathlib import Path

import numpy as np

from hpsearch.datasets.understanding import understand_arrays
from tests.unit.datasets.hostile_files import Array

DOCUMENT = Path(__file__).parents[3] / "docs" / "data.md"
BLOOD = {"train": 11_959, "val": 1_712, "test": 3_421}  # MedMNIST's bloodmnist.npz


def test_the_document_shows_what_is_said_of_medmnist() -> None:
    arrays: dict[str, Array] = {}
    for part, images in BLOOD.items():
        pixels = np.zeros((images, 28, 28, 3), np.uint8)
        pixels[:, 0, 0, 0] = np.arange(images) % 256
        arrays[f"{part}_images"] = pixels
        arrays[f"{part}_labels"] = np.arange(images)[:, None] % 8
    said = understand_arrays(arrays, "bloodmnist.npz").facts.understood
    shown = DOCUMENT.read_text().split("$ hpsearch datasets add blood bloodmnist.npz\n")[1]
    assert shown.split("```")[0] == "".join(f"- {sentence}\n" for sentence in said)
