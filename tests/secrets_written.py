"""Looks for secrets in all that the tests wrote: databases, logs, exports, answers."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

PASSWORD = "a-password-of-the-tests"
OWNER_PASSWORD = "a password: 100% @home/"
SERVER_PASSWORD = "the server's: 50% \\ {of} it"
PASSWORDS = (PASSWORD, OWNER_PASSWORD, SERVER_PASSWORD)
"""What tests use for the passwords of databases, which are to appear nowhere but in these files."""
FILES = ("database_password", "server_password")


def _written(password: str) -> set[str]:
    """As it stands in texts, URLs, SQL, JSON, and what Python shows of it."""
    escaped = password.replace("\\", "\\\\")
    return {
        password,
        escaped,
        quote(password),
        quote(password, safe=""),
        quote_plus(password),
        quote(password, safe=" +"),  # as SQLAlchemy
        password.replace("'", "''"),
        escaped.replace("'", "\\'"),
    }


TOKEN = rb"hp[sl]_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
"""Tokens and logins; both can be told from all else by how they begin."""
SECRET = re.compile(
    b"|".join(
        [TOKEN, *(re.escape(each.encode()) for one in PASSWORDS for each in sorted(_written(one)))]
    )
)


def secrets_in(folder: Path) -> Iterator[str]:
    """Files in a folder that have a secret in them; what it is is not repeated."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or path.name in FILES:
            continue
        try:
            content = path.read_bytes()
        except OSError:
            continue  # gone meanwhile
        found = SECRET.search(content)
        if found:
            kind = found[0][:4].decode() if re.match(TOKEN, found[0]) else "password"
            yield f"{path.relative_to(folder)} ({kind}…)"


def check_no_secrets(folder: Path) -> None:
    """Raises AssertionError that names the files."""
    found = list(secrets_in(folder))
    assert not found, f"secrets were written to {found}"


@contextmanager
def searched_folder() -> Iterator[Path]:
    """A folder beside pytest's own, which is searched for secrets before it goes."""
    with tempfile.TemporaryDirectory(prefix="hpsearch-") as folder:
        yield Path(folder)
        check_no_secrets(Path(folder))
