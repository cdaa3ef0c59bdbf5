"""What a server needs of its machine is said in a line before it starts."""

import sys
import tempfile
from pathlib import Path

import pytest

from hpsearch.errors import InvalidSettings
from hpsearch.runner.surroundings import check_surroundings


def test_a_machine_that_has_everything() -> None:
    check_surroundings()


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found in [...]")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(InvalidSettings, match="set TMPDIR"):
        check_surroundings()


@pytest.mark.parametrize("content", ["a: [1", "just words", "- a list"])
def test_a_broken_file_among_dasks_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(content)
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == "dask"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(InvalidSettings) as caught:
        check_surroundings()
    assert str(file) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
