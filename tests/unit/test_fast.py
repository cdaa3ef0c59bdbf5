"""Fast tests stay inside their process, whether or not they mean to."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.fast import LeftItsProcess


def _with_socket(use: Callable[[socket.socket], None]) -> None:
    with socket.socket() as opened:
        use(opened)


@pytest.mark.parametrize(
    "leave",
    [
        lambda: _with_socket(lambda opened: opened.connect(("127.0.0.1", 1))),
        lambda: _with_socket(lambda opened: opened.bind(("127.0.0.1", 0))),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: subprocess.run([sys.executable, "--version"], check=False),
        lambda: os.system("true"),  # noqa: S605 - must not get as far
        os.fork,
    ],
)
def test_leaving_fails(leave: Callable[[], object]) -> None:
    with pytest.raises(LeftItsProcess, match="mark the test slow"):
        leave()


@pytest.mark.slow
def test_a_slow_test_may_leave() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        pass
