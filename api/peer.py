"""Which user of this machine is at the other end of a connection.

Linux tells of each socket of this machine which user it belongs to. Over loopback both ends of a
connection are such sockets; elsewhere, and on other systems, nothing is found. The kernel is asked
for the one socket (sock_diag(7)), which takes as long whatever else is connected; where a sandbox
does not allow that, the list of all sockets is read.
"""

import errno
import ipaddress
import os
import socket
import struct
from functools import cached_property
from pathlib import Path

KEY = "peer"  # in the state of a request

Address = tuple[str, int | None]

TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
TRIES = 2  # a table that changes while it is read can miss a line

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
ANY = 0xFFFFFFFF  # states and cookies
HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
WANTED = struct.Struct("=BBBBI")  # inet_diag_req_v2: family, protocol, extensions, padding, states
PORTS = struct.Struct(">HH")  # inet_diag_sockid: ports, then addresses, interface and cookie
FOUND = struct.Struct(
    "=4x48x12xII"
)  # inet_diag_msg: past the socket and three numbers: user, inode
ANSWER_TIMEOUT = 1.0  # seconds


class Peer:
    """Both addresses of a connection, and the user at its other end, looked up when first asked."""

    def __init__(self, client: Address | None, server: Address | None) -> None:
        self._client = client
        self._server = server

    @cached_property
    def uid(self) -> int | None:
        """The user's number, if the connection comes over loopback and it can be told."""
        if self._client is None or self._server is None:
            return None
        try:
            ends = ipaddress.ip_address(self._client[0]), ipaddress.ip_address(self._server[0])
        except ValueError:
            return None
        if not all(end.is_loopback for end in ends) or ends[0].version != ends[1].version:
            return None
        try:
            return _asked(self._client, self._server, ends[0].version)
        except (OSError, AttributeError):  # the latter where Python knows no such sockets
            return self._listed(TABLES[ends[0].version])

    def _listed(self, table: Path) -> int | None:
        assert self._client is not None
        assert self._server is not None
        local, remote = _key(self._client), _key(self._server)
        for _ in range(TRIES):
            uid = _uid(table, local, remote)
            if uid is not None:
                return uid
        return None


def _asked(client: Address, server: Address, version: int) -> int | None:
    """The user of the client's socket; raises OSError where the kernel does not say."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    places = b"".join(
        ipaddress.ip_address(end[0]).packed.ljust(16, b"\0") for end in (client, server)
    )
    ports = PORTS.pack(client[1] or 0, server[1] or 0)
    body = (
        WANTED.pack(family, socket.IPPROTO_TCP, 0, 0, ANY)
        + (ports + places)
        + struct.pack("=III", 0, ANY, ANY)
    )
    head = HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(ANSWER_TIMEOUT)
        kernel.send(head + body)
        answer = kernel.recv(4096)
    kind = HEADER.unpack_from(answer)[1]
    if kind != SOCK_DIAG_BY_FAMILY:
        code = -struct.unpack_from("=i", answer, HEADER.size)[0]
        if code == errno.ENOENT:
            return None
        raise OSError(code, os.strerror(code))
    uid, inode = FOUND.unpack_from(answer, HEADER.size)
    return int(uid) if inode else None  # what its process has closed has no inode, and says user 0


def _uid(table: Path, local: str, remote: str) -> int | None:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        # A socket that its process has closed has no inode, and says user 0.
        if fields[1] == local and fields[2] == remote and fields[9] != "0":
            return int(fields[7])
    return None


def _key(address: Address) -> str:
    """As the kernel writes it: the words of the address as this machine stores them, in hex."""
    packed = ipaddress.ip_address(address[0]).packed
    words = struct.unpack(f">{len(packed) // 4}I", packed)
    stored = struct.unpack(f"={len(words)}I", struct.pack(f">{len(words)}I", *words))
    return "".join(f"{word:08X}" for word in stored) + f":{address[1] or 0:04X}"
