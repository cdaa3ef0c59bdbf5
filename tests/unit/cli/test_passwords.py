"""A database's password is in nobody's sight."""

import os

import pytest

from hpsearch.cli import passwords


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", False),
        ("sqlite:////data/hpsearch.db", False),
        ("postgresql+psycopg://user@host/db", False),
        ("postgresql+psycopg://user:secret@host:5432/db", True),
        ("postgresql+psycopg://user:@host/db", True),
        ("postgresql://host/db?user=a&password=b", True),
        ("postgresql://host/db?sslpassword=b", False),
        ("postgresql://user:secret@[host/db", True),
    ],
)
def test_sees_passwords(url: str, expected: bool) -> None:
    assert passwords.has_password(url) is expected


def test_processes_that_are_started_do_not_get_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPSEARCH_DATABASE_URL", "postgresql://u:p@h/d")
    with passwords.out_of_environment():
        assert "HPSEARCH_DATABASE_URL" not in os.environ
    assert os.environ["HPSEARCH_DATABASE_URL"] == "postgresql://u:p@h/d"
    passwords.forget()
    assert "HPSEARCH_DATABASE_URL" not in os.environ
