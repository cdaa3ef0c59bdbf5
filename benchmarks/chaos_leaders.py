"""Two servers of one PostgreSQL: the one that leads is stopped, and woken once the other leads.

Part of `make chaos` (`ARGS="--leaders 10 --database postgresql"`). Each server has a role of its
own in the database, where triggers note who wrote: after a takeover nothing of the former leader.
"""

import random
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text

from harness.results import Result, result_of
from harness.service import Service, wait_until

ROLES = ("first_server", "second_server")
TAKEOVER_TIMEOUT = 90.0  # seconds
WRITES_TO_SEE = 10  # of the new leader, before the former one is woken
TABLES = (
    *("hps_jobs", "hps_trials", "hps_rounds", "hps_events"),
    *("trials", "trial_user_attributes", "trial_intermediate_values"),
)

NOTE_WRITES = """
CREATE TABLE chaos_writes (id bigserial PRIMARY KEY, role text, what text);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO chaos_writes (role, what) VALUES (session_user, TG_TABLE_NAME); RETURN NULL;
END $$;
"""
NOTE_WRITES_OF = """
CREATE TRIGGER chaos AFTER INSERT OR UPDATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION chaos_note()
"""
END_LOCK_SESSION = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND usename = :role
"""


@dataclass(frozen=True)
class LeadersVerdict:
    """takeovers: seconds from each stop to the other's lead. written: of leaders, in all.

    refused: how often a write told a former leader that it is one, by its logs; otherwise it looked
    at its lock first.
    """

    takeovers: Sequence[float]
    written: int
    refused: int
    problems: tuple[str, ...]


def depose(
    folder: Path, url: str, spec: Mapping[str, Any], peaceful: Result, times: int, seed: int
) -> LeadersVerdict:
    """Run the job while its leader is stopped again and again; compare with what peace brought."""
    dice = random.Random(seed)  # noqa: S311  # says when to stop a server, guards nothing
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    for role in ROLES:
        _run(admin, f"CREATE ROLE {role} SUPERUSER LOGIN")
    urls = [make_url(url).set(username=role).render_as_string(False) for role in ROLES]
    with (
        Service(folder / ROLES[0], urls[0]) as first,
        Service(folder / ROLES[1], urls[1]) as second,
    ):
        first.wait_until_leading()
        _note_writes(admin)
        servers = dict(zip(ROLES, (first, second), strict=True))
        job = first.submit(spec)
        takeovers = list(_strikes(servers, admin, job, times, dice))
        first.wait_for_end(job, timeout=3600)
        time.sleep(1.0)  # whatever a former leader still tries
        refused = sum(s.log.read_text(errors="replace").count(REFUSED) for s in servers.values())
    problems = [*_written_by_former_leaders(admin)]
    if len(takeovers) < times:
        problems.append("the job ended before all strikes: give it more trials")
    result = result_of(url, job)
    if (result.digest, result.trials) != (peaceful.digest, peaceful.trials):
        problems.append(f"another result: {result} instead of {peaceful}")
    written = len(_writes(admin))
    admin.dispose()
    return LeadersVerdict(takeovers, written, refused, tuple(problems))


REFUSED = "another server runs the jobs of this database by now; it stands by"


def _strikes(
    servers: Mapping[str, Service], admin: Engine, job: str, times: int, dice: random.Random
) -> Iterator[float]:
    leader, other = ROLES
    for _ in range(times):
        time.sleep(dice.uniform(0, 2))
        if servers[leader].job(job)["state"] in ("completed", "failed"):
            return
        process = servers[leader].started.process
        process.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            _run(admin, END_LOCK_SESSION, role=leader)
            servers[other].wait_until_leading(TAKEOVER_TIMEOUT)
            yield time.monotonic() - began
            before = _count(admin, other)
            wait_until(
                lambda: _count(admin, other) >= before + WRITES_TO_SEE,  # noqa: B023 - within the turn
                TAKEOVER_TIMEOUT,
                "the new leader's work",
            )
        finally:
            process.send_signal(signal.SIGCONT)
        stands_by = servers[leader]
        wait_until(
            lambda: stands_by.readiness().get("leader") is False,  # noqa: B023 - within the turn
            TAKEOVER_TIMEOUT,
            "the former leader to stand by",
        )
        leader, other = other, leader


def _note_writes(admin: Engine) -> None:
    _run(admin, NOTE_WRITES)
    for table in ("hps_leader", *TABLES):
        _run(admin, NOTE_WRITES_OF.format(table=table))


def _writes(admin: Engine) -> list[tuple[str, str]]:
    with admin.connect() as connection:
        rows = connection.execute(text("SELECT role, what FROM chaos_writes ORDER BY id"))
        return [(row.role, row.what) for row in rows]


def _count(admin: Engine, role: str) -> int:
    return sum(writer == role for writer, _ in _writes(admin))


def _written_by_former_leaders(admin: Engine) -> Iterator[str]:
    """The notes are in order: who takes the lead waits for transactions that are under way."""
    leader = ROLES[0]
    for role, table in _writes(admin):
        if table == "hps_leader":
            leader = role
        elif role != leader:
            yield f"{role} wrote {table} while {leader} led"


def _run(admin: Engine, statement: str, **parameters: str) -> None:
    with admin.connect() as connection:
        connection.execute(text(statement), parameters)


def report(verdict: LeadersVerdict) -> str:
    """The verdict as lines for people."""
    seconds = ", ".join(f"{takeover:.1f}" for takeover in verdict.takeovers)
    lines = [
        f"leaders stopped   {len(verdict.takeovers)}, the other led after {seconds} s",
        f"statements        {verdict.written} by whoever led",
        f"refused writes    stopped a former leader {verdict.refused} times",
        *(f"PROBLEM           {problem}" for problem in verdict.problems[:20]),
        "verdict           "
        + ("different" if verdict.problems else "nothing by a former leader, identical"),
    ]
    return "\n".join(lines)
