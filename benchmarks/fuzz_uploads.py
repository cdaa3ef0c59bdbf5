"""Sends mutated files to a real server: each must be kept or refused, none may hurt it.

    python -m benchmarks.fuzz_uploads --count 5000 --seed 1

Prints how many were kept and refused, the most memory of the server and of a check, the longest
wait for /healthz meanwhile, and what was left on the disk. Exit code 1 if an answer was neither 2xx
nor 4xx, if the server grew by more than 50 MB, a check took more than 300 MB, or anything was left.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import psutil

from harness.service import Service
from tests.hostile_uploads import arrays, folders, hostile_uploads, npz, zipped

PATH = "/api/v1/datasets"
MAX_GROWTH = 50  # MB
MAX_CHECK = 300  # MB
TOLD_EVERY = 500  # uploads
WARM_UP = 20  # uploads before growth counts


def seeds() -> list[bytes]:
    good = [
        npz(arrays()),
        npz(arrays(), compressed=True),
        zipped(folders()),
        zipped(folders(), zipfile.ZIP_DEFLATED),
    ]
    return good * 20 + [content for _, content in hostile_uploads() if content]


def mutated(content: bytes, source: random.Random) -> bytes:
    """A few bytes changed, taken away, put in or doubled."""
    found = bytearray(content)
    for _ in range(source.choice((1, 1, 2, 5, 20))):
        place = source.randrange(len(found) + 1)
        length = source.choice((1, 2, 4, 8, 100))
        kind = source.randrange(4)
        if kind == 0:
            found[place : place + length] = source.randbytes(length)
        elif kind == 1:
            del found[place : place + length]
        elif kind == 2:
            found[place:place] = source.choice((b"\0", b"\xff", b"PK\x03\x04")) * length
        else:
            found[place:place] = found[place : place + length]
    return bytes(found)


class Watch(threading.Thread):
    """Asks /healthz all the time, and looks at the memory of the server and of its checks."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self._url = f"{service.url}/healthz"
        self._process = psutil.Process(service.started.pid)
        self.longest = 0.0
        self.most = 0
        self.most_of_a_check = 0
        self.over = threading.Event()

    def memory(self) -> int:
        return int(self._process.memory_info().rss)

    def run(self) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self.over.wait(0.05):
                began = time.monotonic()
                client.get(self._url).raise_for_status()
                self.longest = max(self.longest, time.monotonic() - began)
                self.most = max(self.most, self.memory())
                self.most_of_a_check = max(self.most_of_a_check, *self._checks(), 0)

    def told(self, before: int) -> str:
        """What was seen so far. before: bytes of the server when the growth began to count."""
        growth, check = (self.most - before) / 2**20, self.most_of_a_check / 2**20
        return (
            f"the server grew by {growth:.1f} MB, a check took {check:.0f} MB at most, "
            f"/healthz {self.longest:.2f} s"
        )

    def _checks(self) -> list[int]:
        """The most memory that each check took so far, in bytes."""
        return [_peak(child) for child in self._process.children() if _is_check(child)]


def _is_check(process: psutil.Process) -> bool:
    """Before it becomes one, a child still has the memory of its parent."""
    try:
        return "hpsearch.datasets.checking_child" in process.cmdline()
    except psutil.Error:
        return False


def _peak(process: psutil.Process) -> int:
    """Bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    source, files = random.Random(given.seed), seeds()  # noqa: S311 - repeatable, not secret
    with tempfile.TemporaryDirectory(prefix="hpsearch-") as folder:
        with Service(Path(folder), workers=1) as service:
            service.http.get("/dashboard").raise_for_status()  # it is imported by and by
            send = _sender(service)
            for _ in range(WARM_UP):
                send(source.choice(files))
            watch = Watch(service)
            before = watch.memory()
            watch.start()
            counts: Counter[int] = Counter()
            for number in range(1, given.count + 1):
                counts[send(mutated(source.choice(files), source))] += 1
                if number % TOLD_EVERY == 0:
                    print(f"{number} uploads: {watch.told(before)}", flush=True)
            watch.over.set()
            watch.join()
        datasets = Path(folder) / "datasets"
        left = [path.name for path in datasets.iterdir()] if datasets.exists() else []
    growth, check = (watch.most - before) / 2**20, watch.most_of_a_check / 2**20
    print(f"answers: {dict(sorted(counts.items()))}")
    print(watch.told(before))
    print(f"left on the disk: {left or 'nothing'}")
    wrong = [status for status in counts if not 200 <= status < 300 and not 400 <= status < 500]
    return 1 if wrong or left or growth > MAX_GROWTH or check > MAX_CHECK else 0


def _sender(service: Service) -> Callable[[bytes], int]:
    def send(content: bytes) -> int:
        files = {"file": ("data", content)}
        answer = service.http.post(PATH, data={"name": "fuzz"}, files=files)
        if answer.is_success:
            service.http.delete(f"{PATH}/fuzz").raise_for_status()
        elif not answer.json()["detail"]:
            return 0
        return answer.status_code

    return send


if __name__ == "__main__":
    sys.exit(main())
