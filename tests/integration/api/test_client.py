"""The Python client against real servers: across a restart, in asyncio, as a notebook has it."""

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.notebooks import run_notebook
from harness.service import MakeService, Service
from hpsearch import AsyncClient, Client, SearchSpec
from hpsearch.client.values import Event
from hpsearch.spec.search import parse_spec
from tests.integration.api.specs import TINY

NOTEBOOK = Path(__file__).parents[3] / "examples" / "quickstart.ipynb"


def test_the_notebook(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HPSEARCH_URL", service.url)
    found = run_notebook(NOTEBOOK)
    assert found["job"]["state"] == "completed"
    assert found["right"] > 0.5 * len(found["labels"])
    assert "learning_rate" in capsys.readouterr().out


def test_a_key_submits_once_and_a_spec_may_be_a_value(service: Service) -> None:
    spec: SearchSpec = parse_spec(TINY | {"name": "typed"})
    with Client(service.url) as client:
        first = client.submit(spec, key="once")
        assert client.submit(spec, key="once")["id"] == first["id"]
        assert first["spec"] == spec.canonical()
        list(client.watch(first["id"]))
        rows = client.table(first["id"])
        assert [row["number"] for row in rows] == list(range(8))
        again = client.clone(first["id"], {"seed": 7})
        assert again["spec"]["seed"] == 7
        assert client.cancel(again["id"])["wish"] == "cancel"
        assert client.jobs(text="typed", order="oldest")[0]["id"] == first["id"]


def test_asyncio_watches_two_jobs_at_once(service: Service) -> None:
    async def watch(client: AsyncClient, seed: int) -> list[Event]:
        job = await client.submit(TINY | {"seed": seed})
        events = [event async for event in client.watch(job["id"])]
        assert (await client.job(job["id"]))["state"] == "completed"
        return events

    async def both() -> list[list[Event]]:
        async with AsyncClient(service.url) as client:
            return list(await asyncio.gather(watch(client, 1), watch(client, 2)))

    for events in asyncio.run(both()):
        ended = [event.data["number"] for event in events if event.kind == "trial_ended"]
        assert sorted(ended) == list(range(8))


def test_watch_outlasts_a_kill_and_a_restart(make_service: MakeService) -> None:
    spec = TINY | {"budget": {"trials": 16}, "confirm": None}
    with make_service(workers=1) as server, Client(server.url) as client:
        job = client.submit(spec)["id"]
        seen: list[Event] = []
        watcher = threading.Thread(target=lambda: seen.extend(client.watch(job)), daemon=True)
        watcher.start()
        server.wait_for_trials(job, 4)
        server.kill()
        time.sleep(0.5)
        server.start()
        watcher.join(90)
        assert not watcher.is_alive()
        whole = list(client.watch(job))
    assert [event.id for event in seen] == [event.id for event in whole]
    assert seen[-1].data["state"] == "completed"


def _cells() -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return cells


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in _cells():
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
