"""What lies in the data folder is for its owner alone."""

import logging
from pathlib import Path

import pytest

from api.private_files import prepare
from hpsearch.errors import InvalidSettings


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    prepare(tmp_path / "a" / "data")
    assert _mode(tmp_path / "a" / "data") == 0o700


def test_a_folder_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "datasets").mkdir(parents=True)
    for name in ("hpsearch.db", "hpsearch.db-wal", "hpsearch.db-shm", "hpsearch.db.lock"):
        (folder / name).touch(0o644)
    folder.chmod(0o755)
    prepare(folder)
    assert _mode(folder) == 0o700
    assert {_mode(file) for file in folder.glob("hpsearch.db*")} == {0o600}


def test_a_folder_with_other_things_in_it_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("hpsearch.db", "thesis.tex"):
        (tmp_path / name).touch(0o644)
    tmp_path.chmod(0o755)
    prepare(tmp_path)
    assert (_mode(tmp_path), _mode(tmp_path / "thesis.tex")) == (0o755, 0o644)
    assert _mode(tmp_path / "hpsearch.db") == 0o600
    assert "can read the data folder" in caplog.text
    caplog.clear()
    tmp_path.chmod(0o700)
    prepare(tmp_path)
    assert not caplog.text


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidSettings, match="data_dir"):
        prepare(tmp_path / "file")
