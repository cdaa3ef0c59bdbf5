"""Databases for tests: what takes `database` or `database_url` runs on SQLite and PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from harness.postgres import PostgresServer, SharedDatabase
from storage.database import Database
from tests.secrets_written import check_no_secrets, searched_folder

Factory = pytest.TempPathFactory

# Examples take as long as a busy machine needs. In CI they are the same each time, so that a change
# fails for what it does; new ones are looked for wherever else the tests run.
settings.register_profile("hpsearch", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("hpsearch")


@pytest.fixture(scope="session", autouse=True)
def no_secret_is_written(tmp_path_factory: Factory) -> Iterator[None]:
    """After all tests: none of what they wrote has a token, a login or a password in it."""
    yield
    check_no_secrets(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run.

    As root it runs as another user, who may not enter pytest's own temporary folders.
    """
    with searched_folder() as folder:
        server = PostgresServer(folder / "postgres")
        yield server
        server.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: Factory) -> Path:
    """A database file with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _initialise(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def shared_postgres(postgres: PostgresServer) -> Iterator[SharedDatabase]:
    """A database with all tables, which tests use one after the other."""
    url = postgres.create()
    _initialise(url)
    shared = SharedDatabase(url)
    yield shared
    shared.close()


@pytest.fixture
def postgres_url(shared_postgres: SharedDatabase) -> str:
    """The URL of a PostgreSQL database with all tables and nothing in them."""
    shared_postgres.empty()
    return shared_postgres.url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hpsearch.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "hpsearch.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables and nothing in them, open."""
    opened = Database(database_url)
    yield opened
    opened.close()


def _initialise(url: str) -> None:
    database = Database(url)
    database.initialise()
    database.close()
