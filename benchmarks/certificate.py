"""How often is the certificate right? `make bench-certificate`

Searches on data sets cut at random from MNIST (2,000 to 7,500 training and 500 to 2,000 test
images, some with unbalanced classes), certifies each winner, and compares with the truth: the mean
of 30 trainings on all of that training data, scored on 20,000 images that neither search nor
certificate has seen. The raw scores of each search are kept in a folder, so that a run goes on
where it stopped, and a formula is judged again without training (`--only-judge`).
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one search

from benchmarks.certificate_analysis import report
from benchmarks.certificate_case import measure

SEARCHES = 200
QUICK_SEARCHES = 10
FORMAT = 3  # of the files; one of another format is measured again


def main() -> int:
    options = _options()
    options.keep.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first_seed, options.first_seed + options.searches)
    if not options.only_judge:
        _measure_all([seed for seed in seeds if _read(options.keep, seed) is None], options)
    rows = [row for seed in seeds if (row := _read(options.keep, seed)) is not None]
    if not rows:
        print(f"{options.keep} holds no results yet", file=sys.stderr)
        return 1
    return 0 if report(rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SEARCHES} searches")
    parser.add_argument("--searches", type=int, default=SEARCHES, help="default %(default)s")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path("data/bench-certificate"),
        help="folder of the raw results, to go on from; default %(default)s",
    )
    parser.add_argument("--only-judge", action="store_true", help="train nothing")
    parser.add_argument(
        "--mnist",
        type=Path,
        default=Path(os.environ.get("HPSEARCH_TEST_DATA", "data")) / "mnist.npz",
        help="an .npz with x_train, y_train, x_test, y_test; default %(default)s",
    )
    options = parser.parse_args()
    if options.quick:
        options.searches = QUICK_SEARCHES
    if not options.mnist.exists() and not options.only_judge:
        parser.error(f"{options.mnist} is missing: name MNIST's .npz with --mnist")
    return options


def _measure_all(seeds: list[int], options: argparse.Namespace) -> None:
    began = time.monotonic()
    for count, (seed, seconds) in enumerate(_measured(seeds, options), start=1):
        left = (time.monotonic() - began) / count * (len(seeds) - count)
        print(
            f"{count:3}/{len(seeds)}  seed {seed:3}  {seconds:5.0f} s  {left / 60:4.0f} min left",
            file=sys.stderr,
            flush=True,
        )


def _measured(seeds: list[int], options: argparse.Namespace) -> Iterator[tuple[int, float]]:
    work = partial(_keep, options.mnist, options.keep)
    with get_context("spawn").Pool(options.processes) as pool:
        yield from pool.imap_unordered(work, seeds)


def _keep(mnist: Path, folder: Path, seed: int) -> tuple[int, float]:
    """Measure one search and write it down whole or not at all."""
    began = time.monotonic()
    text = json.dumps({"format": FORMAT, **measure(mnist, seed).row()})
    unfinished = folder / f"{seed}.part"
    unfinished.write_text(text + "\n")
    unfinished.replace(_file(folder, seed))
    return seed, time.monotonic() - began


def _read(folder: Path, seed: int) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = json.loads(_file(folder, seed).read_text())
    except FileNotFoundError:
        return None
    return row if row.pop("format") == FORMAT else None


def _file(folder: Path, seed: int) -> Path:
    return folder / f"{seed}.json"


if __name__ == "__main__":
    sys.exit(main())
