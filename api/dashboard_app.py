"""Optuna's dashboard itself, on connections that can only read."""

from typing import Any, cast
from urllib.parse import quote

import optuna_dashboard
from a2wsgi import WSGIMiddleware
from optuna.storages import BaseStorage, RDBStorage, get_storage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool
from starlette.types import ASGIApp

THREADS = 4


def application(database_url: str) -> ASGIApp:
    """The dashboard of this database, which must hold Optuna's tables already."""
    wsgi = optuna_dashboard.wsgi(reading_storage(database_url))
    return cast(ASGIApp, WSGIMiddleware(wsgi, workers=THREADS))  # its own types for the same


def reading_storage(database_url: str) -> BaseStorage:
    url = make_url(database_url)
    # A connection for each transaction: one that lived on would outlast a restart of the database.
    options: dict[str, Any] = {"poolclass": NullPool}
    if url.get_backend_name() == "sqlite":
        url = _read_only_file(url)
    else:
        options["connect_args"] = {"options": "-c default_transaction_read_only=on"}
    text = url.render_as_string(hide_password=False)
    storage = RDBStorage(
        text.replace("{", "{{").replace("}", "}}"),  # Optuna formats it
        engine_kwargs=options,
        skip_table_creation=True,
    )
    return get_storage(storage)


def _read_only_file(url: URL) -> URL:
    """SQLite's own read-only mode: such a connection can neither write nor checkpoint."""
    return url.set(
        database=f"file:{quote(url.database or '')}", query={"mode": "ro", "uri": "true"}
    )
