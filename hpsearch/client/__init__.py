"""The HTTP interface from the caller's side: `Client`, and `AsyncClient` for asyncio."""

from hpsearch.client.addresses import path_of
from hpsearch.client.asynchronous import AsyncClient
from hpsearch.client.problems import line_of
from hpsearch.client.synchronous import Client
from hpsearch.client.values import (
    Best,
    Certificate,
    Change,
    Dataset,
    Digest,
    Event,
    Job,
    Round,
    Trial,
)

__all__ = [
    "AsyncClient",
    "Best",
    "Certificate",
    "Change",
    "Client",
    "Dataset",
    "Digest",
    "Event",
    "Job",
    "Round",
    "Trial",
    "line_of",
    "path_of",
]
