"""The command line without a server: what goes wrong is one line, exit code 2, no traceback."""

import json
import socket
import sys
from pathlib import Path

import pytest

from hpsearch.cli import main


def _run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["hpsearch", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        main()
    code = caught.value.code
    return code if isinstance(code, int) else 0


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps({"dataset": "digits", "network": "lenet5"}))
    return file


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(monkeypatch, "version") == 0
    assert capsys.readouterr().out.strip() == "0.1.0"


@pytest.mark.parametrize("command", ["submit", "run"])
def test_a_missing_file(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
) -> None:
    assert _run(monkeypatch, command, tmp_path / "none.json") == 2
    error = capsys.readouterr().err
    assert error == f"hpsearch: {tmp_path}/none.json cannot be read: No such file or directory\n"


def test_a_folder_or_a_huge_file_is_not_a_spec(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _run(monkeypatch, "submit", tmp_path) == 2
    assert "Is a directory" in capsys.readouterr().err
    (tmp_path / "huge").write_bytes(b" " * 1_000_001)
    assert _run(monkeypatch, "submit", tmp_path / "huge") == 2
    assert "not a search spec" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [["jobs"], ["best", "x"], ["watch", "x"], ["cancel", "x"], ["pause", "x"], ["resume", "x"]],
)
def test_a_server_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    closed_port: int,
    words: list[str],
) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    assert _run(monkeypatch, *words, "--url", url) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"hpsearch: no answer from {url}: ")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "ftp://localhost", "http://a:b:c", "http://x:1\x00"]
)
def test_what_is_not_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert _run(monkeypatch, "jobs", "--url", url) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.slow
def test_the_address_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HPSEARCH_URL", "http://127.0.0.1:1")
    assert _run(monkeypatch, "jobs") == 2
    assert "no answer from http://127.0.0.1:1" in capsys.readouterr().err


def test_a_proxy_that_cannot_be_used_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    assert _run(monkeypatch, "jobs", "--url", "http://server.example") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("hpsearch: ALL_PROXY names a SOCKS proxy")


@pytest.mark.slow
def test_a_port_in_use(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spec: Path,
    tmp_path: Path,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for words in (["serve"], ["run", spec]):
            assert _run(monkeypatch, *words, "--port", str(port), "--data-dir", tmp_path) == 2
            [line] = capsys.readouterr().err.splitlines()
            assert line == (
                f"hpsearch: cannot listen on 127.0.0.1 port {port}: Address already in use; "
                "choose another with --port"
            )


def test_options_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "serve", "--port", "70000") == 2
    assert _run(monkeypatch, "serve", "--workers", "0") == 2
    assert _run(monkeypatch, "fly") == 2
    monkeypatch.setenv("HPSEARCH_PORT", "eighty")
    assert _run(monkeypatch, "serve") == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_a_host_that_is_not_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _run(monkeypatch, "serve", "--host", "192.0.2.1", "--data-dir", tmp_path) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("hpsearch: cannot listen on 192.0.2.1 port 8000: ")


def test_datasets_list_and_add(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _run(monkeypatch, "datasets", "list", "--data-dir", tmp_path) == 0
    assert "digits" in capsys.readouterr().out
    (tmp_path / "x.npz").write_bytes(b"no zip")
    assert (
        _run(monkeypatch, "datasets", "add", "x", tmp_path / "x.npz", "--data-dir", tmp_path) == 2
    )
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("hpsearch: ")
