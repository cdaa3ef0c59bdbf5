"""What pruning and coarse to fine gain on the book's own search, section 6.5. `make bench-book`.

The book's hundred random trials of 50 epochs beside a search of the same space for the same 5000
epochs of training, with seeds 1, 2, …. HPSEARCH_TEST_DATA names the folder of mnist.npz. With
`--keep FOLDER` searches that have ended are read from there, so a run that was stopped goes on.
"""

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from harness.book import JOB_TIMEOUT, hpsearch, spec_of
from harness.service import Service
from hpsearch.client import Client

CONTENDERS = ("6.5-random-search", "6.5-coarse-to-fine")


@dataclass(frozen=True)
class Search:
    """What one search came to.

    bests: (epochs of training spent, best accuracy so far on the validation part), an entry each
    time it rose. tested: accuracy of the winner on the test data, mean of its trainings.
    """

    trials: int
    bests: tuple[tuple[float, float], ...]
    tested: float

    @property
    def best(self) -> float:
        return self.bests[-1][1]

    def epochs_to(self, accuracy: float) -> float | None:
        """Epochs of training until a trial was that good; None if none was."""
        return next((epochs for epochs, best in self.bests if best >= accuracy), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="searches of each kind; default 5")
    parser.add_argument("--keep", type=Path, help="folder of searches that have ended")
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    folder = os.environ.get("HPSEARCH_TEST_DATA")
    if not folder:
        sys.exit("HPSEARCH_TEST_DATA must name the folder of mnist.npz")
    with tempfile.TemporaryDirectory() as name:
        hpsearch("datasets", "add", "mnist", Path(folder) / "mnist.npz", "--data-dir", name)
        with Service(Path(name)) as service, Client(service.url) as client:
            service.wait_until_leading()
            pairs = [
                tuple(kept(service, client, each, seed, given.keep) for each in CONTENDERS)
                for seed in range(1, given.seeds + 1)
            ]
    tell(pairs)


def kept(
    service: Service, client: Client, contender: str, seed: int, folder: Path | None
) -> Search:
    """A search, read from the folder if it is there."""
    file = None if folder is None else folder / f"{contender}-{seed}.json"
    if file is not None and file.exists():
        facts = json.loads(file.read_text())
        return Search(**{**facts, "bests": tuple((a, b) for a, b in facts["bests"])})
    found = run(service, client, contender, seed)
    if file is not None:
        file.write_text(json.dumps(asdict(found)))
    return found


def run(service: Service, client: Client, contender: str, seed: int) -> Search:
    job = service.submit({**spec_of(contender), "seed": seed})
    service.wait_for_end(job, JOB_TIMEOUT)
    trials, final = client.trials(job), client.certificate(job)["final"]
    assert final is not None, "no trial was complete: nothing to certify"
    found = Search(len(trials), risen(trials), final["accuracy"])
    print(f"seed {seed}, {contender}: {found}", flush=True)
    return found


def risen(trials: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """The best so far, by the epochs of training of all trials up to the one that reached it."""
    spent, bests = 0.0, [(0.0, 0.0)]
    for trial in sorted(trials, key=lambda each: each["number"]):
        spent += trial["epochs"]
        value = trial["value"]
        if value is not None and value > bests[-1][1]:
            bests.append((round(spent, 2), value))
    return tuple(bests)


def tell(pairs: Sequence[tuple[Search, ...]]) -> None:
    """A row for each seed, and the medians; "beyond" if the book's best was not reached."""
    print(
        "| seed | book: trials | best | on the test data | ours: trials | best | on the test data "
        "| epochs to the book's best: book | ours |"
    )
    print("|" + "---|" * 9)
    for seed, (book, ours) in enumerate(pairs, start=1):
        reached = [search.epochs_to(book.best) for search in (book, ours)]
        epochs = " | ".join("beyond" if each is None else f"{each:.0f}" for each in reached)
        print(f"| {seed} | {row(book)} | {row(ours)} | {epochs} |")
    for name, searches in zip(CONTENDERS, zip(*pairs, strict=True), strict=True):
        best = statistics.median(search.best for search in searches)
        tested = statistics.median(search.tested for search in searches)
        print(f"{name}: median of the best {best:.4f}, on the test data {tested:.4f}")
    gains = [ours.tested - book.tested for book, ours in pairs]
    if len(gains) > 1:
        reach = student.ppf(0.975, len(gains) - 1) * statistics.stdev(gains) / math.sqrt(len(gains))
        print(f"gain on the test data {statistics.mean(gains):+.4f} ± {reach:.4f} (95 %)")


def row(search: Search) -> str:
    return f"{search.trials} | {search.best:.2f} | {search.tested:.4f}"


if __name__ == "__main__":
    main()
