"""Reading what the user names on the command line."""

import codecs
import os
import sys
from dataclasses import asdict
from pathlib import Path

from hpsearch.cli.spec_file import SpecFile, understood
from hpsearch.client import line_of
from hpsearch.errors import InvalidSettings, InvalidSpec, MalformedJson
from hpsearch.spec import strict_json
from hpsearch.spec.submission import parse_submission

MAX_JOB_FILE = 128 * 2**20  # bytes; what the server takes
MAX_SPEC = 1_000_000  # bytes; what the server takes
STANDARD_INPUT = Path("-")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_spec(file: Path) -> SpecFile:
    """JSON as it is, without a byte order mark: the server judges it; of TOML and YAML, by the name
    of the file, the same as JSON. `-` is JSON from standard input.

    Raises InvalidSettings if it cannot be read, or cannot be a spec.
    """
    name = _name(file)
    try:
        content = _read(file)
    except OSError as error:
        raise InvalidSettings(f"{name} cannot be read: {error.strerror}") from None
    if len(content) > MAX_SPEC:
        raise InvalidSettings(f"{name} is larger than {MAX_SPEC} bytes: not a search spec")
    if content.startswith(UTF_16) or b"\0" in content[:4]:
        raise InvalidSettings(f"{name} is UTF-16 text: save it as UTF-8")
    return understood(content.removeprefix(codecs.BOM_UTF8), file, name)


def read_input(path: Path, limit: int) -> bytes:
    """A file of at most `limit` bytes; raises InvalidSettings."""
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise InvalidSettings(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > limit:
        raise InvalidSettings(f"{path} is larger than {limit} bytes, the maximum")
    return content


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named, all of it or nothing; raises InvalidSettings."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InvalidSettings(f"{path} cannot be written: {error.strerror}") from None


def _name(file: Path) -> str:
    return "standard input" if file == STANDARD_INPUT else str(file)


def _read(file: Path) -> bytes:
    """No more than one byte too many."""
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_SPEC + 1)
    with file.open("rb") as stream:
        return stream.read(MAX_SPEC + 1)


def read_valid_spec(file: Path) -> SpecFile:
    """The same, checked here: a broken spec need not wait for a server to start.

    Raises InvalidSettings with a line for each field at fault, and where it stands.
    """
    spec = read_spec(file)
    try:
        parse_submission(strict_json.loads(spec.content))
    except MalformedJson as error:
        raise InvalidSettings(f"{spec.name} {error}") from None
    except InvalidSpec as error:
        lines = [line_of(asdict(each)) + spec.place(each.field) for each in error.problems]
        raise InvalidSettings("\n".join(lines)) from None
    return spec
