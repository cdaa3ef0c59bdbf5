"""The experiments of the book in full, on MNIST, and their pictures. Run by `make examples`.

HPSEARCH_TEST_DATA names the folder of mnist.npz. The pictures go to docs/images/book.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.service import HPSEARCH, ROOT, Service

SPECS = ROOT / "examples" / "book"
PICTURES = ROOT / "docs" / "images" / "book"
JOB_TIMEOUT = 3600.0  # seconds
SHOWN = 3  # trials of a job

FIGURES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "6.1-optimizers": (("6.1-sgd", "6.1-momentum", "6.1-adagrad", "6.1-adam"), ("compare",)),
    "6.2-initializers": (("6.2-initializers",), ("compare",)),
    "6.3-batch-norm": (("6.3-batch-norm",), ("compare",)),
    "6.4-weight-decay": (("6.4-weight-decay",), ("compare",)),
    "6.4-dropout": (("6.4-dropout",), ("compare",)),
    "6.5-random-search": (("6.5-random-search",), ("best-20", "search")),
    "6.5-coarse-to-fine": (("6.5-coarse-to-fine",), ("best-20", "search")),
    "7.5-simple-convnet": (("7.5-simple-convnet",), ("compare",)),
}
"""Each figure: the specs that it is drawn from, and the kinds of pictures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}")
    chosen = parser.parse_args().figures or list(FIGURES)
    folder = os.environ.get("HPSEARCH_TEST_DATA")
    if not folder or not set(chosen) <= set(FIGURES):
        sys.exit(
            "HPSEARCH_TEST_DATA must name the folder of mnist.npz, and FIGURE one of these: "
            f"{', '.join(FIGURES)}"
        )
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        hpsearch("datasets", "add", "mnist", Path(folder) / "mnist.npz", "--data-dir", name)
        with Service(Path(name)) as service:
            service.wait_until_leading()
            for figure in chosen:
                draw(service, figure)


def spec_of(name: str) -> dict[str, Any]:
    """The spec examples/book/NAME.json, as JSON values."""
    spec: dict[str, Any] = json.loads((SPECS / f"{name}.json").read_text())
    return spec


def draw(service: Service, figure: str) -> None:
    """Run the specs of a figure, say what each came to, and draw it."""
    specs, kinds = FIGURES[figure]
    jobs = [service.submit(spec_of(name)) for name in specs]
    for name, job in zip(specs, jobs, strict=True):
        ended = service.wait_for_end(job, JOB_TIMEOUT)
        best = service.http.get(f"/api/v1/jobs/{job}/best", params={"limit": SHOWN})
        tell(name, ended, best.raise_for_status().json()["items"])
    for kind in kinds:
        file = PICTURES / (f"{figure}.svg" if len(kinds) == 1 else f"{figure}-{kind}.svg")
        hpsearch("plot", *jobs, "--kind", kind, "-o", file, "--url", service.url)
        print(f"  {file.relative_to(ROOT)}", flush=True)


def tell(name: str, job: Mapping[str, Any], best: Sequence[Mapping[str, Any]]) -> None:
    """What a job has come to: its end, and its best trials."""
    trials = job["progress"]["trials"]
    ended = trials["complete"] + trials["pruned"] + trials["failed"]
    print(f"{name}: {job['state']}, {ended} trials; the best:", flush=True)
    for trial in best:
        print(f"  {trial['value']:.4f} {trial['params']}", flush=True)


def hpsearch(*words: str | Path) -> None:
    """The command as people type it; raises CalledProcessError if it fails."""
    subprocess.run([*HPSEARCH, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
