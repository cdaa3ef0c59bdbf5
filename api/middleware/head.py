"""HEAD on every route: the answer of GET without its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SEEN_BY_ROUTING = ("route", "endpoint")


class HeadAsGet:
    """Asks the route for GET and lets the head of its answer through; then the client has left.

    So an answer without an end, as that of events, ends too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] != "http.response.start" or begun:
                return
            begun = True
            scope.update({key: asked[key] for key in SEEN_BY_ROUTING if key in asked})
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def receiving() -> Message:
            return {"type": "http.disconnect"} if begun else await receive()

        await self._app(asked, receiving, sending)
