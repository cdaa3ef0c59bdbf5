"""The composition root: settings, storage, runner and routes, put together."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio
from distributed import Security
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import dashboard, errors, openapi
from api.hosts import HostGuard
from api.routes import datasets, events, health, jobs, pages, proofs, trials
from api.services import Runner, Services
from api.settings import Settings, read_settings
from api.submissions import JobChange, Wanted
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.errors import InvalidSettings
from hpsearch.runner.dask_engine import DaskEngine
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.runner.ports import Engine
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.submission import JobSubmission
from storage.database import Database
from storage.events import Events
from storage.jobs import Jobs
from storage.lock import WriterLock
from storage.records import RunRecords
from storage.trials import Trials

STOP_TIMEOUT = 3.0  # seconds that the runner gets to stop


def create_app(settings: Settings | None = None) -> FastAPI:
    """The server, with its database initialised; the runner starts with the lifespan.

    Raises InvalidSettings, or DatabaseUnavailable where the database cannot be reached.
    """
    settings = settings or read_settings()
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSettings(f"data_dir {settings.data_dir}: {error.strerror}") from None
    database = Database(settings.url)
    database.initialise()
    catalogue = Catalogue(settings.data_dir)
    runner = Dispatcher(
        RunRecords(database), catalogue, _engine_maker(settings), WriterLock(database)
    )
    return build(settings, database, catalogue, runner)


def build(settings: Settings, database: Database, catalogue: Catalogue, runner: Runner) -> FastAPI:
    """The server around these parts."""
    app = FastAPI(
        title="hpsearch",
        version=version("hpsearch"),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = Services(
        settings=settings,
        database=database,
        jobs=Jobs(database),
        trials=Trials(database),
        events=Events(database),
        catalogue=catalogue,
        runner=runner,
    )
    for module in (jobs, trials, events, proofs, datasets, health, pages):
        app.include_router(module.router)
    app.router.routes.extend(dashboard.routes(settings.url))
    app.add_middleware(HostGuard, hosts=settings.hosts)
    errors.install(app)
    openapi.describe(app, [JobSubmission, SearchSpec, JobChange, Wanted])
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Start and stop the runner. `stopping` is set by the server as soon as it begins to leave,
    so that answers without an end (events) do not keep it."""
    services: Services = app.state.services
    services.runner.start()
    stopping = anyio.Event()
    try:
        yield {"stopping": stopping}
    finally:
        stopping.set()
        await run_in_threadpool(services.runner.stop, STOP_TIMEOUT)
        services.database.close()


def _engine_maker(settings: Settings) -> Callable[[], Engine]:
    if settings.cluster is None:
        workers = settings.workers or os.cpu_count() or 1
        return lambda: DaskEngine.local(workers)
    address, security = settings.cluster, _security(settings)
    return lambda: DaskEngine.remote(address, security)


def _security(settings: Settings) -> Security | None:
    files = {
        "tls_ca_file": settings.cluster_tls_ca_file,
        "tls_client_cert": settings.cluster_tls_cert_file,
        "tls_client_key": settings.cluster_tls_key_file,
    }
    given = {name: str(file) for name, file in files.items() if file is not None}
    if settings.cluster is not None and settings.cluster.startswith("tls://"):
        if len(given) < len(files):
            raise InvalidSettings("a tls:// cluster needs all three cluster_tls_… files")
        return Security(require_encryption=True, **given)
    return None
