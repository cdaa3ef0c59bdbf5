"""How Alembic runs the migrations.

`storage.schema` gives it a connection. A developer who writes a new migration gives it a database:
`alembic -c storage/migrations/alembic.ini -x url=sqlite:////tmp/new.db revision --autogenerate`.
"""

from alembic import context
from sqlalchemy import Connection

from storage.database import Database
from storage.migrations.filter import is_ours
from storage.rows.tables import VERSION_TABLE, metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        include_name=is_ours,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with Database(context.get_x_argument(as_dictionary=True)["url"]).write(durable=True) as opened:
        run(opened)
