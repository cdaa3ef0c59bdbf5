"""The composition root: settings, storage, runner and routes, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio
from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from api import errors, openapi, private_files
from api.bodies import EnqueuedTrial, JobChange
from api.connections import STATE as CONNECTIONS
from api.connections import Connections, limits
from api.dashboard import Dashboard
from api.database_look import DatabaseLook
from api.engines import Engines, leg_memory, places
from api.event_hub import EventHub
from api.gate import Gate, gate_of
from api.heavy import HeavyRequests
from api.housekeeping import Housekeeping
from api.methods import Methods
from api.metrics import Metrics
from api.middleware.audit_trail import AuditTrail
from api.middleware.bugs import Bugs
from api.middleware.cross_site import CrossSite
from api.middleware.head import HeadAsGet
from api.middleware.host_guard import HostGuard
from api.middleware.request_meter import RequestMeter
from api.middleware.safe_headers import SafeHeaders
from api.middleware.who_asks import WhoAsks
from api.observed_store import ObservedStore
from api.paths import Prefix
from api.query import check_query
from api.quotas import Quotas
from api.routes import (
    audit,
    certificate,
    datasets,
    digest,
    docs,
    estimates,
    events,
    exports,
    health,
    imports,
    index,
    inside,
    jobs,
    login,
    models,
    pages,
    reports,
    trials,
)
from api.services import Runner, Services
from api.settings import Settings, read_settings
from api.uploads import Uploads
from api.webhooks import Webhooks
from hpsearch.audit_log import AuditLog
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.errors import HpsearchError
from hpsearch.runner.dispatcher import Dispatcher
from hpsearch.runner.estimate_desk import EstimateDesk
from hpsearch.runner.model_cache import ModelCache
from hpsearch.runner.models import Models
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.submission import JobSubmission
from storage.backends.lock import WriterLock
from storage.database import Database
from storage.deletions import Deletions
from storage.events import Events
from storage.imports import Imports
from storage.job_pages import JobPages
from storage.job_store import SqlJobStore
from storage.latest import Latest
from storage.notifications import Notifications
from storage.overview import Overview
from storage.user_jobs import Jobs
from storage.user_trials import Trials

ANSWERS = 200  # about single jobs that are kept, a few kB each
DRAWN = 64  # pages of jobs that are kept, up to 1 MB each
STOP_TIMEOUT = 3.0  # seconds that the runner gets to stop
HUB_TIMEOUT = 0.5  # seconds that a look for events gets to end
HOUSEKEEPING_TIMEOUT = 1.0  # seconds that the piece gets that is being removed


def create_app(settings: Settings | None = None) -> FastAPI:
    """The server, with its database initialised; the runner starts with the lifespan.

    Raises InvalidSettings, or DatabaseUnavailable where the database cannot be reached.
    """
    settings = settings or read_settings()
    private_files.prepare(settings.data_dir)
    gate = gate_of(settings)  # what refuses settings comes first
    metrics, engines = Metrics(), Engines(settings)
    database = Database(settings.url)
    try:
        database.initialise()
    except HpsearchError:
        database.close()
        raise
    catalogue = Catalogue(settings.data_dir, settings.downloads)
    catalogue.sweep()
    lock = WriterLock(database)
    store = ObservedStore(SqlJobStore(database, lock), metrics.meters)
    each = settings.running_jobs_per_owner
    runner = Dispatcher(store, catalogue, engines.make, lock, places(settings), each)
    metrics.watch(Overview(database), runner, engines)
    return build(settings, database, catalogue, runner, metrics, gate)


def build(
    settings: Settings,
    database: Database,
    catalogue: Catalogue,
    runner: Runner,
    metrics: Metrics,
    gate: Gate,
) -> FastAPI:
    """The server around these parts."""
    app = FastAPI(
        title="hpsearch",
        version=version("hpsearch"),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    events_of = Events(database)
    deletions = Deletions(database)
    kept = ModelCache(settings.data_dir / "models", settings.model_cache * 2**20)
    kept.sweep()
    app.state.services = Services(
        settings=settings,
        database=database,
        jobs=Jobs(database),
        deletions=deletions,
        imports=Imports(database),
        housekeeping=Housekeeping(deletions),
        trials=Trials(database),
        pages=JobPages(database),
        drawn=Latest(DRAWN),
        store=SqlJobStore(database),
        events=events_of,
        hub=EventHub(events_of),
        heavy=HeavyRequests(settings.heavy_requests, settings.heavy_per_second),
        look=DatabaseLook(database),
        answers=Latest(ANSWERS),
        catalogue=catalogue,
        runner=runner,
        models=Models(runner.engine, catalogue, kept),
        metrics=metrics.registry,
        estimates=EstimateDesk(catalogue, runner.engine, leg_memory(settings)),
        leg_memory=leg_memory(settings),
        audit=AuditLog(settings.data_dir),
        quotas=Quotas.of(settings),
        uploads=Uploads(catalogue),
        webhooks=Webhooks.of(settings, Notifications(database), lambda: runner.status().leader),
    )
    app.state.gate = gate
    app.state.dashboard = Dashboard(database, app.state.services.heavy, settings.root_path)
    strict = (
        index,
        jobs,
        trials,
        events,
        digest,
        certificate,
        estimates,
        datasets,
        audit,
        models,
        inside,
        reports,
        exports,
        imports,
    )
    for module in strict:
        app.include_router(module.router, dependencies=[Depends(check_query)])
    plain = (health, login, docs, pages)
    for module in plain:
        app.include_router(module.router)
    app.router.routes.extend(app.state.dashboard.routes())
    ours = [route for module in (*strict, *plain) for route in module.router.routes]
    app.state.methods = Methods([*app.routes, *ours])
    _add_middleware(app, settings, metrics, gate)
    errors.install(app)
    openapi.describe(app, [JobSubmission, SearchSpec, JobChange, EnqueuedTrial], settings.root_path)
    return app


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics, gate: Gate) -> None:
    """What a request passes, from the outside to its route.

    0. Prefix tells links where a proxy serves us,
    1. RequestMeter counts all of them, 2. SafeHeaders completes all answers, 3. Bugs answers what
    nobody expected; then come the refusals, the cheapest first: 4. HostGuard, 5. CrossSite, and,
    with a cookie or a token that came from where it may, 6. WhoAsks; 7. AuditTrail notes what they
    change; 8. HeadAsGet stands next to the routes.
    """
    order: list[tuple[Any, dict[str, Any]]] = [
        (Prefix, {"root_path": settings.root_path}),
        (RequestMeter, {"requests": metrics.meters.requests}),
        (SafeHeaders, {}),
        (Bugs, {}),
        (HostGuard, {"hosts": settings.hosts}),
        (CrossSite, {}),
        (WhoAsks, {"gate": gate}),
        (AuditTrail, {"audit": AuditLog(settings.data_dir)}),
        (HeadAsGet, {}),
    ]
    for middleware, options in reversed(order):  # the one added last is the outermost
        app.add_middleware(middleware, **options)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Start and stop the runner. `stopping` is set by the server as soon as it begins to leave,
    so that answers without an end (events) do not keep it."""
    services: Services = app.state.services
    services.runner.start()
    services.housekeeping.start()
    services.webhooks.start()
    warm_up = app.state.dashboard.warm_up()
    stopping = anyio.Event()
    try:
        settings = services.settings
        bounds = limits(settings.connections, settings.connections_per_address)
        yield {"stopping": stopping, CONNECTIONS: Connections(bounds)}
    finally:
        stopping.set()
        warm_up.cancel()
        services.models.close()
        await services.hub.close(HUB_TIMEOUT)
        await run_in_threadpool(services.runner.stop, STOP_TIMEOUT)
        await run_in_threadpool(services.housekeeping.stop, HOUSEKEEPING_TIMEOUT)
        await run_in_threadpool(services.webhooks.stop, HOUSEKEEPING_TIMEOUT)
        services.database.close()
