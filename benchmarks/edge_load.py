"""The HTTP side under load, while every core trains: latencies, hostile bodies, listeners, memory.

A real server with local workers and an endless search. Requests are sent at fixed moments, whether
earlier ones were answered or not, and timed from these moments (no coordinated omission). Each
figure is printed with its target; the exit code is 1 if one is missed.

    python -m benchmarks.edge_load [--quick] [--workers 2]
"""

import argparse
import asyncio
import gc
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.edge_client import Pool, listen
from harness.hostile_bodies import hostile_bodies
from harness.service import Service

API = "/api/v1/jobs"
SEARCH = {
    "dataset": "digits",
    "network": "lenet5",
    "epochs": 50,
    "pruner": "none",
    "budget": {"trials": 5000},
}
RATE = 300.0  # GETs a second
MEMORY_SLACK = 50.0  # MB


@dataclass
class Figures:
    """What was measured, beside what was wanted."""

    missed: int = 0

    def show(self, what: str, value: float, unit: str, at_most: float) -> None:
        good = value <= at_most
        self.missed += not good
        mark = "ok    " if good else "MISSED"
        print(f"  {mark}  {what:<54} {value:8.1f} {unit:<3} (target: {at_most:g})", flush=True)


@dataclass
class Load:
    """Latencies in milliseconds, and what went wrong."""

    latencies: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def share(self, part: float) -> float:
        """The latency that this part of the requests stayed below."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(part * len(ranked)))] if ranked else float("inf")


async def at_rate(
    rate: float, seconds: float, request: Callable[[], Awaitable[str | None]]
) -> Load:
    """Send a request each 1/rate seconds; `request` returns what went wrong."""
    load = Load()
    began = asyncio.get_running_loop().time()

    async def one(due: float) -> None:
        try:
            fault = await asyncio.wait_for(request(), 30)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            fault = repr(error)
        load.latencies.append(1000 * (asyncio.get_running_loop().time() - due))
        if fault is not None:
            load.wrong.append(fault)

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            tasks.create_task(one(due))
    return load


class Bench:
    """One server, loaded in one way after the other."""

    def __init__(self, service: Service, quick: bool) -> None:
        self.service = service
        self.figures = Figures()
        self.seconds = 5.0 if quick else 30.0
        self.hostile = 100 if quick else 1000
        self.server = psutil.Process(service.started.pid)
        self.pool = Pool("127.0.0.1", service.port)

    async def run(self) -> None:
        job = self.service.submit(SEARCH)
        self.service.wait_for_trials(job, 0)
        # A server imports its dashboard within its first half minute; that is over then.
        await asyncio.to_thread(self.service.http.get, "/dashboard", timeout=60.0)
        await asyncio.sleep(3)  # until both cores train
        for part in (self.reads, self.submissions, self.hostility):
            await self._within_memory(part, job)
        await asyncio.to_thread(self.service.http.post, f"{API}/{job}/pause")
        await asyncio.sleep(3)
        await self._within_memory(self.listeners, job)

    async def reads(self, job: str) -> None:
        print(f"GET /jobs/{{id}}, {RATE:g} a second for {self.seconds:g} s, while all cores train")
        self._show_reads(await at_rate(RATE, self.seconds, lambda: self._get(job)))

    async def submissions(self, _: str) -> None:
        count = 4 * self.seconds
        print(f"POST /jobs, {count:g} of them, 4 a second, beside")
        numbers = itertools.count()
        made: list[str] = []

        async def submit() -> str | None:
            spec = {**SEARCH, "seed": next(numbers), "budget": {"trials": 4}}
            status, answer = await self.pool.post(API, spec)
            if status == 201:
                made.append(str(answer["id"]))
            return None if status == 201 else f"{status}"

        load = await at_rate(4, self.seconds, submit)
        self.figures.show("submit, p99", load.share(0.99), "ms", 300)
        self.figures.show("submit, errors", len(load.wrong), "", 0)
        for each in made:
            await self.pool.post(f"{API}/{each}/cancel", None)

    async def hostility(self, job: str) -> None:
        print(f"{self.hostile} hostile bodies, 20 a second, beside the GETs")
        bodies = list(hostile_bodies())
        random.Random(0).shuffle(bodies)  # noqa: S311 - large and small ones in turn
        cases = itertools.cycle(bodies)

        async def attack() -> str | None:
            case = next(cases)
            status, _ = await self.pool.post_raw(API, case.body)
            return None if status == case.status else f"{case.name}: {status}"

        seconds = self.hostile / 20
        gets, attacks = await asyncio.gather(
            at_rate(RATE, seconds, lambda: self._get(job)), at_rate(20, seconds, attack)
        )
        self._show_reads(gets)
        self.figures.show("hostile body, p99", attacks.share(0.99), "ms", 1000)
        self.figures.show("hostile bodies answered otherwise", len(attacks.wrong), "", 0)
        for fault in attacks.wrong[:5]:
            print(f"          {fault}")

    async def listeners(self, job: str) -> None:
        print("200 idle listeners of a paused job")
        alone = await self._busy(self.seconds / 2)
        held = [
            await listen("127.0.0.1", self.service.port, f"{API}/{job}/events") for _ in range(200)
        ]
        await asyncio.sleep(5)  # until all have what had happened before
        together = await self._busy(self.seconds)
        self.figures.show("processor time for them", 100 * (together - alone), "%", 3)
        for listener in held:
            listener.cancel()
        await asyncio.gather(*held, return_exceptions=True)

    async def _get(self, job: str) -> str | None:
        status, _ = await self.pool.get(f"{API}/{job}")
        return None if status == 200 else str(status)

    def _show_reads(self, load: Load) -> None:
        self.figures.show("GET, p50", load.share(0.50), "ms", 20)
        self.figures.show("GET, p99", load.share(0.99), "ms", 100)
        self.figures.show("GET, errors", len(load.wrong), "", 0)

    async def _busy(self, seconds: float) -> float:
        """Share of a core that the server took."""
        before, began = sum(self.server.cpu_times()[:2]), time.monotonic()
        await asyncio.sleep(seconds)
        return (sum(self.server.cpu_times()[:2]) - before) / (time.monotonic() - began)

    async def _within_memory(self, part: Callable[[str], Awaitable[None]], job: str) -> None:
        before = self.server.memory_info().rss
        await part(job)
        gc.collect()
        await asyncio.sleep(2)
        grown = (self.server.memory_info().rss - before) / 2**20
        self.figures.show("the server's memory, grown by", grown, "MB", MEMORY_SLACK)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds of each")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(Path(folder) / "data", workers=given.workers) as service,
    ):
        service.wait_until_leading()
        bench = Bench(service, given.quick)
        asyncio.run(bench.run())
        print("all targets met" if not bench.figures.missed else f"{bench.figures.missed} missed")
    return 1 if bench.figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
