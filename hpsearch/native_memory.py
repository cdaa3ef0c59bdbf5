"""What the C library does with memory that was freed; elsewhere than on glibc nothing is done."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # of malloc.h
ARENAS = 2


def share_arenas() -> None:
    """Have all threads allocate from a few arenas, before any but the first has allocated.

    By default there are eight for each processor, and each keeps what its busiest moment took.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Hand what was freed back to the machine."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
