"""Notes every change in the audit log: who, what, when, from where."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gate import client_address
from api.paths import local_path
from hpsearch.access import Identity
from hpsearch.audit_log import AuditLog

log = logging.getLogger(__name__)

READING = ("GET", "HEAD", "OPTIONS")
CHANGES_NOTHING = ("/api/v1/estimates",)


class AuditTrail:
    """Writes a line before a change is answered, so that what was answered is on record."""

    def __init__(self, app: ASGIApp, audit: AuditLog) -> None:
        self._app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] in READING
            or local_path(scope) in CHANGES_NOTHING
        ):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                await run_in_threadpool(self._note, scope, message)
            await send(message)

        await self._app(scope, receive, sending)

    def _note(self, scope: Scope, answer: Message) -> None:
        identity: Identity | None = scope.get("state", {}).get("identity")
        made = dict(answer.get("headers", ())).get(b"location")
        try:
            self._audit.write(
                identity.name if identity else "unknown",
                f"{scope['method']} {local_path(scope)}",
                status=answer["status"],
                address=client_address(scope),
                made=made.decode("latin-1") if made else None,
            )
        except OSError as error:
            log.error("cannot write the audit log: %s", error.strerror)
