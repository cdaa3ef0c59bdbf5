"""Tokens: made once, kept as hashes, ended at once."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from hpsearch import tokens
from hpsearch.access import LOCAL, Identity, Scope
from hpsearch.errors import InvalidSettings, TokenError
from hpsearch.tokens import MAX_SESSIONS, TokenFile


def test_a_token_is_known_by_its_secret_which_is_not_kept(tmp_path: Path) -> None:
    secret = TokenFile(tmp_path).create("ann", Scope.SUBMIT)
    again = TokenFile(tmp_path)
    assert again.identify(secret) == Identity("ann", Scope.SUBMIT)
    assert again.identify(secret + "x") is None
    assert again.identify("") is None
    file = tmp_path / tokens.FILE
    assert secret not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(secret) == len("hps_") + 43  # 256 bits in base64


def test_a_token_ends_when_it_expires_or_is_revoked(tmp_path: Path) -> None:
    file, other = TokenFile(tmp_path), TokenFile(tmp_path)
    expired = file.create("late", Scope.READ, timedelta(seconds=-1))
    assert file.identify(expired) is None
    secret = file.create("ann", Scope.READ, timedelta(days=1))
    assert other.identify(secret) is not None
    file.revoke("ann")
    assert other.identify(secret) is None
    with pytest.raises(TokenError, match="no token 'ann'"):
        file.revoke("ann")
    assert not file.any_valid()


@pytest.mark.parametrize("name", ["", "Ann", "a b", "-a", "../a", "a" * 65, "local", "anyone"])
def test_names_that_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TokenError, match="cannot be named"):
        TokenFile(tmp_path).create(name, Scope.READ)


def test_a_name_has_one_token_at_a_time(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    file.create("ann", Scope.READ, timedelta(seconds=-1))
    first = file.create("ann", Scope.READ)  # the other one has expired
    with pytest.raises(TokenError, match="already"):
        file.create("ann", Scope.ADMIN)
    assert file.identify(first) == Identity("ann", Scope.READ)


def test_logins_end_with_logout_and_with_their_token(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    secret = file.create("ann", Scope.READ)
    logins = [file.log_in(secret) for _ in range(2)]
    first, second = (login[0] for login in logins if login)
    assert file.of_session(first) == Identity("ann", Scope.READ)
    assert file.identify(first) is None  # a login is not a token
    assert file.of_session(secret) is None
    file.log_out(first)
    assert file.of_session(first) is None
    assert file.of_session(second) is not None
    file.revoke("ann")
    assert file.of_session(second) is None
    assert file.log_in(secret) is None


def test_logins_expire_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = TokenFile(tmp_path)
    secret = file.create("ann", Scope.READ)
    made = [login[0] for _ in range(MAX_SESSIONS + 1) if (login := file.log_in(secret))]
    assert file.of_session(made[0]) is None  # the oldest made room
    assert all(file.of_session(each) for each in made[1:])
    monkeypatch.setattr(tokens, "SESSION_LIFETIME", timedelta(0))
    login = file.log_in(secret)
    assert login is not None
    assert file.of_session(login[0]) is None


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    def make(number: int) -> None:
        TokenFile(tmp_path).create(f"t{number}", Scope.READ)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(TokenFile(tmp_path).all()) == 8


def test_a_damaged_file_lets_nobody_in(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    secret = file.create("ann", Scope.READ)
    (tmp_path / tokens.FILE).write_text('{"tokens": [{}]}')
    with pytest.raises(InvalidSettings, match="damaged"):
        file.identify(secret)


def test_the_number_of_tokens_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
    file = TokenFile(tmp_path)
    file.create("ann", Scope.READ)
    with pytest.raises(TokenError, match="the maximum"):
        file.create("bob", Scope.READ)


@pytest.mark.parametrize("needed", list(Scope))
def test_scopes_include_the_smaller_ones(needed: Scope) -> None:
    order = list(Scope)
    for scope in Scope:
        assert Identity("a", scope).may(needed) == (order.index(scope) >= order.index(needed))


def test_whose_things_may_be_changed() -> None:
    ann = Identity("ann", Scope.SUBMIT)
    assert ann.may_change("ann")
    assert not ann.may_change("bob")
    assert not ann.may_change(None)
    assert not Identity("ann", Scope.READ).may_change("ann")
    assert LOCAL.may_change("ann")
    assert LOCAL.may_change(None)
