"""Where the database is: a URL, and a password that may lie in a file beside it."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from hpsearch.errors import InvalidSettings


def file_url(file: Path) -> str:
    """The URL of a database file, whatever letters its folder has.

    Raises InvalidSettings where these are not UTF-8: neither a URL nor Optuna can name it then.
    """
    try:
        return URL.create("sqlite", database=str(file)).render_as_string()
    except UnicodeEncodeError:
        raise InvalidSettings(
            f"the name of {str(file)!r} is not UTF-8: rename the folder"
        ) from None


def complete(url: str, password_file: Path | None) -> str:
    """The URL with the file's password in it, where a file is given.

    Raises InvalidSettings for what is not a URL, and for a file that cannot be read.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is not a number is the latter
        raise InvalidSettings("database_url is not a database URL") from None
    if password_file is not None:
        parsed = parsed.set(password=read_password(password_file))
    return parsed.render_as_string(hide_password=False)


def read_password(file: Path) -> str:
    """What stands in the file, without space around it. Raises InvalidSettings."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{file} cannot be read: {error}") from None
