"""What the benchmark of the book's search says of the trials that it was given."""

from typing import Any

from benchmarks.book_gain import Search, risen

TRIALS: list[dict[str, Any]] = [
    {"number": 2, "epochs": 50.0, "value": 0.7},
    {"number": 0, "epochs": 10.0, "value": None},
    {"number": 1, "epochs": 50.0, "value": 0.6},
    {"number": 3, "epochs": 50.0, "value": 0.65},
]


def test_the_best_so_far_counts_the_epochs_of_all_trials() -> None:
    assert risen(TRIALS) == ((0.0, 0.0), (60.0, 0.6), (110.0, 0.7))


def test_epochs_to_an_accuracy() -> None:
    search = Search(len(TRIALS), risen(TRIALS), tested=0.68)
    assert search.best == 0.7
    assert [search.epochs_to(each) for each in (0.6, 0.65, 0.71)] == [60.0, 110.0, None]
