"""The catalogue: what is there, and what can be added."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hpsearch.datasets import files
from hpsearch.datasets.catalogue import Catalogue, DatasetInfo
from hpsearch.datasets.facts import Facts
from hpsearch.datasets.source import DatasetSource
from hpsearch.errors import DatasetError, UnknownDataset
from tests.needs import real_data
from tests.unit.datasets.hostile_files import good, members, objects, write_npz, write_zip
from tests.unit.datasets.test_catalogue_files import stored


def facts(info: DatasetInfo) -> Facts:
    assert info.facts is not None
    return info.facts


def test_it_is_what_the_runner_asks_for(here: Catalogue) -> None:
    source: DatasetSource = here

    assert len(source.load("digits").training) == 1438


def test_without_files_there_are_the_digits_and_what_can_be_fetched(here: Catalogue) -> None:
    found = {info.name: info for info in here.describe()}

    assert list(found) == here.names() == ["cifar10", "digits", "fashion_mnist", "mnist"]
    assert [name for name, info in found.items() if info.available] == ["digits"]
    assert facts(found["digits"]).shape == (1, 8, 8)
    assert found["mnist"].how is not None
    assert "hpsearch datasets add mnist FILE.npz" in found["mnist"].how


def test_an_added_file_can_be_loaded(here: Catalogue, file: Path) -> None:
    info = here.add("my-data_2", file)

    assert info.available
    assert (facts(info).classes, facts(info).shape) == (4, (1, 4, 5))
    assert (facts(info).training, facts(info).test) == (40, 8)
    assert facts(info).understood[0] == "images are 5 × 4 pixels, grey"
    assert info.file_bytes == file.stat().st_size
    assert info in here.describe()
    loaded = here.load("my-data_2")
    np.testing.assert_array_equal(loaded.training.images[:, 0], good()["x_train"])
    assert loaded.name == "my-data_2"


def test_it_is_there_for_the_next_process_and_without_the_file(
    here: Catalogue, file: Path, tmp_path: Path
) -> None:
    info = here.add("mine", file)
    file.unlink()

    again = Catalogue(tmp_path / "data")

    assert again.load("mine").shape == (1, 4, 5)
    assert stored(tmp_path) == [f"{info.sha256}.npz", "mine.json"]


def test_a_file_may_stand_for_a_well_known_name(here: Catalogue, file: Path) -> None:
    here.add("mnist", file)

    assert here.load("mnist").shape == (1, 4, 5)
    assert {info.name: info.source for info in here.describe()}["mnist"] == "added from my.npz"


def test_adding_the_same_again_changes_nothing(here: Catalogue, file: Path, tmp_path: Path) -> None:
    first = here.add("mine", file)
    before = stored(tmp_path)

    assert here.add("mine", file) == first
    assert here.add("other", file).sha256 == first.sha256
    assert stored(tmp_path) == sorted([*before, "other.json"])


def test_a_name_keeps_its_images(here: Catalogue, file: Path, tmp_path: Path) -> None:
    info = here.add("mine", file)
    other = write_npz(tmp_path / "other.npz", good(y_train=good()["y_train"][::-1]))
    before = stored(tmp_path)

    with pytest.raises(DatasetError, match="mine is there already, with other images"):
        here.add("mine", other)

    assert stored(tmp_path) == before  # a refused file leaves nothing
    assert Catalogue(tmp_path / "data").load("mine").training.labels[1] == 1
    assert info in here.describe()


@pytest.mark.parametrize(
    "name",
    ["", "A", "-a", "_a", "../a", "a/b", "a.b", "a b", "a" * 65, "ä", "a\n", "a\0", "\ud800"],
)
def test_names_that_will_not_do_are_refused(here: Catalogue, file: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="cannot be named"):
        here.add(name, file)
    with pytest.raises(UnknownDataset):
        here.load(name)


def test_the_digits_cannot_be_replaced(here: Catalogue, file: Path) -> None:
    with pytest.raises(DatasetError, match="digits is built in"):
        here.add("digits", file)


def test_a_file_that_will_not_do_leaves_nothing_behind(here: Catalogue, tmp_path: Path) -> None:
    bad = [
        write_zip(tmp_path / "evil.npz", members(x_train=objects())),
        write_npz(tmp_path / "labels.npz", good(y_train=np.full(40, 0.5))),
        tmp_path / "missing.npz",
        tmp_path,
    ]
    for path in bad:
        with pytest.raises(DatasetError):
            here.add("bad", path)
    assert stored(tmp_path) == []
    assert "bad" not in here.names()


def test_a_file_that_is_too_large_is_refused(
    here: Catalogue, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE", file.stat().st_size - 1)

    with pytest.raises(DatasetError, match=r"my\.npz is larger than"):
        here.add("mine", file)
    assert stored(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_said_so(file: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")

    with pytest.raises(DatasetError, match="cannot write to"):
        Catalogue(tmp_path / "data").add("mine", file)


def test_many_may_add_at_once(here: Catalogue, tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    two = [
        write_npz(tmp_path / f"{i}.npz", good(y_train=np.roll(good()["y_train"], i)))
        for i in range(2)
    ]

    def add(path: Path) -> bool:
        gate.wait()
        try:
            return here.add("mine", path).available
        except DatasetError as error:
            assert "is there already" in str(error)  # noqa: PT017 - any other is a failure
            return False

    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(add, two * 4))

    first = int(Catalogue(tmp_path / "data").load("mine").training.labels[0] != 0)
    assert added == [i % 2 == first for i in range(8)]


@pytest.mark.parametrize("damage", [b"", b"turned"])
def test_a_file_that_was_damaged_is_not_used_and_heals_when_added_again(
    here: Catalogue, file: Path, tmp_path: Path, damage: bytes
) -> None:
    info = here.add("mine", file)
    (tmp_path / "data" / "datasets" / f"{info.sha256}.npz").write_bytes(damage)

    with pytest.raises(DatasetError, match="the file of mine is damaged"):
        here.load("mine")
    here.add("mine", file)
    assert here.load("mine").classes == 4


def test_a_missing_file_and_a_damaged_record_are_said_so(
    here: Catalogue, file: Path, tmp_path: Path
) -> None:
    info = here.add("mine", file)
    (tmp_path / "data" / "datasets" / f"{info.sha256}.npz").unlink()
    with pytest.raises(DatasetError, match="the file of mine cannot be read"):
        here.load("mine")

    (tmp_path / "data" / "datasets" / "mine.json").write_text("{")
    with pytest.raises(DatasetError, match=r"mine\.json is damaged"):
        here.load("mine")
    described = {info.name: info for info in here.describe()}["mine"]
    assert not described.available
    assert described.how is not None
    assert "is damaged" in described.how


def test_an_unknown_name_is_answered_with_those_that_are_known(here: Catalogue, file: Path) -> None:
    here.add("mine", file)
    with pytest.raises(UnknownDataset) as caught:
        here.load("nine")

    assert caught.value.known == ("cifar10", "digits", "fashion_mnist", "mine", "mnist")


def test_a_data_set_is_read_once_for_many_trials(here: Catalogue, file: Path) -> None:
    here.add("mine", file)

    assert here.load("mine") is here.load("mine")


def test_the_real_mnist_can_be_added(here: Catalogue) -> None:
    info = here.add("mnist", real_data("mnist.npz"))

    assert (facts(info).classes, facts(info).shape) == (10, (1, 28, 28))
    assert (facts(info).training, facts(info).test) == (60_000, 10_000)
    assert here.load("mnist").training.images.dtype == np.uint8


def test_a_broken_file_is_told_by_the_name_that_the_user_gave(tmp_path: Path) -> None:
    broken = tmp_path / "my-images.npz"
    broken.write_bytes(b"no zip file")
    with pytest.raises(DatasetError, match=r"^my-images\.npz: is damaged"):
        Catalogue(tmp_path / "data").add("mine", broken)


def test_files_of_other_programs_are_ignored(here: Catalogue, file: Path, tmp_path: Path) -> None:
    """A single one broke every answer about data sets."""
    here.add("tiny", file)
    folder = tmp_path / "data" / "datasets"
    record = (folder / "tiny.json").read_bytes()
    for name in (
        "._tiny.json",
        "tiny (conflicted copy).json",
        "Tiny.json",
        "tiny.json~",
        ".DS_Store",
    ):
        (folder / name).write_bytes(record[:20])
    (folder / "notes.npz").write_bytes(b"mine")
    (folder / "draft-of-mine").mkdir()
    (folder / "tmp.txt").write_text("mine")
    before = stored(tmp_path)

    assert here.names() == ["cifar10", "digits", "fashion_mnist", "mnist", "tiny"]
    assert [info.name for info in here.describe() if info.available] == ["digits", "tiny"]
    here.sweep()
    assert stored(tmp_path) == before


def test_records_of_earlier_versions_are_read(here: Catalogue, file: Path, tmp_path: Path) -> None:
    """As versions up to ee66d52 wrote them: no sentences, no counts, floats of any scale."""
    folder = tmp_path / "data" / "datasets"
    folder.mkdir(parents=True)
    pixels = good()["x_train"].astype("f8") * 3
    old = write_npz(tmp_path / "old.npz", good(x_train=pixels, x_test=pixels[:8]))
    sha256 = files.digest(old)
    old.rename(folder / f"{sha256}.npz")
    record = {
        "name": "old",
        "sha256": sha256,
        "classes": 4,
        "shape": [1, 4, 5],
        "training": 40,
        "test": 8,
        "source": "added from old.npz",
    }
    (folder / "old.json").write_text(json.dumps(record))
    here.sweep()

    info = here.info("old")
    assert facts(info) == Facts(4, (1, 4, 5), 40, 8)
    assert info.source == "added from old.npz"
    images = here.load("old").training.images
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images[:, 0], pixels.astype(np.float32))


def test_a_record_of_a_later_version_is_read(here: Catalogue, file: Path, tmp_path: Path) -> None:
    info = here.add("mine", file)
    path = tmp_path / "data" / "datasets" / "mine.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mood": "sunny"}))

    assert here.info("mine") == info


def test_deleting(here: Catalogue, file: Path, tmp_path: Path) -> None:
    here.add("mine", file)
    here.add("other", file)

    here.delete("mine")
    assert here.load("other").classes == 4
    here.delete("other")
    assert stored(tmp_path) == []
    with pytest.raises(UnknownDataset):
        here.delete("other")
    with pytest.raises(UnknownDataset):
        here.delete("../other")
    with pytest.raises(DatasetError, match="digits is built in"):
        here.delete("digits")
    here.delete("mnist")  # it is not here, and may come again


def test_a_deleted_name_may_get_other_images(here: Catalogue, file: Path, tmp_path: Path) -> None:
    here.add("mine", file)
    old = here.load("mine")
    here.delete("mine")
    other = write_npz(tmp_path / "other.npz", good(y_train=good()["y_train"][::-1]))
    here.add("mine", other)

    assert here.load("mine") is not old
    assert here.load("mine").training.labels[0] == 3


def test_a_form_that_is_understood_is_kept_in_the_usual_form(
    here: Catalogue, tmp_path: Path
) -> None:
    arrays = good(y_train=np.eye(4)[good()["y_train"]], y_test=np.eye(4)[good()["y_test"]])
    info = here.add("hot", write_npz(tmp_path / "hot.npz", arrays))
    again = here.add("usual", write_npz(tmp_path / "usual.npz", good()))

    assert "y_train has one column for each class (one-hot)" in facts(info).understood
    assert Catalogue(tmp_path / "data").info("hot") == info
    for one, other in zip(
        (here.load("hot").training, here.load("hot").test),
        (here.load("usual").training, here.load("usual").test),
        strict=True,
    ):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)
    assert again.sha256 == files.digest(tmp_path / "usual.npz")


def test_nobody_can_change_the_images_by_accident(here: Catalogue, file: Path) -> None:
    here.add("mine", file)

    with pytest.raises(ValueError, match="read-only"):
        here.load("mine").training.images[0] = 0
