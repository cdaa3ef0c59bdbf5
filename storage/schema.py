"""The tables: Optuna's, made by Optuna, and ours, made by Alembic beside them."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import URL, Connection, Engine, inspect, select

from hpsearch.errors import UnusableDatabase
from storage.rows import optuna_tables
from storage.rows.tables import VERSION_TABLE

MIGRATIONS = Path(__file__).parent / "migrations"
SETUP_COMMAND = "python -m storage"


def is_current(connection: Connection) -> bool:
    """Whether all tables are there, in the versions that this program knows."""
    found = versions(connection)
    return bool(
        found["optuna_schema"] == optuna_tables.SCHEMA_VERSION and found["schema"] == _newest()
    )


def versions(connection: Connection) -> dict[str, Any]:
    """`schema` (ours) and `optuna_schema`, each None where there is none yet."""
    return {"schema": _ours(connection), "optuna_schema": _optunas(connection)}


def problems(connection: Connection) -> list[str]:
    """What is wrong with the tables, one sentence each."""
    ours, optunas = _ours(connection), _optunas(connection)
    found = []
    if optunas is None or ours is None:
        found.append(f"the database has no tables yet: run `{SETUP_COMMAND}`")
    elif ours != _newest():
        found.append(f"the tables are of version {ours}, wanted is {_newest()}")
    if optunas not in (None, optuna_tables.SCHEMA_VERSION):
        found.append(_other_optuna(optunas))
    return found


def create(writer: Engine, revision: str = "head") -> None:
    """Create or upgrade all tables; the caller holds the lock that keeps other processes out.

    Optuna's come first, so once our version is recorded, Optuna's tables are complete. revision:
    of our tables; "head" is the newest.
    """
    with writer.connect() as connection:
        found = _optunas(connection)
    if found not in (None, optuna_tables.SCHEMA_VERSION):
        raise UnusableDatabase(_other_optuna(found))
    _create_optunas(writer.url)
    config = configuration()
    with writer.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise UnusableDatabase(
                f"the database was set up by a newer hpsearch ({error}); update this program"
            ) from error


def configuration() -> Config:
    """Of Alembic; it takes the connection from `attributes["connection"]`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _create_optunas(url: URL) -> None:
    text = url.render_as_string(hide_password=False)
    try:
        storage = RDBStorage(text.replace("{", "{{").replace("}", "}}"))  # Optuna formats it
    except RuntimeError as error:
        raise UnusableDatabase(str(error)) from error
    except StorageInternalError as error:
        raise error.__cause__ or error from None
    storage.remove_session()
    storage.engine.dispose()


@lru_cache(maxsize=1)
def _newest() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _ours(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _optunas(connection: Connection) -> int | None:
    table = optuna_tables.version_info
    if not inspect(connection).has_table(table.name):
        return None
    return connection.execute(select(table.c.schema_version)).scalar()


def _other_optuna(found: object) -> str:
    return (
        f"Optuna's tables are of schema version {found}, but this program writes version "
        f"{optuna_tables.SCHEMA_VERSION}; use the hpsearch that fits this database"
    )
