"""Where the database is: a URL, and a password that may lie in a file beside it."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from hpsearch.errors import InvalidSettings


def complete(url: str, password_file: Path | None) -> str:
    """The URL with the file's password in it, where a file is given.

    Raises InvalidSettings for what is no URL, and for a file that cannot be read.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidSettings("database_url is no database URL") from None
    if password_file is not None:
        parsed = parsed.set(password=_read(password_file))
    return parsed.render_as_string(hide_password=False)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{file} cannot be read: {error}") from None
