"""`hpsearch datasets`: what it prints, as text and as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hpsearch.cli import main
from tests.unit.datasets.hostile_files import good, write_npz
from tests.unit.datasets.image_folders import classes, write


class Command:
    """`hpsearch datasets` on a data folder of its own."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self._folder, self._patch, self._capture = folder, patch, capture
        self.error = ""

    def __call__(self, *words: str | Path, code: int = 0) -> str:
        arguments = ["hpsearch", "datasets", *map(str, words), "--data-dir", str(self._folder)]
        self._patch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as caught:
            main()
        assert (caught.value.code or 0) == code
        out, self.error = self._capture.readouterr()
        return out

    def json(self, *words: str | Path) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(tmp_path / "data", monkeypatch, capsys)


def test_adding_showing_and_deleting_a_folder(datasets: Command, tmp_path: Path) -> None:
    added = datasets("add", "pets", classes(tmp_path / "pets"), "--size", "4")
    assert "- each image is cut to its middle square and resized to 4 × 4" in added

    shown = datasets("show", "pets", "-o", tmp_path / "pets.png")
    for expected in ("added from pets", "3 × 4 × 4", "cat", "dog", "SHA-256", "- images are in"):
        assert expected in shown
    with Image.open(tmp_path / "pets.png") as drawn:
        assert drawn.format == "PNG"

    assert "pets is deleted" in datasets("delete", "pets")
    datasets("show", "pets", code=2)
    assert "no data set is named 'pets'" in datasets.error


def test_answers_as_json(datasets: Command, tmp_path: Path) -> None:
    source = write_npz(tmp_path / "mine.npz", good())
    added = datasets.json("add", "mine", source)

    assert added["shape"] == [1, 4, 5]
    assert added["training_counts"] == [10, 10, 10, 10]
    assert added["understood"] == ["images are 5 × 4 pixels, grey", added["understood"][1]]
    assert datasets.json("show", "mine") == added
    assert added in datasets.json("list")["items"]
    assert datasets.json("delete", "mine") == {"deleted": "mine"}


def test_each_fault_is_a_line(datasets: Command, tmp_path: Path) -> None:
    root = write(classes(tmp_path / "pets"), "cat/large.png", size=(9, 9))
    (root / "dog" / "broken.png").write_text("no image")
    datasets("add", "pets", root, code=2)

    assert datasets.error.splitlines() == [
        "hpsearch: pets: images are of 2 sizes: 8 × 6 (10), 9 × 9 (1): "
        "resize them with --size, as --size 8",
        "hpsearch: pets: broken, or not PNG or JPEG inside: dog/broken.png",
    ]


def test_what_is_not_here_yet_is_said(datasets: Command) -> None:
    assert "not here yet" in datasets("list")
    datasets("show", "mnist", code=2)
    assert "mnist is not here: it is downloaded when" in datasets.error
    datasets("delete", "digits", code=2)
    assert "digits is built in and cannot be deleted" in datasets.error


def test_a_sheet_that_cannot_be_written(datasets: Command, tmp_path: Path) -> None:
    datasets("show", "digits", "-o", tmp_path / "none" / "x.png", code=2)
    assert datasets.error.startswith(f"hpsearch: cannot write {tmp_path}/none/x.png: No such file")
