"""`hpsearch run`: the server and, in a second thread, a client of it, in one process."""

import socket
import sys
import threading
import time
from dataclasses import dataclass

from rich.console import Console

from hpsearch.cli import tables
from hpsearch.cli.server import Server, address_of
from hpsearch.cli.watch import Watcher, watch_until_end
from hpsearch.client import Client
from hpsearch.errors import ServiceError

BEST_SHOWN = 5
START_INTERVAL = 0.05  # seconds between looks at whether the server has started


def run_search(spec: bytes, listener: socket.socket, leave: bool, out: Console) -> int:
    """Serve until Ctrl-C, or with `leave` until the job has ended.

    Returns 0 where all went well, 1 where the job of a run that leaves did not complete, 2 where
    the server refused the spec, which is said at once: a server may take its time to leave.
    """
    server, url = Server(), address_of(listener)
    out.print(f"starting the service on {url}", highlight=False)
    user = _User(spec, url, server, leave, out)
    thread = threading.Thread(target=user.act, name="user", daemon=True)
    thread.start()
    try:
        server.serve_on(listener)
    except SystemExit as error:
        if error.code:
            raise
    user.left.set()
    thread.join(timeout=1)
    if user.refused:
        return 2
    return 0 if user.completed or not leave else 1


@dataclass
class _User:
    """What a person would do beside the server: submit, watch, read the result."""

    spec: bytes
    url: str
    server: Server
    leave: bool
    out: Console
    completed: bool = False
    refused: bool = False

    def __post_init__(self) -> None:
        self.left = threading.Event()

    def act(self) -> None:
        while not self.server.started and not self.left.is_set():
            time.sleep(START_INTERVAL)
        try:
            self._search()
        except ServiceError as error:
            # While the server leaves, an unanswered request is no news.
            if not self.server.should_exit:
                for line in error.lines:
                    print(f"hpsearch: {line}", file=sys.stderr, flush=True)
                self.refused = True
                self.server.exit_code = 2
                self.server.should_exit = True
        if self.leave:
            self.server.should_exit = True

    def _search(self) -> None:
        with Client(self.url) as client:
            job = client.submit(self.spec)
            self.out.print(f"job {job['id']} at {self.url}{job['links']['self']}", highlight=False)
            with Watcher(self.out) as watcher:
                ended = watch_until_end(client, job["id"], watcher)
            best = client.best(job["id"], BEST_SHOWN)
            self.completed = ended["state"] == "completed"
            self.server.exit_code = 0 if self.completed or not self.leave else 1
        tables.print_result(self.out, self.url, ended, best)
        if not self.leave:
            self.out.print("still serving; Ctrl-C ends it", highlight=False)
