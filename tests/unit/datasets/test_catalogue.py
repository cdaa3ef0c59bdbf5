"""The catalogue: what is there, what can be added, and that nothing is half stored."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pooch
import pytest
from requests.exceptions import ConnectionError as NoNetwork

from hpsearch.datasets import shelf
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.source import DatasetSource
from hpsearch.errors import DatasetError, UnknownDataset
from tests.unit.datasets.hostile_files import good, members, objects, write_npz, write_zip


@pytest.fixture
def here(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "data")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_npz(tmp_path / "my.npz", good())


def stored(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "data" / "datasets").glob("*"))


def test_it_is_what_the_runner_asks_for(here: Catalogue) -> None:
    source: DatasetSource = here

    assert len(source.load("digits").training) == 1438


def test_without_files_there_are_the_digits_and_what_can_be_fetched(here: Catalogue) -> None:
    found = {info.name: info for info in here.describe()}

    assert list(found) == here.names() == ["cifar10", "digits", "fashion_mnist", "mnist"]
    assert [name for name, info in found.items() if info.available] == ["digits"]
    assert found["digits"].shape == (1, 8, 8)
    assert found["mnist"].how is not None
    assert "hpsearch datasets add mnist FILE.npz" in found["mnist"].how


def test_an_added_file_can_be_loaded(here: Catalogue, file: Path) -> None:
    info = here.add("my-data_2", file)

    assert info.available
    assert (info.classes, info.shape, info.training, info.test) == (4, (1, 4, 5), 40, 8)
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

    with pytest.raises(DatasetError, match="mine is there already, with other images"):
        here.add("mine", other)

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
        write_npz(tmp_path / "labels.npz", good(y_train=np.zeros(40))),
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
    monkeypatch.setattr(shelf, "MAX_FILE", file.stat().st_size - 1)

    with pytest.raises(DatasetError, match=r"my\.npz is larger than"):
        here.add("mine", file)
    assert stored(tmp_path) == []


def test_a_crash_before_the_name_is_written_leaves_no_name(
    here: Catalogue, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", crash)
        with pytest.raises(KeyboardInterrupt):
            here.add("mine", file)

    assert "mine" not in here.names()
    assert here.add("mine", file).available
    assert len(stored(tmp_path)) == 2


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


def test_without_a_network_it_says_how_to_add_the_file(
    here: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unplugged(**_: object) -> None:
        raise NoNetwork

    monkeypatch.setattr(pooch, "retrieve", unplugged)

    with pytest.raises(DatasetError) as caught:
        here.load("mnist")

    message = str(caught.value)
    assert message.startswith("mnist could not be downloaded from https://storage.googleapis.com/")
    assert "hpsearch datasets add mnist FILE.npz" in message
    assert stored(tmp_path) == []


def test_the_real_mnist_can_be_added(here: Catalogue) -> None:
    if "HPSEARCH_TEST_DATA" not in os.environ:
        pytest.skip("HPSEARCH_TEST_DATA names no folder with mnist.npz")
    info = here.add("mnist", Path(os.environ["HPSEARCH_TEST_DATA"]) / "mnist.npz")

    assert (info.classes, info.shape, info.training, info.test) == (10, (1, 28, 28), 60_000, 10_000)
    assert here.load("mnist").training.images.dtype == np.uint8


def test_a_broken_file_is_told_by_the_name_that_the_user_gave(tmp_path: Path) -> None:
    broken = tmp_path / "my-images.npz"
    broken.write_bytes(b"no zip file")
    with pytest.raises(DatasetError, match=r"^my-images\.npz is damaged"):
        Catalogue(tmp_path / "data").add("mine", broken)
