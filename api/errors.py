"""From errors to answers: one table of status codes, all as application/problem+json (RFC 9457)."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.paths import link, local_path
from hpsearch.errors import (
    AnswerRefused,
    DatabaseUnavailable,
    DatasetError,
    DifferentModel,
    EngineLost,
    EngineUnavailable,
    EnqueuedTrialsLimit,
    EstimateNotFound,
    FieldProblem,
    HpsearchError,
    IdempotencyConflict,
    ImportConflict,
    ImpossibleShape,
    InvalidJobFile,
    InvalidSpec,
    JobInUse,
    JobNotFound,
    JobNotRunnable,
    JobStateConflict,
    LegTooLarge,
    MalformedJson,
    ModelsBusy,
    NetworkTooLarge,
    NoModel,
    NotAllowed,
    QuotaExceeded,
    TrialNotFound,
    UnknownDataset,
    VersionConflict,
    WorkerLost,
)
from hpsearch.spec.problems import problem_of

RETRY_AFTER = "5"  # seconds
MAX_PROBLEMS = 100  # in one answer
MAX_SHOWN = 200  # characters of what came

STATUS: Mapping[type[HpsearchError], tuple[int, str]] = {
    MalformedJson: (400, "malformed-json"),
    NotAllowed: (403, "owner"),
    JobNotFound: (404, "job-not-found"),
    TrialNotFound: (404, "trial-not-found"),
    EstimateNotFound: (404, "estimate-not-found"),
    UnknownDataset: (404, "dataset-not-found"),
    JobStateConflict: (409, "job-state"),
    NoModel: (409, "no-model"),
    ImportConflict: (409, "import"),
    InvalidJobFile: (422, "job-file"),
    DifferentModel: (409, "model-different"),
    ModelsBusy: (429, "models-busy"),
    JobNotRunnable: (409, "job-not-runnable"),
    JobInUse: (409, "job-in-use"),
    EnqueuedTrialsLimit: (409, "enqueued-trials"),
    VersionConflict: (412, "job-changed"),
    InvalidSpec: (422, "invalid-request"),
    ImpossibleShape: (422, "impossible-shape"),
    NetworkTooLarge: (422, "network-too-large"),
    LegTooLarge: (422, "leg-too-large"),
    WorkerLost: (422, "worker-lost"),
    AnswerRefused: (503, "worker-answer"),
    DatasetError: (422, "dataset"),
    IdempotencyConflict: (422, "idempotency-key"),
    QuotaExceeded: (429, "quota"),
    DatabaseUnavailable: (503, "database-unavailable"),
    EngineUnavailable: (503, "workers-unavailable"),
    EngineLost: (503, "workers-lost"),
}
"""Status and name of each error; the first class in an error's ancestry counts."""


def _first_line(documented: type) -> str:
    """The first line of its docstring; its name in a Python started with -OO, which drops them."""
    return (documented.__doc__ or documented.__name__).splitlines()[0]


KINDS: Mapping[str, str] = {
    **{slug: f"{status}: {_first_line(cls)}" for cls, (status, slug) in STATUS.items()},
    "token": "401, 429: No token was shown, or one that is not valid; 429: too many of them.",
    "scope": "403: The token's scope does not include this.",
    "read-only": "403: The dashboard takes no writes.",
    "origin": "403: A page of another site made the request.",
    "host": "421: The server is not addressed by this host name.",
    "internal": "500: The server met an error of its own; its log says more.",
}
"""Every kind of problem that `type` can name, in words; the status alone says the others."""


class ProblemResponse(JSONResponse):
    """A problem as the answer."""

    media_type = "application/problem+json"


def problem(
    path: str,
    status: int,
    detail: str,
    slug: str | None = None,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The answer to a request for `path` that went wrong; `slug` names the kind of problem."""
    content: dict[str, Any] = {
        "type": link(f"/docs#problem-{slug}") if slug else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": shown(path),
    }
    if errors:
        content["errors"] = [
            {
                "field": shown(each.field),
                "message": shown(each.message),
                "got": shown(each.got),
                "allowed": each.allowed,
            }
            for each in errors[:MAX_PROBLEMS]
        ]
    return ProblemResponse(content, status, headers)


def shown(value: object) -> object:
    """What came, as it may stand in an answer: short, finite and encodable."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def install(app: FastAPI) -> None:
    """Make every error of `app` answer as a problem."""
    app.add_exception_handler(HpsearchError, _on_hpsearch_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def _on_hpsearch_error(request: Request, raised: Exception) -> Response:
    error = cast(HpsearchError, raised)
    status, slug = next(
        (STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), (500, "internal")
    )
    problems = error.problems if isinstance(error, InvalidSpec | DifferentModel) else ()
    headers = {"Retry-After": RETRY_AFTER} if status in (429, 503) else None
    fields = problems if isinstance(error, InvalidSpec) else ()
    detail = _summary(fields) if fields else str(shown(str(error)))
    return problem(request.url.path, status, detail, slug, problems, headers)


def _on_http_exception(request: Request, raised: Exception) -> Response:
    error = cast(HTTPException, raised)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = request.app.state.methods.allowed(local_path(request.scope))
    return problem(request.url.path, error.status_code, str(error.detail), headers=headers)


def _on_validation_error(request: Request, raised: Exception) -> Response:
    """A parameter of the path, the query or a header; bodies are read by ourselves."""
    error = cast(RequestValidationError, raised)
    by_field: dict[str, list[Any]] = {}
    for details in error.errors():
        field = ".".join(str(part) for part in details["loc"][1:])
        by_field.setdefault(field, []).append(details)
    problems = [problem_of(field, found) for field, found in by_field.items()]
    return problem(request.url.path, 422, _summary(problems), STATUS[InvalidSpec][1], problems)


def _summary(problems: Sequence[FieldProblem]) -> str:
    first = str(shown(str(problems[0])))
    return first if len(problems) == 1 else f"{first} (and {len(problems) - 1} more)"
