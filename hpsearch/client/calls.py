"""Every call of the HTTP interface as a value: what is sent, and whether it may be sent again.

Nothing is sent here, so both clients share this.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hpsearch.client.addresses import API, path_of, piece
from hpsearch.client.values import Change, Value
from hpsearch.spec.search import SearchSpec

JSON = {"Content-Type": "application/json"}
PAGE = 500  # items in one answer; the most that the server gives

Spec = Mapping[str, Any] | SearchSpec | bytes


@dataclass(frozen=True)
class Call:
    """options: httpx's. repeatable: whether it does the same when it arrives twice."""

    method: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = True


def get(path: str, **query: Any) -> Call:
    """Anything that is looked at; what is None is not asked."""
    return Call("GET", path, {"params": {k: v for k, v in query.items() if v is not None}})


def submit(spec: Spec, key: str | None) -> Call:
    """A new search. key: with the same one it is submitted once; a new one if None."""
    return Call("POST", f"{API}/jobs", _created(_bytes(spec), key))


def clone(job_id: str, changes: Mapping[str, Any], key: str | None) -> Call:
    """The spec of a job again, changed by a JSON merge patch (RFC 7396)."""
    return Call("POST", f"{path_of(job_id)}/clone", _created(_bytes(changes), key))


def change(job_id: str, changes: Change) -> Call:
    """Values are set, not added to: arriving twice changes nothing more."""
    return Call("PATCH", path_of(job_id), {"json": changes})


def verb(job_id: str, name: str) -> Call:
    """cancel, pause or resume."""
    return Call("POST", f"{path_of(job_id)}/{piece(name)}")


def enqueue(job_id: str, params: Mapping[str, Value]) -> Call:
    """A point to try; twice is two trials."""
    body = {"params": dict(params)}
    return Call("POST", f"{path_of(job_id)}/enqueue", {"json": body}, repeatable=False)


def delete_job(job_id: str) -> Call:
    return Call("DELETE", path_of(job_id), repeatable=False)


def delete_dataset(name: str) -> Call:
    return Call("DELETE", f"{API}/datasets/{piece(name)}", repeatable=False)


def estimate(spec: Spec) -> Call:
    return Call("POST", f"{API}/estimates", {"content": _bytes(spec), "headers": JSON})


def import_job(content: bytes) -> Call:
    """The same file again is the same job."""
    options = {"content": content, "headers": {"Content-Type": "application/zip"}}
    return Call("POST", f"{API}/imports", options)


def jobs(
    state: str | None,
    label: str | None,
    text: str | None,
    archived: bool,
    order: str | None,
    limit: int,
    after: str | None = None,
) -> Call:
    """A page of the list of jobs."""
    only = "true" if archived else None
    return get(
        f"{API}/jobs",
        state=state, label=label, text=text, archived=only, order=order, limit=limit, after=after,
    )  # fmt: skip


def trained_again(path: str, different: bool) -> Call:
    """What a trial is trained again for: a model, or a report with the winner in it."""
    return get(path, accept="different" if different else None)


def inside_path(job_id: str, number: int) -> str:
    return f"{path_of(job_id)}/trials/{number}/inside"


def model_path(job_id: str, number: int | None) -> str:
    """The path to a trial's network; without a number, to the winner's."""
    trial = "" if number is None else f"/trials/{number}"
    return f"{path_of(job_id)}{trial}/model"


def items(answer: Mapping[str, Any]) -> list[Any]:
    """Of an answer that is a list."""
    found = answer.get("items")
    return found if isinstance(found, list) else []


def _bytes(spec: Spec) -> bytes:
    if isinstance(spec, bytes):
        return spec
    content = spec.canonical() if isinstance(spec, SearchSpec) else dict(spec)
    return json.dumps(content).encode()


def _created(content: bytes, key: str | None) -> Mapping[str, Any]:
    return {"content": content, "headers": {**JSON, "Idempotency-Key": key or uuid.uuid4().hex}}
