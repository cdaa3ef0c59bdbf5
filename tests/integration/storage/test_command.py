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

    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 2
    assert "a URL is needed, here or in HPSEARCH_DATABASE_URL" in capsys.readouterr().err


def test_roles_are_for_postgresql_and_need_a_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/hpsearch.db"
    with pytest.raises(SystemExit):
        main([url, "--server-role", "ann"])
    assert "belong together" in capsys.readouterr().err
    (tmp_path / "password").write_text("secret")
    assert (
        main([url, "--server-role", "ann", "--server-password-file", f"{tmp_path}/password"]) == 2
    )
    assert "SQLite has no roles" in capsys.readouterr().out
