"""The search for secrets finds them, and only them."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from sqlalchemy import URL

from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.secrets_written import PASSWORDS, check_no_secrets, searched_folder, secrets_in


def _in_sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _in_url(text: str) -> str:
    url = URL.create("postgresql", "user", text, "host")
    return url.render_as_string(hide_password=False)


def test_a_secret_is_found_wherever_it_lies(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "data")
    secret = tokens.create("ann", Scope.READ)
    login = tokens.log_in(secret)
    assert login is not None
    assert list(secrets_in(tmp_path)) == []  # hashes are not secrets
    log = tmp_path / "deep" / "server.log"
    log.parent.mkdir()
    for written in (secret, login[0], *PASSWORDS):
        log.write_bytes(b"\0 GET /?token=" + written.encode() + b"\n")
        assert len(list(secrets_in(tmp_path))) == 1
        assert secret not in str(list(secrets_in(tmp_path)))
    log.unlink()


@pytest.mark.parametrize("text", ["hps_trials", "hps_" + "a" * 42, "hps_" + "a" * 44])
def test_what_only_looks_like_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    assert list(secrets_in(tmp_path)) == []


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("write", [quote, quote_plus, repr, json.dumps, _in_sql, _in_url])
def test_a_password_is_found_however_it_is_written(
    tmp_path: Path, password: str, write: Callable[[str], str]
) -> None:
    log = tmp_path / "server.log"
    log.write_text(f"cannot connect: {write(password)}\n")
    found = list(secrets_in(tmp_path))
    log.unlink()
    assert found == ["server.log (password…)"]


def test_the_file_that_holds_a_password_may(tmp_path: Path) -> None:
    (tmp_path / "database_password").write_text(PASSWORDS[0])
    check_no_secrets(tmp_path)


def test_what_is_leaked_on_purpose_fails_the_run() -> None:
    told = ""
    try:
        with searched_folder() as here:
            (here / "export.json").write_text(f'{{"url": "postgresql://u:{PASSWORDS[0]}@h"}}')
    except AssertionError as error:
        told = str(error)
    assert "export.json" in told
    assert PASSWORDS[0] not in told
    assert not here.exists()
