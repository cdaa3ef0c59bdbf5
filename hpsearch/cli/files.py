"""Reading what the user names on the command line."""

from pathlib import Path

from hpsearch.errors import InvalidSettings, MalformedJson
from hpsearch.spec import strict_json
from hpsearch.spec.submission import parse_submission

MAX_SPEC = 1_000_000  # bytes; what the server takes


def read_spec(file: Path) -> bytes:
    """The file as it is: the server judges it. Raises InvalidSettings where it cannot be read."""
    try:
        if file.stat().st_size > MAX_SPEC:
            raise InvalidSettings(f"{file} is larger than {MAX_SPEC} bytes: no search spec")
        return file.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"{file} cannot be read: {error.strerror}") from None


def read_valid_spec(file: Path) -> bytes:
    """The same, after a look of our own: a broken spec need not wait for a server to start.

    Raises InvalidSpec, or InvalidSettings where it is no JSON.
    """
    content = read_spec(file)
    try:
        parse_submission(strict_json.loads(content))
    except MalformedJson as error:
        raise InvalidSettings(f"{file} {error}") from None
    return content
