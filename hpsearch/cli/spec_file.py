"""Search specs as files: JSON, TOML or YAML by their name, and where in the file a fault is."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpsearch.cli import yaml_values
from hpsearch.errors import InvalidSettings, ServiceError
from hpsearch.spec.strict_json import MAX_DEPTH

TOML = (".toml",)
YAML = (".yaml", ".yml")
UNPROCESSABLE = 422  # the status of a spec that cannot be run

_TABLE = re.compile(r"^\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)


@dataclass(frozen=True)
class SpecFile:
    """A spec as JSON, as it is sent, and as it was written. name: of the file, for people."""

    content: bytes
    name: str
    written: str
    suffix: str = ""

    def place(self, field: str) -> str:
        """Where a field, or the nearest one around it, stands: ` (spec.toml, line 3)`."""
        lines = _toml_lines(self.written) if self.suffix in TOML else self._other_lines()
        path = field.split(".")
        for length in range(len(path), 0, -1):
            line = lines.get(".".join(path[:length]))
            if line is not None:
                return f" ({self.name}, line {line})"
        return ""

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Adds to what a server refuses of the spec where it stands in the file."""
        try:
            yield
        except ServiceError as error:
            if error.status != UNPROCESSABLE:
                raise
            lines = [f"{line}{self.place(line.partition(':')[0])}" for line in error.lines]
            raise ServiceError(lines, error.status) from None

    def _other_lines(self) -> dict[str, int]:
        # YAML's reader takes tabs for nothing but text; JSON may be indented with them.
        return yaml_values.lines_of(self.written.replace("\t", " "))


def understood(content: bytes, file: Path, name: str) -> SpecFile:
    """The spec that a file holds; JSON is sent as it was written, and judged by who reads it.

    Raises InvalidSettings, with the line, for TOML or YAML that is none, or has values that JSON
    has not.
    """
    suffix = file.suffix.lower()
    if suffix not in (*TOML, *YAML):
        return SpecFile(content, name, content.decode("utf-8", "replace"))
    try:
        text = content.decode("utf-8")
        value = tomllib.loads(text) if suffix in TOML else yaml_values.loads(text)
        sent = json.dumps(value, allow_nan=False, default=_refused).encode()
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"{name} is not UTF-8 at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{name} is not TOML: {error}") from None
    except RecursionError:
        raise InvalidSettings(f"{name} is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        raise InvalidSettings(f"{name} holds a number that is not finite, or too long") from None
    except InvalidSettings as error:
        raise InvalidSettings(f"{name} {error}") from None
    return SpecFile(sent, name, text, suffix)


def _refused(value: object) -> Any:
    raise InvalidSettings(f"holds a {type(value).__name__}, which no spec has: {value}")


def _toml_lines(text: str) -> dict[str, int]:
    """Lines (from 1) of tables and of keys that begin a line, by dotted path; the first of each."""
    lines: dict[str, int] = {}
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _TABLE.match(line), _KEY.match(line)
        if header:
            table = _parts(header[1])
        path = [*table, *_parts(key[1])] if key and not header else table
        if (header or key) and path:
            lines.setdefault(".".join(path), number)
    return lines


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]
