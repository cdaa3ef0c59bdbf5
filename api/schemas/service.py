"""How the server is."""

from typing import Any

from api.schemas.base import Answer


class Alive(Answer):
    status: str = "ok"


class Readiness(Answer):
    ready: bool
    problems: list[str]
    """What is wrong, in words."""
    leader: bool
    """Whether this server runs the jobs; at most one does, the others stand by."""
    workers: int
    database: dict[str, Any]


class AuditAnswer(Answer):
    items: list[dict[str, Any]]
    """Each with `at` (UTC), `who` and `what`."""


class IndexAnswer(Answer):
    """Paths on this server."""

    jobs: str
    estimates: str
    datasets: str
    description: str
    """The OpenAPI description of all of it."""
    documentation: str
    """The same for people."""
    health: str
    readiness: str
    metrics: str
