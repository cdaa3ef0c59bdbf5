"""`hpsearch doctor`: each thing that can be wrong is named, with what to do."""

import json
import socket
import sqlite3
import sys
from collections import namedtuple
from pathlib import Path

import pytest

import hpsearch
from hpsearch.cli import doctor, main
from hpsearch.cli.doctor import Level
from hpsearch.client import Client
from storage.rows.tables import VERSION_TABLE


def test_packages_that_are_missing_are_named() -> None:
    assert doctor.packages(["numpy>=2", "torch; extra == 'gp'"]).level is Level.OK
    found = doctor.packages(["numpy>=2", "no-such-package[x]>=1"])
    assert (found.level, found.words) == (Level.FAULT, "missing: no-such-package")


def test_pins_that_were_asked_for_and_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HPSEARCH_PORTABLE", raising=False)
    assert doctor.portable().level is Level.OK
    monkeypatch.setenv("HPSEARCH_PORTABLE", "true")
    monkeypatch.setattr(doctor, "not_portable", lambda: "the BLAS is another")
    assert doctor.portable().level is Level.FAULT
    monkeypatch.setattr(doctor, "not_portable", lambda: None)
    assert doctor.portable().words == "pinned to AVX2"


def test_the_data_folder(tmp_path: Path) -> None:
    assert doctor.folder(tmp_path).level is Level.OK
    assert "is made when" in doctor.folder(tmp_path / "a" / "b").words
    assert doctor.folder(Path("/proc/here")).level is Level.FAULT


@pytest.mark.parametrize(
    ("free", "level"), [(1e8, Level.FAULT), (1e9, Level.WARNING), (1e10, Level.OK)]
)
def test_disk_space(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: float, level: Level
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(free))
    assert doctor.space(tmp_path).level is level


def test_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path
) -> None:
    assert doctor.VERSIONS == VERSION_TABLE
    assert "none yet" in doctor.database(tmp_path).words
    file = tmp_path / "hpsearch.db"
    file.write_bytes(sqlite_template.read_bytes())
    assert "tables of 0" in doctor.database(tmp_path).words
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    file.write_bytes((tmp_path / "other.db").read_bytes())
    assert doctor.database(tmp_path).level is Level.FAULT
    file.write_bytes(b"no database at all" * 100)
    assert doctor.database(tmp_path).level is Level.FAULT


@pytest.mark.parametrize(
    ("ready", "theirs", "level"),
    [
        ({"workers": 2, "problems": []}, None, Level.OK),
        ({"workers": 2, "problems": ["no workers"]}, None, Level.WARNING),
        ({"workers": 2, "problems": []}, "9.9", Level.WARNING),
    ],
)
def test_the_server(
    monkeypatch: pytest.MonkeyPatch, ready: dict[str, object], theirs: str | None, level: Level
) -> None:
    def get(_: Client, path: str) -> object:
        version = theirs or hpsearch.__version__
        return ready if path == "/readyz" else {"info": {"version": version}}

    monkeypatch.setattr(Client, "get", get)
    assert doctor.server("http://127.0.0.1:1").level is level


@pytest.mark.slow
def test_a_port_in_use_is_a_fault_unless_it_is_that_of_our_server() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert doctor.listening("127.0.0.1", port, ours=False).level is Level.FAULT
        assert doctor.listening("127.0.0.1", port, ours=True).level is Level.OK
    assert doctor.listening("127.0.0.1", port, ours=False).level is Level.OK
    assert doctor.listening("192.0.2.1", port, ours=False).level is Level.FAULT


@pytest.mark.slow
def test_the_command_ends_with_1_for_a_fault_and_0_for_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    words = ["hpsearch", "doctor", "--url", f"http://127.0.0.1:{port}", "--port", port]

    def run(*more: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", [*words, *more])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, capsys.readouterr().out

    code, text = run("--data-dir", str(tmp_path))
    assert code == 0, text
    assert "warning  server" in text
    assert "hpsearch serve" in text
    code, text = run("--data-dir", "/proc/here", "--json")
    assert code == 1
    levels = {each["what"]: each["level"] for each in json.loads(text)["findings"]}
    assert levels["data folder"] == "fault"
