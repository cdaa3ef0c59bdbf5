"""uvicorn in the foreground: starts with one clear line, leaves within five seconds."""

import gc
import ipaddress
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import uvicorn

from hpsearch.cli import passwords
from hpsearch.errors import InvalidSettings
from hpsearch.native_memory import share_arenas
from hpsearch.runner.fork_server import start_fork_server

APP = "api.app:create_app"
CONNECTION = "api.connections:Connection"
CLUSTER = "HPSEARCH_CLUSTER"  # the variable that says where workers are, if not on this machine
DRAIN_TIMEOUT = 1  # seconds that requests in flight get to finish
LEAVE_TIMEOUT = 4.5  # seconds after which the process ends, whatever still holds it
LAST_RESORT = 4.8  # seconds after which the kernel ends it, if even that did not work
QUEUE = 1024  # connections that the kernel keeps until they are accepted
AT_ONCE = 16  # connections accepted in one go: what is too much must be closed in between
SWITCH_INTERVAL = 0.001  # seconds: a request changes threads twice, beside threads that compute
IDLE_TIMEOUT = 30  # seconds that a connection is kept for the next request


def bind(host: str, port: int) -> socket.socket:
    """Take the port; raises InvalidSettings where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it answers wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(QUEUE)
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "is no host name"
        hint = "choose another with --port" if port else ""
        text = f"cannot listen on {host} port {port}: {reason}; {hint}".rstrip("; ")
        raise InvalidSettings(text) from None
    listener.set_inheritable(False)
    return listener


def address_of(listener: socket.socket) -> str:
    """Where people reach the server."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches the server."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def bound_to(listener: socket.socket, scheme: str) -> str:
    """What the server really listens on, as an address; and who reaches that, if it is not one."""
    host, port = listener.getsockname()[:2]
    shown = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
    return f"{shown}, which is all addresses of this machine" if everywhere else shown


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edge:
    """What stands between the server and its clients: TLS of its own, or proxies that it trusts.

    Raises InvalidSettings for files that are not a certificate and its key.
    """

    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: str = ""

    def __post_init__(self) -> None:
        if self.tls_cert is None:
            if self.tls_key is not None:
                raise InvalidSettings("--tls-key needs --tls-cert")
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.tls_cert, self.tls_key, password=_no_password
            )
        except (OSError, ValueError) as error:
            raise InvalidSettings(
                f"{self.tls_cert} and {self.tls_key or 'no key'} cannot serve TLS: {error}"
            ) from None

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert else "http"

    def options(self) -> dict[str, Any]:
        """Of uvicorn's configuration. A proxy that is not named counts for nothing."""
        proxies = [each.strip() for each in self.trusted_proxies.split(",") if each.strip()]
        return {
            "ssl_certfile": self.tls_cert,
            "ssl_keyfile": self.tls_key,
            "proxy_headers": bool(proxies),
            "forwarded_allow_ips": proxies,
        }


def _no_password() -> str:
    raise ValueError("the key is encrypted; a server starts without anybody to ask")


PLAIN = Edge()


class Server(uvicorn.Server):
    """uvicorn, with manners of its own about leaving.

    It tells the application as soon as it begins to leave, through the lifespan state `stopping`,
    so that endless answers end by themselves. Asked to end, it ends with exit code 0, and within
    LEAVE_TIMEOUT even if something hangs: nothing is lost by a hard end, and the worker processes
    notice it and end too. A second Ctrl-C is such a hard end.
    """

    def __init__(self, started: Callable[[], None] = lambda: None, edge: Edge = PLAIN) -> None:
        """`started` is called once requests are answered."""
        config = uvicorn.Config(
            APP,
            factory=True,
            http=CONNECTION,
            ws="none",
            backlog=AT_ONCE,
            timeout_keep_alive=IDLE_TIMEOUT,
            log_config=None,  # ours: hpsearch.cli.logs
            access_log=False,
            timeout_graceful_shutdown=DRAIN_TIMEOUT,
            server_header=False,
            **edge.options(),
        )
        super().__init__(config)
        self.exit_code = 0
        self._leaving = False
        self._tell_started = started

    def serve_on(self, listener: socket.socket) -> None:
        """Serve until SIGTERM or Ctrl-C; a second Ctrl-C leaves at once."""
        share_arenas()
        gc.disable()  # until all is loaded: 500 looks through it make a start slower
        sys.setswitchinterval(SWITCH_INTERVAL)
        os.umask(0o077)  # what the server and its workers write is for their user alone
        passwords.hide_password()
        if CLUSTER not in os.environ:
            # It inherits this: Ctrl-C reaches every process of a terminal, but is for us to act on.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            with passwords.out_of_environment():
                start_fork_server()
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn takes both over while it runs, and raises them again when it has ended.
            signal.signal(number, _leave)
        try:
            self.run(sockets=[listener])
        finally:
            listener.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        passwords.forget()
        for each in sockets or ():
            each.listen(QUEUE)  # asyncio had made it AT_ONCE
        # What is loaded stays loaded. Python's garbage collector need not look through it again and
        # again, which would hold up every request for 0.1 to 0.2 s each time.
        gc.freeze()
        gc.enable()
        self._tell_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            os._exit(130)
        if not self.started:
            os._exit(self.exit_code)  # nothing was promised to anybody yet
        self._set_clocks()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._set_clocks()
        stopping = self.lifespan.state.get("stopping")
        if stopping is not None:
            stopping.set()
        await super().shutdown(sockets)

    def _set_clocks(self) -> None:
        """End after LEAVE_TIMEOUT, whatever holds us; by the kernel where Python itself hangs."""
        if self._leaving:
            return
        self._leaving = True
        hard_end = threading.Timer(LEAVE_TIMEOUT, self._end_hard)
        hard_end.daemon = True
        hard_end.start()
        signal.setitimer(signal.ITIMER_REAL, LAST_RESORT)

    def _end_hard(self) -> None:
        log.warning("not everything stopped in time; ending all the same")
        end_process(self.exit_code)


def end_process(code: int) -> NoReturn:
    """End now. What Python does at its exit (it waits for threads, frees every object) can take
    longer than anybody waits, and nothing needs it once the server has shut down."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
