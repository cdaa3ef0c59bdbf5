"""Errors pass from workers to the server whole."""

import pickle

import pytest

from hpsearch.errors import (
    FieldProblem,
    HpsearchError,
    ImpossibleShape,
    InvalidSpec,
    LegTooLarge,
    NetworkTooLarge,
    WorkerLost,
    WorkerNotPinned,
)


@pytest.mark.parametrize(
    "error",
    [
        ImpossibleShape(1, "convolution", (1, 8, 8), "at least 9 × 9"),
        InvalidSpec([FieldProblem("epochs", "must be at least 1", 0)]),
        LegTooLarge("mlp", 100, 2**40, 2**30),
        NetworkTooLarge("lenet5", 100, 2**31, 2**30),
        WorkerLost(3),
        WorkerNotPinned("no AVX2"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_in_another_process(error: HpsearchError) -> None:
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - as Dask does with what it made itself
    assert type(there) is type(error)
    assert str(there) == str(error)
    assert vars(there) == vars(error)
