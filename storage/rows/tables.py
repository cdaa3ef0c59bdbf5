"""Our own tables, all named `hps_…`, beside Optuna's in the same database.

Of a trial, `hps_trials` (what pages are ordered and counted by) and our attributes in Optuna's
`trial_user_attributes` are read; the values in Optuna's other tables are written for its tools, in
the same transaction. Parameters are read from Optuna's.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite

PREFIX = "hps_"
VERSION_TABLE = "hpsearch_version"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Times go in and come out aware and in UTC; columns hold UTC without a time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.replace(tzinfo=UTC)


BigKey = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself on SQLite

jobs = Table(
    "hps_jobs",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("study_id", Integer, nullable=False, unique=True),
    Column("study", String(512), nullable=False),
    Column("spec", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("wish", String(16), nullable=False),
    Column("stop_reason", Text),
    Column("seconds", Double, nullable=False),
    Column("priority", Double, nullable=False),
    Column("version", Integer, nullable=False),
    Column("warm_start", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("spec_version", Integer, nullable=False, server_default="1"),
    Column("owner", String(200)),
    Column("labels", Text, nullable=False, server_default="[]"),
    Column("archived_at", UtcDateTime),
    Column("deleted_at", UtcDateTime, index=True),
    Column("data_sha256", String(64)),
    Column("split_sha256", String(64)),
    Column("digest", String(64)),
    Column("waits_for", Text),
    Column("earlier_budgets", Text),
    Column("validation_counts", Text),
    Column("counts_sha256", String(64)),
    Column("notify_url", Text),
    Column("notified", BigInteger),
)

leader = Table(
    "hps_leader",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("holder", String(255)),
    Column("taken_at", UtcDateTime),
)

last_deleted = Table(
    "hps_last_deleted",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("id", Integer, nullable=False),
)

idempotency_keys = Table(
    "hps_idempotency_keys",
    metadata,
    Column("key_sha256", String(64), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    Column("job_id", String(16), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)

rounds = Table(
    "hps_rounds",
    metadata,
    Column("job_pk", Integer, ForeignKey("hps_jobs.pk"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("round", Text, nullable=False),
)

trials = Table(
    "hps_trials",
    metadata,
    Column("trial_id", Integer, primary_key=True, autoincrement=False),
    Column("job_pk", Integer, ForeignKey("hps_jobs.pk"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("cohort", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("epochs", Double, nullable=False),
    Column("value", Double),
    Column("ended_version", Integer),
    UniqueConstraint("job_pk", "number"),
    Index(None, "job_pk", "value", "number"),
    Index(None, "job_pk", "state", "epochs"),
)

enqueued = Table(
    "hps_enqueued",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("job_pk", Integer, ForeignKey("hps_jobs.pk"), nullable=False, index=True),
    Column("params", Text, nullable=False),
    Column("cohort", Integer),
)

confirmations = Table(
    "hps_confirmations",
    metadata,
    Column("job_pk", Integer, ForeignKey("hps_jobs.pk"), primary_key=True),
    Column("stage", String(16), primary_key=True),
    Column("trial", Integer, primary_key=True, autoincrement=False),
    Column("repeat", Integer, primary_key=True, autoincrement=False),
    Column("found", Text, nullable=False),
)

events = Table(
    "hps_events",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("job_pk", Integer, ForeignKey("hps_jobs.pk"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Index(None, "job_pk", "id"),
    sqlite_autoincrement=True,
)


def insert_into(connection: Connection, table: Table) -> Any:
    """An insert of the connection's own kind, which knows `on_conflict_do_…`."""
    kinds = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return kinds[connection.dialect.name](table)
