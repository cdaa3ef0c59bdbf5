"""How the database is, for /readyz: looked at once for all who ask, in a thread of its own."""

import asyncio
import time
from typing import Any

import anyio

from storage.database import Database

KEPT = 1.0  # seconds that a look is good for
PATIENCE = 1.0  # seconds that somebody who asks waits for a new one
STALE = 5.0  # seconds after which an old one says nothing any more


class DatabaseLook:
    """Looks at the database. Never waits for other requests. Belongs to one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._facts: dict[str, Any] = {}
        self._at = -STALE
        self._looking: asyncio.Task[None] | None = None

    async def facts(self) -> dict[str, Any]:
        """As `Database.check`, at most STALE seconds old."""
        if time.monotonic() - self._at >= KEPT:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            await asyncio.wait({self._looking}, timeout=PATIENCE)
        if time.monotonic() - self._at >= STALE:
            silent = f"the database has not answered for {PATIENCE:g} seconds"
            return {"reachable": False, "problems": [silent], "refused": None}
        return dict(self._facts)

    async def _look(self) -> None:
        one = anyio.CapacityLimiter(1)
        self._facts = await anyio.to_thread.run_sync(self._database.check, limiter=one)
        self._at = time.monotonic()
