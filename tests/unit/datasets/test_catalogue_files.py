"""The files of a catalogue: nothing half stored after a crash, and nobody else reads them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpsearch.datasets.catalogue import Catalogue


def stored(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "data" / "datasets").glob("*"))


def test_a_crash_before_the_name_is_written_leaves_no_name(
    here: Catalogue, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.replace

    def crash(source: Path, target: Path) -> None:
        if str(target).endswith(".json"):
            raise KeyboardInterrupt
        whole(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            here.add("mine", file)

    assert "mine" not in here.names()
    assert here.add("mine", file).available
    assert len(stored(tmp_path)) == 2


ADDS_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from hpsearch.datasets.catalogue import Catalogue
catalogue = Catalogue(Path(sys.argv[1]))
catalogue._store.keep = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
catalogue.add("mine", Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_holds_is_not(
    here: Catalogue, file: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    subprocess.run([sys.executable, "-c", ADDS_AND_IS_KILLED, data, file], check=False)
    assert len(stored(tmp_path)) == 1  # its draft
    (data / "datasets" / "draft-abcd_123.part").write_bytes(b"of an earlier version")
    (data / "datasets" / "tmpabcd_123").mkdir()
    (data / "datasets" / f"{'a' * 64}.npz").write_bytes(b"no record names it")

    with here._store.draft() as living:
        Catalogue(data).sweep()
        assert stored(tmp_path) == [living.name]
    assert stored(tmp_path) == []


def test_nobody_else_may_read_the_files(here: Catalogue, file: Path, tmp_path: Path) -> None:
    here.add("mine", file)
    folder = tmp_path / "data" / "datasets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}

    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    here.sweep()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
