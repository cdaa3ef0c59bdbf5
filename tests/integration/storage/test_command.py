"""`python -m storage`: sets a database up, or says in a line what is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.__main__ import main


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "database URL"),
        ("sqlite:////nowhere/x.db", "could not be set up: the database cannot be used"),
        ("postgresql://127.0.0.1:1/x", "could not be set up: the database cannot be used"),
    ],
)
def test_the_command_says_in_a_line_what_is_wrong(
    url: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([url]) == 2

    output = capsys.readouterr()
    assert said in output.out
    assert output.out.count("\n") == 1
    assert output.err == ""


def test_the_command_takes_its_url_from_the_environment(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "storage"],
        capture_output=True,
        text=True,
        check=False,
        env={"HPSEARCH_DATABASE_URL": f"sqlite:///{tmp_path}/hpsearch.db"},
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the database is ready")


def test_the_command_without_a_url_says_how_it_is_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HPSEARCH_DATABASE_URL", raising=False)

    assert main([]) == 2
    assert capsys.readouterr().out.startswith("usage: python -m storage")
