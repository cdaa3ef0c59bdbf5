"""Looks for secrets in all that the tests wrote: databases, logs, exports, answers."""

import re
from collections.abc import Iterator
from pathlib import Path

SECRET = re.compile(rb"hp[sl]_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
"""Tokens and logins; both can be told from all else by how they begin."""

PASSWORD = b"a-password-of-the-tests"
"""What tests use for the password of a database that is to appear nowhere."""


def secrets_in(folder: Path) -> Iterator[str]:
    """Files in a folder that have a secret in them; what it is is not repeated."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            content = path.read_bytes()
        except OSError:
            continue  # gone meanwhile
        found = SECRET.search(content)
        if found or PASSWORD in content:
            kind = found[0][:4].decode() if found else "password"
            yield f"{path.relative_to(folder)} ({kind}…)"
