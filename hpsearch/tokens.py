"""Tokens: random secrets with a name and a scope, in one file of the data folder, hashed.

A token is 256 random bits, so its plain SHA-256 tells nothing about it: there is no list of likely
tokens to try, and a slow hash would only make each request slow. Servers that share the folder see
every change with the next request. Logins in a browser lie in the same file: each is a secret of
its own, which ends with its token.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hpsearch.access import NAME, RESERVED, Identity, Scope
from hpsearch.errors import InvalidSettings, TokenError

FILE = "tokens.json"
PREFIX = "hps_"  # so that scanners for secrets, and our own test, can find one
SESSION_PREFIX = "hpl_"
BITS = 256
MAX_TOKENS = 1000
MAX_SESSIONS = 20  # of one token; the oldest ends
SESSION_LIFETIME = timedelta(hours=12)
VERSION = 1

Kept = TypeVar("Kept", "Token", "Session")


@dataclass(frozen=True)
class Token:
    """What is kept of a token; times are UTC. expires_at: None for never."""

    name: str
    scope: Scope
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True)
class Session:
    """A login: its own secret's hash, and the hash of the token that it was made with."""

    sha256: str
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Contents:
    """The file, as values."""

    tokens: tuple[Token, ...] = ()
    sessions: tuple[Session, ...] = ()


class TokenFile:
    """The tokens of a data folder. Safe to use from several threads and processes."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir
        self._path = data_dir / FILE
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int, int] | None, Contents] = (None, Contents())

    def all(self) -> list[Token]:
        """All that were created and not revoked, by name; also those that have expired."""
        return sorted(self._read().tokens, key=lambda token: token.name)

    def any_valid(self) -> bool:
        now = _now()
        return any(token.valid(now) for token in self._read().tokens)

    def create(self, name: str, scope: Scope, lifetime: timedelta | None = None) -> str:
        """Make a token; returns its secret, which nobody can be told again.

        Raises TokenError for a name that cannot be used, or is in use.
        """
        if not NAME.fullmatch(name) or name in RESERVED:
            raise TokenError(
                f"a token cannot be named {name!r}: names are 1 to 64 of a-z, 0-9, . _ and -, "
                f"begin with a letter or a digit, and are not {' or '.join(RESERVED)}"
            )
        secret = PREFIX + secrets.token_urlsafe(BITS // 8)
        now = _now()
        expires = None if lifetime is None else now + lifetime
        made = Token(name, scope, _sha256(secret), now, expires)
        with self._changing() as contents:
            others = tuple(each for each in contents.tokens if each.name != name)
            if any(each.name == name and each.valid(now) for each in contents.tokens):
                raise TokenError(f"there is a token {name} already: revoke it first")
            if len(others) >= MAX_TOKENS:
                raise TokenError(f"there are {len(others)} tokens, the maximum: revoke some")
            self._write(replace(contents, tokens=(*others, made)), now)
        return secret

    def revoke(self, name: str) -> None:
        """End a token and all its logins, at once. Raises TokenError if there is no such token."""
        with self._changing() as contents:
            left = tuple(each for each in contents.tokens if each.name != name)
            if len(left) == len(contents.tokens):
                raise TokenError(f"there is no token {name!r}")
            self._write(replace(contents, tokens=left), _now())

    def identify(self, secret: str) -> Identity | None:
        """Whose token this is; None if it is not one, or one no longer."""
        return _identity(_find(self._read().tokens, _sha256(secret)))

    def log_in(self, secret: str) -> tuple[str, Identity] | None:
        """Make a login with a token: the login's own secret, and who it is."""
        now, sha256 = _now(), _sha256(secret)
        made = SESSION_PREFIX + secrets.token_urlsafe(BITS // 8)
        with self._changing() as contents:
            identity = _identity(_find(contents.tokens, sha256))
            if identity is None:
                return None
            own = [each for each in contents.sessions if each.token == sha256]
            ended = own[: max(0, len(own) - MAX_SESSIONS + 1)]
            kept = (each for each in contents.sessions if each not in ended)
            session = Session(_sha256(made), sha256, now + SESSION_LIFETIME)
            self._write(replace(contents, sessions=(*kept, session)), now)
        return made, identity

    def of_session(self, secret: str) -> Identity | None:
        """Whose login this is; None if it is not one, has expired, or its token has ended."""
        contents = self._read()
        session = _find(contents.sessions, _sha256(secret))
        if session is None or _now() >= session.expires_at:
            return None
        return _identity(_find(contents.tokens, session.token))

    def log_out(self, secret: str) -> None:
        """End a login."""
        sha256 = _sha256(secret)
        if _find(self._read().sessions, sha256) is None:
            return
        with self._changing() as contents:
            left = tuple(each for each in contents.sessions if each.sha256 != sha256)
            self._write(replace(contents, sessions=left), _now())

    def _read(self) -> Contents:
        """The file as it is now; parsed again only if it has changed."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return Contents()
        except OSError as error:
            raise InvalidSettings(f"cannot read {self._path}: {error.strerror}") from None
        state = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        with self._lock:
            seen, contents = self._seen
            if seen != state:
                contents = self._parse()
                self._seen = (state, contents)
            return contents

    def _parse(self) -> Contents:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return Contents(
                tuple(_token(each) for each in found["tokens"]),
                tuple(_session(each) for each in found["sessions"]),
            )
        except FileNotFoundError:
            return Contents()
        except OSError as error:
            raise InvalidSettings(f"cannot read {self._path}: {error.strerror}") from None
        except (ValueError, TypeError, KeyError):
            raise InvalidSettings(f"{self._path} is damaged: nobody is let in by it") from None

    @contextmanager
    def _changing(self) -> Iterator[Contents]:
        """One process changes the file at a time."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InvalidSettings(f"cannot write to {self.folder}: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self._parse()
        finally:
            os.close(descriptor)

    def _write(self, contents: Contents, now: datetime) -> None:
        """Replace the file, without the logins that have ended."""
        hashes = {token.sha256 for token in contents.tokens if token.valid(now)}
        live = [
            each for each in contents.sessions if each.token in hashes and now < each.expires_at
        ]
        told = {
            "version": VERSION,
            "tokens": [_to_json(token) for token in contents.tokens],
            "sessions": [_to_json(session) for session in live],
        }
        draft = self._path.with_name(f"{FILE}.draft")
        try:
            with open(draft, "w", encoding="utf-8", opener=_private) as file:
                json.dump(told, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        except OSError as error:
            raise InvalidSettings(f"cannot write {self._path}: {error.strerror}") from None


def _find(kept: Iterable[Kept], sha256: str) -> Kept | None:
    """Compares with all of them, each in constant time: how long it takes tells nothing."""
    found = None
    for each in kept:
        if hmac.compare_digest(each.sha256, sha256):
            found = each
    return found


def _identity(token: Token | None) -> Identity | None:
    if token is None or not token.valid(_now()):
        return None
    return Identity(token.name, token.scope)


def _token(found: dict[str, Any]) -> Token:
    expires = found["expires_at"]
    return Token(
        str(found["name"]),
        Scope(found["scope"]),
        str(found["sha256"]),
        datetime.fromisoformat(found["created_at"]),
        None if expires is None else datetime.fromisoformat(expires),
    )


def _session(found: dict[str, Any]) -> Session:
    expires = datetime.fromisoformat(found["expires_at"])
    return Session(str(found["sha256"]), str(found["token"]), expires)


def _to_json(kept: Token | Session) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(kept).items()
    }


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
