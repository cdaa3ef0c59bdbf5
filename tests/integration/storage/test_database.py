"""How a database is opened, set up, and how its outages are told."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from harness.postgres import PostgresServer
from hpsearch.errors import DatabaseUnavailable, DiskFull, UnusableDatabase
from hpsearch.jobs import JobState
from storage.backends import sqlite
from storage.backends.lock import WriterLock
from storage.backends.postgresql import PostgresqlBackend
from storage.backends.sqlite import SqliteBackend
from storage.database import Database
from storage.job_lists import JobFilter
from storage.job_store import SqlJobStore
from storage.rows import optuna_tables
from storage.user_jobs import Jobs
from tests.integration.storage.samples import cohort, running_job, spec

NEWEST = "0005"  # version of our tables


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """A database without tables."""
    opened = Database(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def file_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An SQLite database with all tables."""
    path = tmp_path / "hpsearch.db"
    path.write_bytes(sqlite_template.read_bytes())
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close()


def test_setting_up_twice_changes_nothing(empty: Database) -> None:
    empty.initialise()
    job, _ = Jobs(empty).create(spec())
    empty.initialise()

    assert Jobs(empty).get(job.id) == job
    facts = empty.check()
    assert facts["reachable"]
    assert facts["problems"] == []
    assert (facts["schema"], facts["optuna_schema"]) == (NEWEST, 12)
    assert facts["library"].startswith(("SQLite 3.", "PostgreSQL 1"))


EIGHT = """
import os, sys
from storage.__main__ import main
gate, opener = os.pipe()
children = []
for _ in range(8):
    child = os.fork()
    if not child:
        os.close(opener)
        os.read(gate, 1)  # until the parent opens the gate for all
        code = main(sys.argv[1:])
        sys.stdout.flush()
        os._exit(code)
    children.append(child)
os.close(opener)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_eight_processes_may_set_up_at_once(empty: Database, empty_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EIGHT, empty_url], capture_output=True, text=True, check=True
    )

    lines = done.stdout.splitlines()
    assert lines[-1] == str([0] * 8), done.stdout
    assert all(line.startswith("the database is ready: ") for line in lines[:-1])
    assert len(lines) == 9
    assert empty.check()["problems"] == []
    with empty.read() as connection:
        rows = connection.execute(optuna_tables.version_info.select()).all()
        versions = connection.execute(text("SELECT version_num FROM hpsearch_version")).all()
    assert (len(rows), len(versions)) == (1, 1)


def test_a_database_without_tables_says_what_to_do(empty: Database) -> None:
    assert empty.check()["problems"] == ["the database has no tables yet: run `python -m storage`"]


def test_tables_of_another_optuna_are_refused(database: Database) -> None:
    with database.write(durable=True) as connection:
        connection.execute(text("UPDATE version_info SET schema_version = 13"))
    try:
        with pytest.raises(UnusableDatabase, match="schema version 13, but this program writes"):
            database.initialise()
        assert "schema version 13" in database.check()["problems"][0]
    finally:
        with database.write(durable=True) as connection:
            connection.execute(text("UPDATE version_info SET schema_version = 12"))


def test_tables_of_a_newer_program_are_refused(database: Database) -> None:
    with database.write(durable=True) as connection:
        connection.execute(text("UPDATE hpsearch_version SET version_num = '9999'"))
    try:
        with pytest.raises(UnusableDatabase, match="set up by a newer hpsearch"):
            database.initialise()
        assert database.check()["problems"] == [
            f"the tables are of version 9999, wanted is {NEWEST}"
        ]
    finally:
        with database.write(durable=True) as connection:
            connection.execute(
                text("UPDATE hpsearch_version SET version_num = :it"), {"it": NEWEST}
            )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "a database URL is"),
        ("hpsearch.db", "a database URL is"),
        ("mysql://localhost/x", "mysql databases are not supported"),
        ("postgresql+asyncpg://localhost/x", "are not supported"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("sqlite:///file:x?mode=memory", "SQLite needs a file"),
    ],
)
def test_a_url_that_cannot_serve_is_refused(url: str, said: str) -> None:
    with pytest.raises(UnusableDatabase, match=said):
        Database(url)


def test_a_url_may_hold_what_optuna_would_fill_in(tmp_path: Path) -> None:
    folder = tmp_path / "{SCHEMA_VERSION} %(here)s 100%"
    folder.mkdir()
    database = Database(f"sqlite:///{folder}/hpsearch.db")
    database.initialise()
    database.close()

    assert (folder / "hpsearch.db").exists()


def test_what_is_raised_inside_undoes_the_transaction(database: Database) -> None:
    job = running_job(database)
    before = SqlJobStore(database).history(job.id)

    def fail() -> None:
        with database.write(durable=True) as connection:
            connection.execute(text("DELETE FROM hps_rounds"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert SqlJobStore(database).history(job.id) == before


def test_errors_that_are_no_outage_are_not_called_one(database: Database) -> None:
    job, _ = Jobs(database).create(spec())
    again = text("INSERT INTO studies (study_name) VALUES (:name)")

    with pytest.raises(IntegrityError), database.write(durable=False) as connection:
        connection.execute(again, {"name": job.study})


def test_reading_sees_one_state(database: Database) -> None:
    count = text("SELECT count(*) FROM hps_jobs")
    with database.read() as connection:
        before = connection.execute(count).scalar_one()
        thread = threading.Thread(target=lambda: Jobs(database).create(spec()))
        thread.start()
        thread.join()
        during = connection.execute(count).scalar_one()
    with database.read() as connection:
        after = connection.execute(count).scalar_one()

    assert (before, during, after) == (0, 0, 1)


def test_reading_writes_nothing(database: Database) -> None:
    with pytest.raises(Exception, match=r"read.?only"), database.read() as connection:
        connection.execute(text("DELETE FROM hps_rounds"))


def test_what_was_answered_waits_for_the_disk_and_a_report_does_not(database: Database) -> None:
    sqlite_levels = {True: 2, False: 1}  # FULL, NORMAL
    postgresql_levels = {True: "on", False: "off"}
    for durable in (True, False, True):
        with database.write(durable=durable) as connection:
            if isinstance(database.backend, SqliteBackend):
                level = connection.exec_driver_sql("PRAGMA synchronous").scalar()
                assert level == sqlite_levels[durable]
            else:
                level = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
                assert level == postgresql_levels[durable]


def test_a_server_that_is_gone_is_an_outage_and_comes_back(
    postgres: PostgresServer, postgres_url: str
) -> None:
    database = Database(postgres_url)
    lock = WriterLock(database)
    job, _ = Jobs(database).create(spec())
    assert lock.try_acquire()
    postgres.stop()
    calls: list[Callable[[], object]] = [
        lambda: Jobs(database).create(spec()),
        lambda: Jobs(database).get(job.id),
        lambda: SqlJobStore(database).start(job.id, {}),
        lock.try_acquire,
        database.initialise,
    ]
    try:
        for call in calls:
            with pytest.raises(DatabaseUnavailable):
                call()
        facts = database.check()
    finally:
        postgres.start()

    assert not facts["reachable"]
    assert facts["problems"][0].startswith("the database cannot be used just now")
    assert not lock.held()
    assert Jobs(database).get(job.id) == job
    SqlJobStore(database).start(job.id, {})
    database.close()


def test_several_servers_may_write_at_once(database: Database, database_url: str) -> None:
    servers = [Database(database_url) for _ in range(4)]

    def write(server: Database) -> None:
        for seed in range(10):
            job, _ = Jobs(server).create(spec(seed=seed))
            SqlJobStore(server).start(job.id, {})

    with ThreadPoolExecutor(len(servers)) as threads:
        list(threads.map(write, servers))
    for server in servers:
        server.close()

    running, _ = Jobs(database).page(JobFilter(JobState.RUNNING), limit=100)
    assert len(running) == 40
    with database.read() as connection:
        if database.backend.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_locked_file_is_an_outage(
    file_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = file_database.backend
    assert isinstance(backend, SqliteBackend)
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.05)
    rival = Database(file_database.url)
    with file_database.write(durable=True):
        with pytest.raises(DatabaseUnavailable, match="another process writes the database"):
            Jobs(rival).create(spec())
        with pytest.raises(DatabaseUnavailable, match="busy: waited"):
            in_another_thread(lambda: Jobs(file_database).create(spec()))
    Jobs(rival).create(spec())
    rival.close()


def in_another_thread(call: Callable[[], object]) -> None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    for error in caught:
        raise error


def test_a_lock_of_another_program_is_an_outage(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.05)
    path = tmp_path / "hpsearch.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnavailable, match="database is locked"):
        Jobs(database).create(spec())

    other.execute("ROLLBACK")
    other.close()
    Jobs(database).create(spec())
    database.close()


def test_a_full_disk_is_said_so_and_writing_goes_on_once_there_is_room(
    file_database: Database,
) -> None:
    records = SqlJobStore(file_database)
    job = running_job(file_database)
    before = records.history(job.id)
    writer = file_database.backend.writer
    with writer.connect() as connection:  # the file may not grow by another page
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for index in range(1, 100):
            records.open_cohort(job.id, cohort(job.spec, index, 2), seconds=1)

    with pytest.raises(DiskFull, match="disk is full: nothing was written"):
        fill()
    stopped = records.history(job.id)
    with writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    index = len(stopped.trials) // 2
    records.open_cohort(job.id, cohort(job.spec, index, 2), seconds=1)

    assert before.trials == stopped.trials[:2]
    assert len(records.history(job.id).trials) == len(stopped.trials) + 2
    with file_database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.parametrize("content", [b"this is no database" * 100, b""])
def test_a_file_that_is_no_database_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hpsearch.db"
    path.write_bytes(content)
    database = Database(f"sqlite:///{path}")

    assert len(database.check()["problems"]) == 1
    if content:
        with pytest.raises(DatabaseUnavailable, match="not a database"):
            database.initialise()
    database.close()


def test_sqlite_is_opened_as_it_must_be(file_database: Database) -> None:
    path = make_url(file_database.url).database
    other = sqlite3.connect(str(path), timeout=0, isolation_level=None)
    with closing(other), file_database.write(durable=True) as connection:
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("BEGIN IMMEDIATE")  # locked from the start, before anything was written
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.connection.in_transaction
    with file_database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1


def test_postgresql_connections_notice_a_peer_that_is_gone(postgres_url: str) -> None:
    database = Database(postgres_url)
    assert isinstance(database.backend, PostgresqlBackend)
    with database.read() as connection:
        for name, value in (("lock_timeout", "10s"), ("statement_timeout", "1min")):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar() == value
    database.close()
    assert make_url(postgres_url).drivername == "postgresql+psycopg"
