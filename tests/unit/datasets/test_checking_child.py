"""A check in a process of its own: the same answers, and limits that hold."""

import threading
from pathlib import Path

import numpy as np
import pytest

from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.checking import check
from hpsearch.datasets.checking_child import Limits, check_in_child
from hpsearch.errors import DatasetError, DatasetRefused
from tests.unit.datasets.hostile_files import good, write_npz, write_zip, zeros
from tests.unit.datasets.image_folders import classes

pytestmark = pytest.mark.slow  # starts processes


def test_it_answers_as_a_check_in_this_process(tmp_path: Path) -> None:
    for source in (write_npz(tmp_path / "a.npz", good()), classes(tmp_path / "été")):
        facts = check_in_child(source, tmp_path / "theirs")

        assert facts == check(source, tmp_path / "ours")
        assert (tmp_path / "theirs").read_bytes() == (tmp_path / "ours").read_bytes()


def test_all_reasons_come_back(tmp_path: Path) -> None:
    source = write_npz(tmp_path / "a.npz", good(y_train=np.zeros(40), x_test=np.zeros((8, 2))))
    with pytest.raises(DatasetRefused) as here:
        check(source, tmp_path / "ours", called="mine")
    with pytest.raises(DatasetRefused) as there:
        check_in_child(source, tmp_path / "theirs", called="mine")

    assert there.value.problems == here.value.problems
    assert str(there.value) == str(here.value)
    with pytest.raises(DatasetError, match="No such file"):
        check_in_child(tmp_path / "none", tmp_path / "theirs")


def test_memory_is_limited(tmp_path: Path) -> None:
    size = 400 * 2**20
    path = write_zip(tmp_path / "bomb.npz", {"x": zeros(f"({size}, 1, 1)", size), "y": b""})

    with pytest.raises(DatasetError, match="memory"):
        check_in_child(path, tmp_path / "draft", limits=Limits(memory=500 * 2**20))


def test_time_is_limited_and_it_can_be_stopped(tmp_path: Path) -> None:
    source = classes(tmp_path / "pets", count=50)
    with pytest.raises(DatasetError, match=r"pets: the check took longer than 0\.01 s"):
        check_in_child(source, tmp_path / "draft", limits=Limits(seconds=0.01))
    stop = threading.Event()
    stop.set()
    with pytest.raises(DatasetError, match="pets: the check was stopped"):
        check_in_child(source, tmp_path / "draft", stop=stop)


def test_the_size_of_files_is_limited(tmp_path: Path) -> None:
    source = write_npz(tmp_path / "a.npz", good())

    with pytest.raises(DatasetError, match=r"a\.npz"):
        check_in_child(source, tmp_path / "draft", limits=Limits(file=100))


def test_a_catalogue_of_a_server_adds_in_a_child(tmp_path: Path) -> None:
    here = Catalogue(tmp_path / "data")
    info = here.add("pets", classes(tmp_path / "up.loaded"), called="pets.zip", in_child=True)

    assert info.source == "added from pets.zip"
    assert here.load("pets").classes == 2
