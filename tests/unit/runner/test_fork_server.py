"""Where the fork server's socket lies: its path may have 107 bytes."""

from pathlib import Path

import pytest

from hpsearch.errors import InvalidSettings
from hpsearch.runner import fork_server
from hpsearch.runner.fork_server import LONGEST, short_folder


def test_a_short_folder_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short").mkdir()
    assert short_folder("short") == "short"


def test_a_long_one_is_replaced(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    assert short_folder(str(long)) in fork_server.SHORT


def test_bytes_count_not_letters(tmp_path: Path) -> None:
    assert len(letters := "п" * LONGEST) <= LONGEST
    assert short_folder(f"/{letters}") in fork_server.SHORT


def test_where_none_is_short_enough_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_server, "SHORT", ("/nonexistent",))
    with pytest.raises(InvalidSettings, match=r"/xxx.*, is too long .*: set TMPDIR"):
        short_folder("/" + "x" * 100)
