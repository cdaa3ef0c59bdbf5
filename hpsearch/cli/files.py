"""Reading what the user names on the command line."""

from pathlib import Path

from hpsearch.errors import InvalidSettings

MAX_SPEC = 1_000_000  # bytes; what the server takes


def read_spec(file: Path) -> bytes:
    """The file as it is: the server judges it. Raises InvalidSettings where it cannot be read."""
    try:
        if file.stat().st_size > MAX_SPEC:
            raise InvalidSettings(f"{file} is larger than {MAX_SPEC} bytes: no search spec")
        return file.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"{file} cannot be read: {error.strerror}") from None
