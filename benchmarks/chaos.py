"""A search under fire: its workers and its server are killed at random, then it is audited.

`make chaos ARGS="--kills 100 --trials 1500 --database sqlite --seed 1"`. First the job runs in
peace, then the same job runs while processes die, in the search and in its certificate. Exit code 0
only where every trial came out once, with the identical result, and `hpsearch audit` finds nothing.
A recovery is the time from a kill to the next thing the job records.
"""

import argparse
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks import chaos_leaders
from benchmarks.chaos_watch import Watch
from harness.postgres import PostgresServer
from harness.results import SPEC, Result, job_ids, result_of
from harness.service import HPSEARCH, Service

KEY = "chaos"
WORKERS = 2
SETTLE = 10.0  # seconds from the end to the audit
ALL_AT_ONCE = 0.1  # share of the strikes at workers that take all of them
CONFIRM = {"top": 3, "repeats": 20}  # a certificate of 80 trainings, so that it can be struck
RECOVERY_TARGET = 12.0  # seconds, of 99 in 100 strikes


@dataclass(frozen=True)
class Strikes:
    """How often to kill: worker processes and servers in the search, then anything afterwards."""

    workers: int
    servers: int
    in_certificate: int


@dataclass
class Toll:
    """What was killed, and for how many seconds each strike held the job up.

    in_certificate: how many of these strikes came while the winner was confirmed.
    """

    workers: int = 0
    servers: int = 0
    in_certificate: int = 0
    of_workers: list[float] = field(default_factory=list)
    of_servers: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """What the audit found; `problems` is empty where nothing is lost, doubled or different."""

    toll: Toll
    peaceful: Result
    seconds: float
    problems: tuple[str, ...]


def fight(
    folder: Path,
    database_url: str,
    spec: Mapping[str, Any],
    peaceful: Result,
    strikes: Strikes,
    seed: int,
    settle: float = SETTLE,
) -> Verdict:
    """Run the job under fire and compare it with what it came to in peace."""
    dice = random.Random(seed)  # noqa: S311  # says whom to kill when, guards nothing
    began = time.monotonic()
    with Service(folder / "fire", database_url, WORKERS) as service:
        job = service.submit(spec, KEY)
        watch = Watch(database_url, job)
        try:
            toll = Toll()
            _strike(service, watch, _plan(strikes.workers, strikes.servers, dice), dice, toll)
            watch.await_certificate()
            _strike_certificate(service, watch, strikes.in_certificate, dice, toll)
        finally:
            watch.close()
        service.wait_for_end(job, timeout=3600)
        seconds = time.monotonic() - began
        again = service.submit(spec, KEY)
        time.sleep(settle)
        problems = list(_audit(service, job))
    if toll.workers < strikes.workers or toll.servers < strikes.servers:
        problems.append("the job ended before all was struck: give it more trials")
    if toll.in_certificate < strikes.in_certificate:
        problems.append("the certificate ended before it was struck so often")
    if again != job or job_ids(database_url) != [job]:
        problems.append(f"the job was doubled: {job_ids(database_url)}")
    problems += differences(peaceful, result_of(database_url, job), spec["budget"]["trials"])
    problems += _damage(database_url)
    return Verdict(toll, peaceful, seconds, tuple(problems))


def in_peace(folder: Path, spec: Mapping[str, Any]) -> Result:
    """What the job comes to where nobody is killed."""
    with Service(folder, workers=WORKERS) as service:
        job = service.submit(spec)
        service.wait_for_end(job, timeout=3600)
        return result_of(service.database_url, job)


def _plan(kills: int, server_kills: int, dice: random.Random) -> list[str]:
    """Whom to strike, in order; strikes at workers are cut short once all kills are made."""
    plan = ["workers"] * kills + ["server"] * server_kills
    dice.shuffle(plan)
    return plan


def _strike(
    service: Service, watch: Watch, plan: Sequence[str], dice: random.Random, toll: Toll
) -> None:
    """Carry the plan out, each strike once the last one is got over."""
    enough = toll.workers + plan.count("workers")
    for target in plan:
        if watch.ended():
            return
        if target == "workers" and toll.workers >= enough:
            continue
        time.sleep(dice.uniform(0, 0.5))
        since = watch.progress()
        if target == "server":
            service.kill()
            service.launch()
            toll.servers += 1
            toll.of_servers.append(watch.await_progress(since))
        else:
            toll.workers += _kill_workers(service, dice)
            toll.of_workers.append(watch.await_progress(since))


def _strike_certificate(
    service: Service, watch: Watch, strikes: int, dice: random.Random, toll: Toll
) -> None:
    """Strike while the winner is confirmed: workers, and each third time the server."""
    for strike in range(strikes):
        if not watch.confirming():
            return
        _strike(service, watch, ["server" if strike % 3 == 1 else "workers"], dice, toll)
        toll.in_certificate += 1


def _kill_workers(service: Service, dice: random.Random) -> int:
    """kill -9 of one worker, or now and then of all; returns how many died."""
    workers = service.workers()
    if workers and dice.random() >= ALL_AT_ONCE:
        workers = [dice.choice(workers)]
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    return len(workers)


def _audit(service: Service, job: str) -> Iterator[str]:
    """What `hpsearch audit` finds in the record, the certificate included."""
    command = [*HPSEARCH, "audit", job, "--url", service.url]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if found.returncode:
        yield f"audit: {found.stdout}{found.stderr}"


def differences(peaceful: Result, fiery: Result, trials: int) -> Iterator[str]:
    if fiery.trials != trials:
        yield f"{fiery.trials} trials instead of {trials}"
    if fiery.outcomes[None]:
        yield f"{fiery.outcomes[None]} trials still run"
    if fiery.digest != peaceful.digest:
        yield f"another result: {fiery} instead of {peaceful}"


def _damage(database_url: str) -> Iterator[str]:
    """What SQLite itself finds wrong with its file."""
    if not database_url.startswith("sqlite:///"):
        return
    database = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    found = database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    if found != [("ok",)]:
        yield f"integrity_check: {found}"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of that kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'chaos.db'}"
        return
    server = PostgresServer(folder / "postgres")
    try:
        yield server.create()
    finally:
        server.close()


def report(verdict: Verdict) -> str:
    """The verdict as lines for people."""
    toll, peaceful = verdict.toll, verdict.peaceful
    gaps = [*toll.of_workers, *toll.of_servers]
    lines = [
        f"killed            {toll.workers} workers, {toll.servers} servers; "
        f"{toll.in_certificate} strikes at the certificate",
        f"trials            {peaceful.trials}",
        f"job under fire    {verdict.seconds:.0f} s",
        f"after a worker    {_spread(toll.of_workers)}",
        f"after a server    {_spread(toll.of_servers)}",
        f"recovery          {_spread(gaps)} (target: p99 below {RECOVERY_TARGET:g} s)",
        f"digest in peace   {peaceful.digest}",
        *(f"PROBLEM           {problem}" for problem in verdict.problems),
        "verdict           " + ("different" if verdict.problems else "every trial once, identical"),
    ]
    return "\n".join(lines)


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return f"{max(seconds, default=0.0):.1f} s"
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98]
    middle, longest = statistics.median(seconds), max(seconds)
    return f"median {middle:.1f} s, p99 {p99:.1f} s, longest {longest:.1f} s"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 where nothing was lost, doubled or different."""
    parser = argparse.ArgumentParser(description="A search under fire.")
    parser.add_argument("--kills", type=int, default=100, help="worker processes to kill")
    parser.add_argument("--server-kills", type=int, help="by default a fifth of --kills")
    parser.add_argument(
        "--certificate-kills", type=int, help="strikes at the certificate; else a tenth of --kills"
    )
    parser.add_argument(
        "--leaders", type=int, default=0, help="stop the leader of two instead, this many times"
    )
    parser.add_argument("--trials", type=int, default=1500)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="hpsearch-chaos-"))
    budget = {"trials": given.trials}
    spec = {**SPEC, "budget": budget, "confirm": CONFIRM, "seed": given.seed}
    peaceful = in_peace(folder / "peace", spec)
    if given.leaders:
        return _depose(given, folder, spec, peaceful)
    with database(given.database, folder) as url:
        verdict = fight(folder, url, spec, peaceful, _strikes(given), given.seed)
    print(f"database          {given.database}, seed {given.seed}")
    print(report(verdict))
    if verdict.problems:
        print(f"its databases and logs lie in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _strikes(given: argparse.Namespace) -> Strikes:
    kills, servers, certificate = given.kills, given.server_kills, given.certificate_kills
    return Strikes(
        workers=kills,
        servers=kills // 5 if servers is None else servers,
        in_certificate=kills // 10 if certificate is None else certificate,
    )


def _depose(
    given: argparse.Namespace, folder: Path, spec: Mapping[str, Any], peaceful: Result
) -> int:
    """Two servers need a database that both can reach: always PostgreSQL."""
    with database("postgresql", folder) as url:
        verdict = chaos_leaders.depose(folder, url, spec, peaceful, given.leaders, given.seed)
    print(chaos_leaders.report(verdict))
    if verdict.problems:
        print(f"its logs lie in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
