"""What workers get of a machine's memory."""

import pytest

from hpsearch.runner.worker_memory import LEAST, fair_share

GIB = 2**30


@pytest.mark.parametrize(
    ("workers", "memory", "share"),
    [(2, 24 * GIB, 11 * GIB), (1, 4 * GIB, 3 * GIB), (64, 2 * GIB, LEAST)],
)
def test_the_server_keeps_its_part_and_the_workers_share_the_rest(
    workers: int, memory: int, share: int
) -> None:
    assert fair_share(workers, memory) == share
