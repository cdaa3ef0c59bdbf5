"""Specs from files and from standard input, in whatever encoding editors write."""

import io
import sys
from pathlib import Path

import pytest

from hpsearch.cli.files import STANDARD_INPUT, read_spec, read_valid_spec
from hpsearch.errors import InvalidSettings

SPEC = '{"dataset": "digits", "name": "проект"}'


@pytest.fixture(params=["file", "standard input"])
def given(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Giver":
    return Giver(request.param, tmp_path / "spec.json", monkeypatch)


class Giver:
    """Hands bytes over in a file or on standard input."""

    def __init__(self, way: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.way, self.file, self.monkeypatch = way, file, monkeypatch

    def __call__(self, content: bytes) -> Path:
        if self.way == "file":
            self.file.write_bytes(content)
            return self.file
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return STANDARD_INPUT

    @property
    def name(self) -> str:
        return str(self.file) if self.way == "file" else self.way


def test_the_bytes_arrive_as_they_are_without_a_byte_order_mark(given: Giver) -> None:
    assert read_spec(given(SPEC.encode())).content == SPEC.encode()
    assert read_spec(given(SPEC.encode("utf-8-sig"))).content == SPEC.encode()
    assert read_valid_spec(given(SPEC.encode("utf-8-sig"))).content == SPEC.encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_named(given: Giver, encoding: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        read_spec(given(SPEC.encode(encoding)))
    assert str(caught.value) == f"{given.name} is UTF-16 text: save it as UTF-8"


def test_more_than_a_server_takes_is_not_read_to_its_end(given: Giver) -> None:
    with pytest.raises(InvalidSettings, match="is larger than 1000000 bytes: not a search spec"):
        read_spec(given(b" " * 2_000_000))


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(InvalidSettings, match="is larger than"):
        read_spec(Path("/dev/zero"))


def test_what_is_not_json_is_named(given: Giver) -> None:
    with pytest.raises(InvalidSettings, match=given.name):
        read_valid_spec(given(b"{"))
