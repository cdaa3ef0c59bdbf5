"""Reads the form of an upload from a request, straight to the disk, within bounds."""

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

MAX_NAME = 200  # bytes of the field `name`
MAX_REST = 10_000  # bytes of the body beside the file
EXPECTED = "multipart/form-data with the fields name and file"
FULL = (errno.ENOSPC, errno.EDQUOT)
_UNUSUAL = re.compile(r"[^\w .+-]")


@dataclass
class UploadForm:
    """What has come so far; the file goes to `path`."""

    path: Path
    max_bytes: int
    name: bytearray = field(default_factory=bytearray)
    filename: str = ""
    size: int = 0
    _fields: list[str] = field(default_factory=list)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header: list[bytes] = field(default_factory=lambda: [b"", b""])
    _out: IO[bytes] | None = None
    ended: bool = False

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._head(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._head(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._known,
            "on_part_data": self._data,
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def close(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    def _begin(self) -> None:
        self._headers = {}

    def _head(self, part: int, data: bytes) -> None:
        self._header[part] += data

    def _header_end(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = [b"", b""]

    def _known(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name not in ("name", "file") or name in self._fields:
            raise HTTPException(422, f"the form has a field {name[:50]!r}; {EXPECTED} is expected")
        self._fields.append(name)
        if name == "file":
            self.filename = told_name(options.get(b"filename", b""))
            self._out = self.path.open("xb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._out is None:
            self.name += data[start:end]
            if len(self.name) > MAX_NAME:
                raise HTTPException(422, f"name: is longer than {MAX_NAME} bytes")
            return
        self.size += end - start
        if self.size > self.max_bytes:
            raise too_large(self.max_bytes)
        self._out.write(data[start:end])

    def _end(self) -> None:
        self.ended = True


def too_large(max_bytes: int) -> HTTPException:
    return HTTPException(413, f"file: is larger than {max_bytes} bytes, the maximum of an upload")


def told_name(given: bytes) -> str:
    """The name of the file as the reasons may tell it: its last part, short, nothing unusual."""
    text = given.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return _UNUSUAL.sub("_", text)[:100] or "the file"


async def read_upload(
    request: Request, path: Path, max_bytes: int, progress: Callable[[UploadForm], None]
) -> tuple[str, str]:
    """The field `name`, and what the file is called; the file itself is at `path` then.

    Answers 400, 413, 415 or 422 to what is not such a form, 507 if the disk is full.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
        raise HTTPException(415, f"send {EXPECTED}")
    form = UploadForm(path, max_bytes)
    parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type] # a TypedDict
    total = 0
    try:
        async for chunk in request.stream():
            total += len(chunk)
            if total > max_bytes + MAX_REST:
                raise too_large(max_bytes)
            await run_in_threadpool(parser.write, chunk)
            progress(form)
    except MultipartParseError as error:
        raise HTTPException(400, f"the form cannot be read: {error}") from None
    except ClientDisconnect:
        raise HTTPException(400, "the upload ended early") from None  # nobody reads this
    except OSError as error:
        if error.errno in FULL:
            raise HTTPException(507, "the server's disk is full") from None
        raise
    finally:
        form.close()
    if not form.ended or form.size == 0 or not form.name:
        raise HTTPException(422, f"the form is not complete: {EXPECTED} is expected")
    return form.name.decode("utf-8", "replace"), form.filename
