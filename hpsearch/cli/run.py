"""`hpsearch run`: the server and, in a second thread, a client of it, in one process."""

import socket
import sys
import threading
import time
from dataclasses import dataclass, field

from rich.console import Console

from hpsearch.cli import tables
from hpsearch.cli.output import print_json
from hpsearch.cli.server import Server, address_of, is_loopback
from hpsearch.cli.spec_file import SpecFile
from hpsearch.cli.watch import Watcher, console_of, exit_code, watch_until_end
from hpsearch.client import Client
from hpsearch.errors import ServiceError

BEST_SHOWN = 5
INTERRUPTED = 1  # exit code of a run that was to leave with its job, and left before
START_INTERVAL = 0.05  # seconds between looks at whether the server has started


def run_search(spec: SpecFile, listener: socket.socket, leave: bool, as_json: bool) -> int:
    """Serve until Ctrl-C, or with `leave` until the job has ended.

    Returns the exit code: of the job for a run that leaves (see hpsearch.cli.watch), 0 for one that
    does not, 2 if the server refused the spec, which is said at once: a server may take its time to
    leave. With `as_json` standard output is the ended job alone.
    """
    server, url, out = Server(), address_of(listener), console_of(as_json)
    out.print(f"starting the service on {url}", highlight=False, soft_wrap=True)
    alone = is_loopback(listener)  # HPSEARCH_TOKEN may be for another server then
    user = _User(spec, url, "" if alone else None, server, leave, as_json, out)
    thread = threading.Thread(target=user.act, name="user", daemon=True)
    thread.start()
    try:
        server.serve_on(listener)
    except SystemExit as error:
        if error.code:
            raise
    user.left.set()
    thread.join(timeout=1)
    return user.exit_code


@dataclass
class _User:
    """What a person would do beside the server: submit, watch, read the result."""

    spec: SpecFile
    url: str
    token: str | None
    server: Server
    leave: bool
    as_json: bool
    out: Console
    left: threading.Event = field(default_factory=threading.Event)
    exit_code: int = 0

    def __post_init__(self) -> None:
        self._will_end_with(INTERRUPTED if self.leave else 0)

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
                self._will_end_with(2)
                self.server.should_exit = True
        if self.leave:
            self.server.should_exit = True

    def _search(self) -> None:
        with Client(self.url, token=self.token) as client:
            with self.spec.placed():
                job = client.submit(self.spec.content)
            where = f"{self.url}{job['links']['self']}"
            self.out.print(f"job {job['id']} at {where}", highlight=False, soft_wrap=True)
            with Watcher(self.out, patience=0) as watcher:  # the server is our own
                ended = watch_until_end(client, job["id"], watcher)
            best = client.best(job["id"], BEST_SHOWN)
        if self.leave:
            self._will_end_with(exit_code(ended))
        if self.as_json:
            print_json(ended)
        else:
            tables.print_result(self.out, self.url, ended, best)
        if not self.leave:
            self.out.print("still serving; Ctrl-C ends it", highlight=False)

    def _will_end_with(self, code: int) -> None:
        """Of the command; the server's own counts if it ends hard."""
        self.exit_code = self.server.exit_code = code
