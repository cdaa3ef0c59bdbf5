"""A Dask cluster of real processes, as `hpsearch serve --cluster` uses it, and a wire to cut."""

import contextlib
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from harness.service import Started, free_port, wait_until

DASK = str(Path(sys.executable).with_name("dask"))
ANSWER_TIMEOUT = 60.0  # seconds


class Cluster:
    """A scheduler and its workers, each with one thread. `options` go to every command."""

    def __init__(
        self,
        folder: Path,
        options: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        protocol: str = "tcp",
    ) -> None:
        self.port = free_port()
        self.address = f"{protocol}://127.0.0.1:{self.port}"
        self.workers: list[Started] = []
        self._folder = folder
        self._options = options
        self._environment = dict(environment or {})
        self._scheduler: Started | None = None

    @property
    def scheduler(self) -> Started:
        assert self._scheduler is not None, "the scheduler was never started"
        return self._scheduler

    def start(self, workers: int) -> None:
        """Start the scheduler, on the same port each time, and workers."""
        where = ("--host", "127.0.0.1", "--port", str(self.port), "--dashboard-address", ":0")
        self._scheduler = self._run("scheduler", *where, "--no-show")
        wait_until(self._answers, ANSWER_TIMEOUT, "an answer of the scheduler")
        for _ in range(workers):
            self.add_worker()

    def add_worker(self) -> Started:
        kind = ("--nthreads", "1", "--no-nanny", "--dashboard-address", ":0")
        place = ("--host", "127.0.0.1", "--local-directory", str(self._folder))
        self.workers.append(self._run("worker", self.address, *kind, *place))
        return self.workers[-1]

    def close(self) -> None:
        for started in (*self.workers, *([self._scheduler] if self._scheduler else [])):
            started.close()

    def _run(self, *words: str) -> Started:
        command = (DASK, *words, *self._options)
        return Started(command, self._folder / "cluster.log", self._environment)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Wire:
    """Connections' way to a port of loopback, or to a socket's file, that can be cut.

    Hung, it takes bytes and carries none, as a network without a route; cut, it also ends its
    connections and refuses new ones.
    """

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._carrying = threading.Event()
        self._carrying.set()
        self._refusing = False
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        self._carrying.clear()

    def cut(self) -> None:
        self._refusing = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()
        self._carrying.set()

    def mend(self) -> None:
        self._refusing = False
        self._carrying.set()

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                near.close()
                continue
            try:
                far = self._connect()
            except OSError:
                near.close()
                continue
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _connect(self) -> socket.socket:
        """Raises OSError."""
        if isinstance(self._target, int):
            far = socket.create_connection(("127.0.0.1", self._target), 5)
            far.settimeout(None)
            return far
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self._target))
        return far

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._carrying.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
