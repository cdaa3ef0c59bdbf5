"""Slows down who shows wrong tokens. Keeps a bounded number of addresses."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 10  # failures that cost nothing
FIRST_WAIT = 1.0  # seconds after the next one; doubled by each
LONGEST_WAIT = 300.0
FORGOTTEN = 900.0  # seconds after which an address begins anew
MAX_ADDRESSES = 10_000


class FailedLogins:
    """Failures by address. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until a login from this address is looked at again; 0 for at once."""
        count, last = self._of(_network(address))
        if count < FREE:
            return 0.0
        pause = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(count - FREE, 20))
        return max(0.0, last + pause - self._clock())

    def note(self, address: str) -> None:
        """One more failure."""
        key = _network(address)
        count, _ = self._of(key)
        self._failures[key] = (count + 1, self._clock())
        self._failures.move_to_end(key)
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def _of(self, key: str) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, 0.0))
        return (0, 0.0) if self._clock() - last > FORGOTTEN else (count, last)


def _network(address: str) -> str:
    """Whoever has an IPv6 address has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
