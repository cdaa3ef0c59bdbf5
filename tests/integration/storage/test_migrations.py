"""Our tables are as the migrations make them, and Optuna's are left alone."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from storage.database import Database
from storage.migrations.filter import is_ours
from storage.rows import tables


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"version_table": tables.VERSION_TABLE, "include_name": is_ours},
        )
        assert compare_metadata(context, tables.metadata) == []


def test_without_the_filter_optunas_tables_would_be_dropped(database: Database) -> None:
    """Shows that the test above looks at the same tables."""
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": tables.VERSION_TABLE}
        )
        found = {change[1].name for change in compare_metadata(context, tables.metadata)}
    assert "studies" in found


def test_every_table_of_ours_has_the_prefix(database: Database) -> None:
    with database.read() as connection:
        names = set(inspect(connection).get_table_names())

    ours = {name for name in names if name.startswith(tables.PREFIX)}
    assert ours == {table.name for table in tables.metadata.sorted_tables}
    assert {"studies", "trials", "alembic_version", tables.VERSION_TABLE} < names
