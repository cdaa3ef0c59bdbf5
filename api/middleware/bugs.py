"""Turns an error nobody expected into a 500, inside of what counts and completes answers."""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

log = logging.getLogger(__name__)

DETAIL = "the server met an error of its own; its log says more"


class Bugs:
    """Starlette's own handler of these sits outside all middleware: metrics would miss them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            log.exception("request failed", extra={"path": scope["path"]})
            if begun:
                raise  # too late to say anything; the connection is closed
            await problem(scope["path"], 500, DETAIL, "internal")(scope, receive, send)
