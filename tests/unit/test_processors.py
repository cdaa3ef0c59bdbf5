"""As many workers as the process may use processors, not as many as the machine has."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpsearch.processors import fewest, quotas, usable_processors


@pytest.mark.parametrize(
    ("affinity", "limits", "expected"),
    [
        (8, [], 8),
        (8, [4.0], 4),
        (8, [16.0, 2.0], 2),
        (2, [16.0], 2),
        (8, [1.5], 1),  # one worker, not two that wait for each other
        (8, [0.25], 1),
    ],
)
def test_the_narrowest_limit_counts(affinity: int, limits: Sequence[float], expected: int) -> None:
    assert fewest(affinity, limits) == expected


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        pytest.param("0::/\n", {"cpu.max": "200000 100000\n"}, [2.0], id="version 2, a container"),
        pytest.param("0::/\n", {"cpu.max": "max 100000\n"}, [], id="version 2, no limit"),
        pytest.param(
            "0::/outer/inner\n",
            {"outer/cpu.max": "150000 100000\n", "outer/inner/cpu.max": "max 100000\n"},
            [1.5],
            id="version 2, the limit of a group around it",
        ),
        pytest.param(
            "0::/docker/0123\n", {"cpu.max": "300000 100000\n"}, [3.0],
            id="version 2, seen from inside under another name",
        ),
        pytest.param(
            "5:cpuset:/x\n4:cpu,cpuacct:/docker/0123\n0::/\n",
            {
                "cpu/docker/0123/cpu.cfs_quota_us": "50000\n",
                "cpu/docker/0123/cpu.cfs_period_us": "100000\n",
                "cpu/cpu.cfs_quota_us": "-1\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
            [0.5],
            id="version 1",
        ),
        pytest.param("0::/\n", {"cpu.max": "two of three\n"}, [], id="words that are not numbers"),
        pytest.param("0::/\n", {"cpu.max": "0 0\n"}, [], id="nothing of nothing"),
        pytest.param("", {}, [], id="no control groups"),
    ],
)  # fmt: skip
def test_control_groups_of_both_versions(
    tmp_path: Path, membership: str, files: dict[str, str], expected: list[float]
) -> None:
    _write(tmp_path, files | {"membership": membership})
    assert list(quotas(tmp_path / "membership", tmp_path)) == expected
    assert list(quotas(tmp_path / "missing", tmp_path)) == []


def test_an_affinity_of_one_gives_one() -> None:
    """What `taskset -c 0` does, for this thread alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_processors() == 1
    finally:
        os.sched_setaffinity(0, before)
