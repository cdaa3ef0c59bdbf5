"""From the POST to the first report: `make bench-first`

MNIST (6000 training, 1500 validation images), LeNet-5, two workers, over HTTP. The service is
started several times; each time the first search after the start is timed, which has to read the
data set and send it to the workers, and then a few more. Exit code 1 where one took longer than a
second.

    python -m benchmarks.first_report [--starts 3] [--searches 4] [--mnist FILE]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.time_to_target import FIRST_REPORT, events
from harness.service import Service
from hpsearch.datasets.catalogue import Catalogue

WORKERS = 2
LIMIT = 60.0  # seconds for one report
SPEC = {
    "dataset": {"name": "mnist", "train_size": 7500},
    "network": "lenet5",
    "budget": {"epochs": 80},
}


def first_report(service: Service, seed: int) -> float:
    """Seconds from the POST to the first report of a search, which is then cancelled."""
    began = time.monotonic()
    job = service.submit({**SPEC, "seed": seed})
    for kind, _ in events(service, job, began + LIMIT):
        if kind == "trial_reported":
            break
    else:
        raise AssertionError(f"no report within {LIMIT:g} s")
    seconds = time.monotonic() - began
    service.http.post(f"/api/v1/jobs/{job}/cancel")
    service.wait_for_end(job)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="From the POST to the first report.")
    parser.add_argument("--starts", type=int, default=3, help="of the service; default %(default)s")
    parser.add_argument("--searches", type=int, default=4, help="each; default %(default)s")
    parser.add_argument(
        "--mnist",
        type=Path,
        default=Path(os.environ.get("HPSEARCH_TEST_DATA", "data")) / "mnist.npz",
    )
    given = parser.parse_args()
    if not given.mnist.exists():
        parser.error(f"{given.mnist} is missing: name MNIST's .npz with --mnist")
    cold, warm = [], []
    for _ in range(given.starts):
        with tempfile.TemporaryDirectory(prefix="hpsearch-first-") as folder:
            Catalogue(Path(folder)).add("mnist", given.mnist)
            with Service(Path(folder), workers=WORKERS) as service:
                service.wait_until_leading()
                first, *others = [first_report(service, seed) for seed in range(given.searches)]
        cold.append(first)
        warm.extend(others)
    for words, seconds in (("first search after a start", cold), ("later searches", warm)):
        if seconds:
            times = " ".join(f"{each:.2f}" for each in seconds)
            print(
                f"{words}: median {median(seconds):.2f} s, longest {max(seconds):.2f} s ({times})"
            )
    slow = max((*cold, *warm)) > FIRST_REPORT
    print(f"{'NO ' if slow else 'yes'} the first report within {FIRST_REPORT:g} s of the POST")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
