"""The OpenAPI description: what FastAPI derives, and the bodies that we read ourselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.errors import KINDS
from api.schemas.problems import ProblemAnswer

REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = (
    "A hyperparameter search service for small convolutional networks. Errors are "
    "`application/problem+json` (RFC 9457), times are UTC, NaN and infinity never appear."
)


def body_of(model: type[BaseModel], required: bool = True) -> dict[str, Any]:
    """What to say about a route whose JSON body is described by `model`."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}
    }


def describe(app: FastAPI, bodies: list[type[BaseModel]]) -> None:
    """Make `app` describe itself, with the schemas of `bodies` and problems as errors."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, bodies)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it


def _describe(app: FastAPI, bodies: list[type[BaseModel]]) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
    )
    _, definitions = models_json_schema(
        [(model, "validation") for model in bodies] + [(ProblemAnswer, "serialization")],
        ref_template=REFERENCE,
    )
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for name, definition in definitions["$defs"].items():
        components.setdefault(name, definition)
    problem = {"schema": {"$ref": REFERENCE.format(model=ProblemAnswer.__name__)}}
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["4XX"] = {
                "description": "A problem",
                "content": {"application/problem+json": problem},
            }
    schema["x-problems"] = KINDS
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return schema
