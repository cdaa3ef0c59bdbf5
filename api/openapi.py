"""The OpenAPI description: what FastAPI derives, the bodies that we read ourselves, problems."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.errors import KINDS
from api.examples import Examples
from api.schemas.events import EVENTS
from api.schemas.problems import ProblemAnswer

REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = (
    "A hyperparameter search service for small convolutional networks. Errors are "
    "`application/problem+json` (RFC 9457), times are UTC, NaN and infinity never appear."
)

TAGS = [
    {
        "name": "jobs",
        "description": "A job is one search. Submit it, look at it, steer it, and delete it.",
    },
    {
        "name": "results",
        "description": "What a job found: its trials with their reasons, rounds, events as they "
        "happen, the certificate of the best trials, and their trained networks.",
    },
    {
        "name": "estimates",
        "description": "How long a search would take on these workers, before it is submitted.",
    },
    {
        "name": "data sets",
        "description": "The images that searches train on: which are there, and uploads.",
    },
    {
        "name": "service",
        "description": "The server itself: health, metrics, and the record of all changes.",
    },
]
"""In the order in which they are shown."""

ANYWHERE: Mapping[int, str] = {
    400: "not HTTP",
    401: "the server asks for a token, and none came or it is not valid",
    403: "the token may not do this, or the request was made by a page of another site",
    408: "the request did not come in time",
    421: "addressed under a name that is not this server's",
    422: "a parameter or a field is not as it must be; `errors` names each",
    429: "too many requests that compute; `Retry-After` says when to come again",
    431: "too many or too large headers",
    500: "an error of the server's own; its log says more",
    503: "the database cannot be reached, or too many connections are open",
}
WITH_BODY: Mapping[int, str] = {
    400: "not JSON, or not HTTP",
    413: "the body is too large",
    415: "the body is not sent as JSON",
}
WITH_PATH: Mapping[int, str] = {404: "not found"}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "the job's state does not allow it"}
}
"""For `responses` of a route that depends on the job's state."""


CHANGED: dict[int | str, dict[str, Any]] = {
    412: {"description": "the job has changed since the entity tag in `If-Match`"}
}


def body_of(model: type[BaseModel], examples: Examples) -> dict[str, Any]:
    """What to say about a route whose JSON body is described by `model`."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    content = {"application/json": {"schema": schema, "examples": examples}}
    return {"requestBody": {"required": True, "content": content}}


def merge_patch_of(model: type[BaseModel], examples: Examples) -> dict[str, Any]:
    """The same of a merge patch (RFC 7396): any part of any field, and null to take one away."""
    schema = {
        "type": "object",
        "properties": {name: {} for name in sorted(model.model_fields)},
        "additionalProperties": {"type": "null"},  # which takes away what is not there
        "description": f"Fields of {model.__name__}; objects are merged, null takes a field away.",
    }
    content = {"application/json": {"schema": schema, "examples": examples}}
    return {"requestBody": {"required": False, "content": content}}


def event_stream() -> dict[str, Any]:
    """What to say about the content of a stream of events: the schema of one."""
    kinds = ", ".join(f"`{kind.value}`: {model.__name__}" for kind, model in EVENTS.items())
    schemas = [{"$ref": REFERENCE.format(model=model.__name__)} for model in EVENTS.values()]
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"anyOf": schemas},  # which of them, the kind says: it is not in the data
        "description": f"By kind: {kinds}.",
    }
    event = {
        "type": "object",
        "description": "A server-sent event.",
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9]+$", "description": "Counts up."},
            "event": {"type": "string", "enum": [kind.value for kind in EVENTS]},
            "data": data,
        },
        "required": ["id", "event", "data"],
    }
    return {"text/event-stream": {"schema": event}}


def operation_id(route: APIRoute) -> str:
    """The name of the function, which says what it does: get_job, submit_job."""
    return route.name


def describe(app: FastAPI, bodies: list[type[BaseModel]], root_path: str = "") -> None:
    """Make `app` describe itself, with the schemas of `bodies` and problems as errors."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, bodies, root_path)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it


def _describe(app: FastAPI, bodies: list[type[BaseModel]], root_path: str) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": root_path}] if root_path else None,
    )
    answers: list[type[BaseModel]] = [ProblemAnswer, *EVENTS.values()]
    _, definitions = models_json_schema(
        [
            *((model, "validation") for model in bodies),
            *((model, "serialization") for model in answers),
        ],
        ref_template=REFERENCE,
    )
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for name, definition in definitions["$defs"].items():
        components.setdefault(name, definition)
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _document_problems(path, operation)
            _summarise(operation)
    _link_jobs(schema["paths"])
    schema["x-problems"] = KINDS
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return schema


def _document_problems(path: str, operation: dict[str, Any]) -> None:
    """Every status that the operation may answer, one by one."""
    statuses = {**ANYWHERE, **(WITH_PATH if "{" in path else {})}
    if "requestBody" in operation:
        statuses |= WITH_BODY
    responses = operation["responses"]
    responses.pop("422", None)
    schema = {"$ref": REFERENCE.format(model=ProblemAnswer.__name__)}
    content = {"application/problem+json": {"schema": schema}}
    for status, description in sorted(statuses.items()):
        responses.setdefault(str(status), {"description": description, "content": content})
    for status, response in responses.items():
        if int(status) >= 400:
            response.setdefault("content", content)
    operation["responses"] = dict(sorted(responses.items()))


def _summarise(operation: dict[str, Any]) -> None:
    """The first sentence of the description is what lists show."""
    first = operation.get("description", "").split("\n")[0].split(". ")[0].split("; ")[0]
    operation["summary"] = first.rstrip(".") or operation["summary"]


def _link_jobs(paths: dict[str, Any]) -> None:
    """From the answers that have a new job to every operation on it (OpenAPI links).

    Both also answer 200 with the job that an Idempotency-Key had brought before.
    """
    links = {
        operation["operationId"]: {
            "operationId": operation["operationId"],
            "parameters": {"job_id": "$response.body#/id"},
        }
        for path, operations in paths.items()
        if "{job_id}" in path
        for operation in operations.values()
    }
    for operations in paths.values():
        for operation in operations.values():
            if operation["operationId"] in ("submit_job", "clone_job"):
                created = operation["responses"]["201"]
                operation["responses"] = {
                    "200": {**created, "description": "the key had brought this job before"},
                    **operation["responses"],
                    "201": {**created, "links": links},
                }
