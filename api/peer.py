"""Which user of this machine is at the other end of a connection.

Linux lists the sockets of this machine with the users that they belong to. A connection over
loopback has both of its ends in that list; elsewhere, and on other systems, nothing is found.
"""

import ipaddress
import struct
from functools import cached_property
from pathlib import Path

KEY = "peer"  # in the state of a request

Address = tuple[str, int | None]

TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
TRIES = 2  # a table that changes while it is read can miss a line


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
        local, remote = _key(self._client), _key(self._server)
        for _ in range(TRIES):
            uid = _uid(TABLES[ends[0].version], local, remote)
            if uid is not None:
                return uid
        return None


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
