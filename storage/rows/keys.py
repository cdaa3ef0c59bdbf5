"""Idempotency keys: the same request again gives the job that it gave the first time."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, select

from hpsearch.errors import IdempotencyConflict
from hpsearch.spec.search import SearchSpec
from storage.rows import tables
from storage.rows.jobs import now

KEYS_LAST = timedelta(days=7)
"""How long an idempotency key is known."""


def owner(connection: Connection, key: str, body: str) -> str | None:
    """The id of the job that the key was used for; raises IdempotencyConflict for another body.

    A key may begin with whose it is, in a line.
    """
    table = tables.idempotency_keys
    query = select(table.c.body_sha256, table.c.job_id).where(
        table.c.key_sha256 == _sha256(key), table.c.created_at >= now() - KEYS_LAST
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    if found.body_sha256 != body:
        raise IdempotencyConflict(key.rpartition("\n")[2])
    return str(found.job_id)


def claim(connection: Connection, key: str, body: str, job_id: str) -> str | None:
    """Take the key for `job_id`, or say whose it is. Of two at once, the second waits here."""
    table = tables.idempotency_keys
    key_sha256 = _sha256(key)
    expired = table.c.created_at < now() - KEYS_LAST
    connection.execute(delete(table).where(table.c.key_sha256 == key_sha256, expired))
    claim = tables.insert_into(connection, table).on_conflict_do_nothing()
    taken = connection.execute(
        claim.returning(table.c.job_id),
        {"key_sha256": key_sha256, "body_sha256": body, "job_id": job_id, "created_at": now()},
    ).scalar()
    if taken is not None:
        return None
    return owner(connection, key, body)


def fingerprint(
    spec: SearchSpec,
    warm_start: Sequence[str],
    priority: float,
    labels: Sequence[str] = (),
    notify: str | None = None,
) -> str:
    """Of what is not by default, so that a later version with more settings finds the same."""
    given = spec.model_dump(mode="json", exclude_defaults=True)
    body = {"spec": given, "warm_start": list(warm_start), "priority": priority}
    if labels:
        body["labels"] = list(labels)
    if notify is not None:
        body["notify"] = notify
    return _sha256(json.dumps(body, sort_keys=True))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
