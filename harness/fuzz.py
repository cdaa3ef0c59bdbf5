"""Fuzz real servers: schemathesis over HTTP on each database, then our own generator of extremes.

Schemathesis reads /openapi.json and runs all of its checks but one, which takes every refusal of a
body that its schema allows for a fault; a schema cannot say that `low` is below `high`. Ends with
1 if anything was found, or a server met an error of its own.

    python -m harness.fuzz [--cases 50000] [--extremes 10000] [--databases sqlite postgresql]
        [--scope read]

With --scope the server asks for tokens, and all requests show one of this scope; none of our own
generator are made.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.dashboard_instances import IDLE
from harness.postgres import PostgresServer
from harness.service import Service
from hpsearch.access import Scope
from hpsearch.tokens import TokenFile

SCHEMATHESIS = str(Path(sys.executable).with_name("st"))
SLACK = 50  # MB that the server's memory may grow by
ALWAYS = 3500  # cases that it makes whatever it is told
OPERATIONS = 25
ENVIRONMENT = {"HPSEARCH_HEAVY_PER_SECOND": "10000", "HPSEARCH_DOWNLOADS": "false"}
ASKS = {"HPSEARCH_TRUSTED_PROXIES": "127.0.0.9"}  # with a proxy before it, everybody needs a token
SEARCH = {"dataset": "digits", "network": "mlp", "epochs": 0.5, "cohort": 4}
FAULT = re.compile(r"level=(error|critical)|Traceback|internal error")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cases", type=int, default=50_000, help="over HTTP, on all databases")
    parser.add_argument("--extremes", type=int, default=10_000, help="of our own generator")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--scope", type=Scope, choices=list(Scope), help="of the token; else none")
    given = parser.parse_args(arguments)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in given.databases:
            cases = given.cases // len(given.databases)
            failed |= not _fuzz(name, Path(folder) / name, cases, given.scope)
    if given.scope is None:
        failed |= not _extremes(given.extremes)
    print("something was found" if failed else "nothing was found")
    return int(failed)


def _fuzz(database: str, folder: Path, cases: int, scope: Scope | None) -> bool:
    """Returns whether all went well."""
    folder.mkdir(mode=0o755)
    server = None if database == "sqlite" else PostgresServer(folder / "postgres")
    url = server.create() if server else None
    token, maker = _tokens(folder / "data", scope)
    options: dict[str, Any] = {"database_url": url, "workers": 1, "token": maker}
    environment = {**ENVIRONMENT, **(ASKS if scope else {})}
    try:
        with Service(folder / "data", environment=environment, **options) as it:
            it.wait_until_leading()
            jobs = _jobs(it)
            it.http.get("/dashboard", timeout=60)  # its import takes memory once
            before = it.started.memory()
            passed = _schemathesis(it, jobs, cases, scope, token)
            grown = _grown(it, before)
            print(f"{database}: the server's memory has grown by {grown:.0f} MB (target: {SLACK})")
            faults = [line for line in it.log.read_text().splitlines() if FAULT.search(line)]
        print(*faults[:20], sep="\n")
        return passed and not faults and grown <= SLACK
    finally:
        if server:
            server.close()


def _grown(service: Service, before: int) -> float:
    """MB of memory, once the server has let go of what it keeps for a while."""
    deadline = time.monotonic() + IDLE + 15
    while (grown := (service.started.memory() - before) / 2**20) > SLACK:
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    return grown


def _tokens(data: Path, scope: Scope | None) -> tuple[str | None, str | None]:
    """What requests show, and what the jobs are made with: the same where it may."""
    if scope is None:
        return None, None
    tokens = TokenFile(data)
    token = tokens.create("fuzz", scope)
    may_submit = scope in (Scope.SUBMIT, Scope.ADMIN)
    return token, token if may_submit else tokens.create("maker", Scope.SUBMIT)


def _jobs(service: Service) -> list[str]:
    """One that has ended, one that runs, one that is paused."""
    ended = service.submit({**SEARCH, "budget": {"trials": 8}})
    jobs = [ended, service.submit({**SEARCH, "budget": {"trials": 5000}})]
    jobs.append(service.submit({**SEARCH, "seed": 2}))
    service.http.post(f"/api/v1/jobs/{jobs[-1]}/pause")
    service.wait_for_end(ended)
    return jobs


def _schemathesis(
    service: Service, jobs: Sequence[str], cases: int, scope: Scope | None, token: str | None
) -> bool:
    examples = max(1, (cases - ALWAYS) // OPERATIONS)
    schema = service.log.with_name("openapi.json")
    schema.write_bytes(service.http.get("/openapi.json").content)
    command = [
        *(SCHEMATHESIS, "run", str(schema), "--url", service.url, "--no-color"),
        *("--checks", "all", "--exclude-checks", ",".join(_unfit_checks(scope))),
        *("--max-examples", str(examples), "--request-timeout", "10", "--warnings", "off"),
        *("--continue-on-failure", "--generation-database", "none"),
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "harness.fuzz_hooks",
        "HPSEARCH_FUZZ_JOBS": ",".join(jobs),
        **({"HPSEARCH_TOKEN": token} if token else {}),
    }
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], check=False)
    return done.returncode == 0


def _unfit_checks(scope: Scope | None) -> list[str]:
    """Who may not change anything is told so before a method is looked at, not 405."""
    fit = scope not in (Scope.METRICS, Scope.READ)
    return ["positive_data_acceptance", *([] if fit else ["unsupported_method"])]


def _extremes(examples: int) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "tests/hostile/test_extremes.py"]
    environment = {**os.environ, "HPSEARCH_FUZZ_EXAMPLES": str(examples)}
    root = Path(__file__).parents[1]
    return subprocess.run(command, env=environment, cwd=root, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
