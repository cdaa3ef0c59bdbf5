"""How many processors this process may use, which may be fewer than the machine has."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

MEMBERSHIP = Path("/proc/self/cgroup")
CONTROL_GROUPS = Path("/sys/fs/cgroup")


def usable_processors() -> int:
    """What the scheduler's affinity (`taskset`) and the quotas of control groups leave; at least 1.

    Containers and services are limited by control groups, of version 1 or 2.
    """
    try:
        affinity = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on this system
        affinity = os.cpu_count() or 1
    return fewest(affinity, list(quotas(MEMBERSHIP, CONTROL_GROUPS)))


def fewest(affinity: int, limits: Sequence[float]) -> int:
    """Whole processors within all of these limits; at least 1.

    A part of a processor does not count: two workers on 1.5 processors would both be slow.
    """
    return max(1, int(min([float(affinity), *limits])))


def quotas(membership: Path, mount: Path) -> Iterator[float]:
    """The limits, in processors, of this process's control groups and of those around them.

    membership: a file like /proc/self/cgroup. mount: where control groups are to be seen. In a
    container the file may name a group as the machine sees it, of which only the mount is left.
    """
    for line in _read(membership).splitlines():
        _, controllers, group = line.split(":", 2)
        inside = PurePosixPath(group.lstrip("/"))
        if controllers == "":
            for folder in (inside, *inside.parents):
                yield from _version_2(mount / folder)
        elif "cpu" in controllers.split(","):
            for folder in (inside, *inside.parents):
                yield from _version_1(mount / "cpu" / folder)


def _version_2(folder: Path) -> Iterator[float]:
    """From `cpu.max`: microseconds in each period, or "max", and the period."""
    words = _read(folder / "cpu.max").split()
    if len(words) == 2:
        yield from _share(*words)


def _version_1(folder: Path) -> Iterator[float]:
    """From two files; a quota of -1 is no limit."""
    yield from _share(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _share(quota: str, period: str) -> Iterator[float]:
    try:
        microseconds, of_microseconds = int(quota), int(period)
    except ValueError:
        return
    if microseconds > 0 and of_microseconds > 0:
        yield microseconds / of_microseconds


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
