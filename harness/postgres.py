"""A real PostgreSQL for tests, from a wheel: the same on every machine."""

import itertools
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, make_url


class PostgresServer:
    """One server with its own data folder. It does not wait for the disk: tests need no safety."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "harness.postgres_server", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        uri = self._answer()
        if not uri:
            self.close()
            raise RuntimeError("PostgreSQL did not start; its reason is on standard error")
        self._url = make_url(uri).set(drivername="postgresql+psycopg")
        self._numbers = itertools.count(1)
        run_alone(self._url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def create(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        run_alone(self._url, f"CREATE DATABASE {name}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def stop(self) -> None:
        self._tell("stop")

    def start(self) -> None:
        self._tell("start")

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._process.communicate(timeout=60)

    def _tell(self, verb: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{verb}\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def run_alone(url: URL, *statements: str) -> None:
    """Run statements outside a transaction, on a connection of their own."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


class SharedDatabase:
    """A database that was set up, which tests use one after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(url, pool_pre_ping=True)
        kept = ("version_info", "alembic_version", "hpsearch_version")
        names = [name for name in inspect(self._engine).get_table_names() if name not in kept]
        self._clean = "SET LOCAL session_replication_role = replica;"  # in any order of tables
        self._clean += "".join(f'DELETE FROM "{name}";' for name in names)  # noqa: S608 - its own

    def empty(self) -> None:
        """Remove all rows but those that say its version; faster than a new database."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(self._clean)

    def close(self) -> None:
        self._engine.dispose()
