"""The search for secrets finds them, and only them."""

from pathlib import Path

import pytest

from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.secrets_written import PASSWORD, secrets_in


def test_a_secret_is_found_wherever_it_lies(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "data")
    secret = tokens.create("ann", Scope.READ)
    login = tokens.log_in(secret)
    assert login is not None
    assert list(secrets_in(tmp_path)) == []  # hashes are not secrets
    log = tmp_path / "deep" / "server.log"
    log.parent.mkdir()
    for written in (secret.encode(), login[0].encode(), PASSWORD):
        log.write_bytes(b"\0 GET /?token=" + written + b"\n")
        assert len(list(secrets_in(tmp_path))) == 1
        assert secret not in str(list(secrets_in(tmp_path)))
    log.unlink()


@pytest.mark.parametrize("text", ["hps_trials", "hps_" + "a" * 42, "hps_" + "a" * 44])
def test_what_only_looks_like_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    assert list(secrets_in(tmp_path)) == []
