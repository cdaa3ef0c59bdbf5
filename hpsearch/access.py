"""Who asks, and what they may do: pure decisions, the same for the interface and its pages."""

import re
from dataclasses import dataclass
from enum import StrEnum

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""Names of tokens, and so of the owners of jobs and data sets."""


class Scope(StrEnum):
    """What a token is good for; each but `metrics` includes those before it."""

    METRICS = "metrics"
    """Scrape /metrics, and nothing else."""
    READ = "read"
    """Look at everything, and have searches estimated."""
    SUBMIT = "submit"
    """Submit jobs and upload data sets, and change one's own."""
    ADMIN = "admin"
    """Change those of everybody, and read the audit log."""


_ORDER = tuple(Scope)


@dataclass(frozen=True)
class Identity:
    """Somebody who asks: a token's name and its scope."""

    name: str
    scope: Scope

    def may(self, needed: Scope) -> bool:
        """Whether the scope includes what is needed."""
        return _ORDER.index(self.scope) >= _ORDER.index(needed)

    def may_change(self, owner: str | None) -> bool:
        """Whether they may change what this owner has; None: it is older than owners are."""
        if self.scope is Scope.ADMIN:
            return True
        return self.scope is Scope.SUBMIT and owner == self.name

    @property
    def key_space(self) -> str:
        """What their idempotency keys begin with, so that nobody meets the keys of others.

        Keys from before there were tokens have none; they belong to whoever runs the server alone.
        """
        return "" if self in (LOCAL, ANYONE) else f"{self.name}\n"


LOCAL = Identity("local", Scope.ADMIN)
"""The user who started a server on loopback."""
ANYONE = Identity("anyone", Scope.ADMIN)
"""Whoever reaches a server that runs without authentication."""
RESERVED = (LOCAL.name, ANYONE.name)
