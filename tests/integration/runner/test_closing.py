"""An engine that closes while its workers still have something to tell."""

import logging
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.utils import sync

from hpsearch.runner.dask_clusters import close_client, close_cluster, connect_local
from hpsearch.runner.worker_tasks import Conditions

MESSAGE = {"op": "event", "topic": "any", "event": (0, "late")}


async def _tell_nobody(cluster: LocalCluster, client: Client) -> None:
    """As in the moment in which the connection is shut and the scheduler has not yet noticed."""
    scheduler = cluster.scheduler
    assert scheduler is not None
    scheduler.client_comms[client.id].abort()
    with pytest.raises(CommClosedError):
        scheduler.client_comms[client.id].send(MESSAGE)
    scheduler.client_send(client.id, MESSAGE)
    scheduler.send_all({client.id: [MESSAGE]}, {})


def test_what_nobody_hears_any_more_is_no_news(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client, cluster = connect_local(1, tmp_path, Conditions())
    try:
        with caplog.at_level(logging.WARNING):
            assert client.loop is not None
            sync(client.loop, _tell_nobody, cluster, client)
        assert "Closed comm" not in caplog.text
    finally:
        close_client(client)
        close_cluster(cluster)
