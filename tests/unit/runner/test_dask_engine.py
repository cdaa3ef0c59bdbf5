"""An engine that cannot start leaves nothing behind."""

from pathlib import Path

import pytest

from hpsearch.errors import EngineUnavailable
from hpsearch.runner import dask_clusters
from hpsearch.runner.dask_engine import DaskEngine


class FakeCluster:
    """Notes whether it was closed."""

    closed = 0
    workers: dict[str, object] = {}  # noqa: RUF012 - nobody adds one

    def __init__(self, **_: object) -> None: ...

    def close(self, timeout: float) -> None:
        FakeCluster.closed += 1


class FakeClient:
    """Connects, and then hears nothing."""

    closed = 0

    def __init__(self, *_: object, **__: object) -> None: ...

    def nthreads(self) -> dict[str, int]:
        raise TimeoutError("no answer")

    def close(self, timeout: float) -> None:
        FakeClient.closed += 1


def refuses(*_: object, **__: object) -> None:
    raise OSError("connection refused")


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCluster.closed = FakeClient.closed = 0
    monkeypatch.setattr(dask_clusters, "LocalCluster", FakeCluster)
    monkeypatch.setattr(dask_clusters, "start_fork_server", lambda: None)


def test_a_cluster_without_a_connection_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dask_clusters, "Client", refuses)
    with pytest.raises(EngineUnavailable, match="connection refused"):
        DaskEngine.local(1, tmp_path)
    assert FakeCluster.closed == 1


def test_a_connection_that_hears_nothing_is_closed_with_its_cluster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dask_clusters, "Client", FakeClient)
    with pytest.raises(EngineUnavailable, match="no answer"):
        DaskEngine.local(1, tmp_path)
    assert (FakeCluster.closed, FakeClient.closed) == (1, 1)
    with pytest.raises(EngineUnavailable, match="no answer"):
        DaskEngine.remote("tcp://127.0.0.1:1")
    assert FakeClient.closed == 2
