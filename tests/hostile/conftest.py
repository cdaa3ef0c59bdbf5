"""The same server in this process as the tests of the HTTP side have."""

from tests.unit.api.conftest import client, server

__all__ = ["client", "server"]
