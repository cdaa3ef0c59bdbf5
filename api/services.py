"""What the routes work with, put together in api.app and handed over through the application."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from api.database_look import DatabaseLook
from api.event_hub import EventHub
from api.heavy import HeavyRequests
from api.housekeeping import Housekeeping
from api.quotas import Quotas
from api.settings import Settings
from api.uploads import Uploads
from api.webhooks import Webhooks
from hpsearch.audit_log import AuditLog
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.jobs import JobView
from hpsearch.runner.estimate_desk import EstimateDesk
from hpsearch.runner.models import Models
from hpsearch.runner.ports import Engine
from storage.database import Database
from storage.deletions import Deletions
from storage.events import Events
from storage.imports import Imports
from storage.job_pages import JobPages
from storage.job_store import SqlJobStore
from storage.latest import Latest
from storage.user_jobs import Jobs
from storage.user_trials import Trials


class RunnerStatus(Protocol):
    """How the runner of this process is."""

    @property
    def leader(self) -> bool:
        """Whether this process runs the jobs; another one may."""
        ...

    @property
    def workers(self) -> int: ...

    @property
    def problem(self) -> str | None:
        """What keeps jobs from running, in words."""
        ...

    @property
    def unattended(self) -> Mapping[str, str]:
        """Why single jobs cannot run, by id."""
        ...


class Runner(Protocol):
    """The dispatcher, as far as the HTTP side needs it."""

    def start(self) -> None: ...

    def poke(self) -> None:
        """Something changed in the database: look now rather than at the next turn."""
        ...

    def stop(self, timeout: float) -> None: ...

    def status(self) -> RunnerStatus: ...

    def engine(self) -> Engine | None:
        """What trains, of this moment; None on a server that does not run the jobs."""
        ...


@dataclass(frozen=True)
class Services:
    """Storage, data sets and the runner; all safe to use from several threads."""

    settings: Settings
    database: Database
    jobs: Jobs
    deletions: Deletions
    imports: Imports
    housekeeping: Housekeeping
    trials: Trials
    pages: JobPages
    drawn: Latest[tuple[int, str]]
    """The pages of jobs that were drawn last, with the job's version: one for all who look."""
    store: SqlJobStore
    events: Events
    hub: EventHub
    heavy: HeavyRequests
    answers: Latest[tuple[JobView, str]]
    """What was last said about the jobs that are looked at."""
    look: DatabaseLook
    catalogue: Catalogue
    runner: Runner
    models: Models
    metrics: CollectorRegistry
    estimates: EstimateDesk
    leg_memory: int | None
    """Bytes that a leg may take on a worker; None if only the workers know."""
    audit: AuditLog
    quotas: Quotas
    uploads: Uploads
    webhooks: Webhooks


async def _of_request(request: Request) -> Services:
    # async: FastAPI hands plain functions to a thread, which costs more than this.
    return cast(Services, request.app.state.services)


ServicesOf = Annotated[Services, Depends(_of_request)]
