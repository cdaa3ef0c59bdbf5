"""Data sets in memory: one reading for all who ask, and let go when nobody uses them."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hpsearch.datasets.shared import SharedDatasets
from hpsearch.datasets.values import Dataset, Part
from hpsearch.errors import DatasetError


def dataset() -> Dataset:
    part = Part(np.zeros((2, 1, 1, 1), np.uint8), np.arange(2))
    return Dataset("small", part, part, classes=2)


def test_those_that_ask_at_once_wait_for_one_reading() -> None:
    shared = SharedDatasets()
    reading, go = threading.Event(), threading.Event()
    readings = []

    def read() -> Dataset:
        readings.append(1)
        reading.set()
        go.wait(30)
        return dataset()

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(shared.get, "a", read) for _ in range(8)]
        assert reading.wait(30)
        go.set()
        found = [each.result() for each in asked]

    assert len(readings) == 1
    assert all(each is found[0] for each in found)


def test_a_reading_that_fails_is_told_to_all_and_tried_again() -> None:
    shared = SharedDatasets()

    def fail() -> Dataset:
        raise DatasetError("damaged")

    for _ in range(2):
        with pytest.raises(DatasetError, match="damaged"):
            shared.get("a", fail)
    assert shared.get("a", dataset).classes == 2


def test_one_that_is_used_stays_and_one_that_nobody_uses_is_let_go() -> None:
    shared = SharedDatasets(linger=3600)
    used, unused = shared.get("used", dataset), weakref.ref(shared.get("unused", dataset))
    shared.get("last", dataset)
    gc.collect()

    assert unused() is None
    assert shared.get("used", dataset) is used
    last = weakref.ref(used)
    del used
    assert last() is not None  # it stays for a moment
    shared.let_go()
    gc.collect()
    assert last() is None


def test_the_moment_ends_by_itself() -> None:
    gone = threading.Event()
    shared = SharedDatasets(linger=0.01)
    weakref.finalize(shared.get("a", dataset), gone.set)

    assert gone.wait(30)
