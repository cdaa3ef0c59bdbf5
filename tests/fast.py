"""What makes a fast test fast: it stays inside its process.

The tests of tests/unit and tests/numerics are fast unless they are marked `slow`. One that opens a
socket or starts a process without that mark fails here, so `make test-fast` stays what it is.
"""

import sys
from collections.abc import Iterator

import pytest

BEYOND = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
)
"""Audit events of Python (docs.python.org/3/library/audit_events.html)."""


class LeftItsProcess(BaseException):
    """A fast test reached beyond its process. Not an Exception: no code under test catches it."""


class _Guard:
    """Python's audit hooks cannot be taken away again, but this one can look the other way."""

    def __init__(self) -> None:
        self.on = False
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.on and event in BEYOND:
            raise LeftItsProcess(f"{event} {arguments!r}: mark the test slow, or use a fake")


_guard = _Guard()


@pytest.fixture(autouse=True)
def inside_its_process(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every fast test has this."""
    _guard.on = request.node.get_closest_marker("slow") is None
    yield
    _guard.on = False
