"""Jobs over HTTP: submitted, listed, looked at, and told what to do."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from hpsearch.errors import UnknownDataset
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

JOBS = "/api/v1/jobs"


def test_the_smallest_spec_is_a_job(server: ServerInProcess) -> None:
    answer = server.client.post(JOBS, json=SMALLEST)
    job = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == job["links"]["self"] == f"{JOBS}/{job['id']}"
    assert (job["state"], job["wish"], job["stop_reason"], job["best"]) == (
        "queued",
        "run",
        None,
        None,
    )
    assert job["progress"]["trials"] == {
        "planned": 40,
        "running": 0,
        "complete": 0,
        "pruned": 0,
        "failed": 0,
        "stopped": 0,
    }
    assert set(job["spec"]["space"]) == {"learning_rate", "weight_decay"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", job["created_at"])
    assert server.runner.pokes == 1
    assert server.client.get(job["links"]["self"]).json() == job


def test_every_link_leads_somewhere(server: ServerInProcess) -> None:
    job = server.submit()
    server.end(job["id"])
    for path in job["links"].values():
        assert server.client.get(path).status_code == 200, path


def test_running_job_shows_progress_and_best(server: ServerInProcess) -> None:
    job_id = server.submit()["id"]
    server.run_a_little(job_id)
    job = server.client.get(f"{JOBS}/{job_id}").json()
    assert job["state"] == "running"
    assert job["progress"]["trials"]["running"] == 1
    assert job["progress"]["trials"]["complete"] == 1
    assert job["progress"]["trials"]["pruned"] == 2
    assert job["best"] == {
        "number": 0,
        "value": 0.95,
        "params": {"learning_rate": 1.0, "weight_decay": 0.5},
    }
    assert job["seconds"] == 2.5
    assert job["environment"] == {"numpy": "2"}


def test_pages_through_jobs_newest_first(server: ServerInProcess) -> None:
    ids = [server.submit(name=f"job {i}")["id"] for i in range(5)]
    seen: list[str] = []
    after: str | None = None
    while True:
        query: dict[str, Any] = {"limit": 2} | ({"after": after} if after else {})
        page = server.client.get(JOBS, params=query).json()
        seen += [job["id"] for job in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids[::-1]
    server.client.post(f"{JOBS}/{ids[0]}/cancel")
    assert len(server.client.get(JOBS, params={"state": "queued"}).json()["items"]) == 5
    assert server.client.get(JOBS, params={"state": "failed"}).json()["items"] == []


def test_etag_answers_304_until_something_changes(server: ServerInProcess) -> None:
    path = f"{JOBS}/{server.submit()['id']}"
    tag = server.client.get(path).headers["etag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = server.client.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    server.run_a_little(path.rpartition("/")[2])
    changed = server.client.get(path, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_idempotency_key(server: ServerInProcess) -> None:
    headers = {"Idempotency-Key": "night-7"}
    first = server.client.post(JOBS, json=SMALLEST, headers=headers)
    again = server.client.post(JOBS, json={**SMALLEST, "seed": 0}, headers=headers)
    other = server.client.post(JOBS, json={**SMALLEST, "seed": 1}, headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    assert other.json()["type"] == "/docs#problem-idempotency-key"
    assert server.runner.pokes == 1
    for key in ("", "two words", "x" * 201):
        assert (
            server.client.post(JOBS, json=SMALLEST, headers={"Idempotency-Key": key}).status_code
            == 422
        )


def test_verbs_and_what_a_state_does_not_allow(server: ServerInProcess) -> None:
    path = f"{JOBS}/{server.submit()['id']}"
    for verb, wish in (
        ("pause", "pause"),
        ("pause", "pause"),
        ("resume", "run"),
        ("cancel", "cancel"),
    ):
        answer = server.client.post(f"{path}/{verb}")
        assert (answer.status_code, answer.json()["wish"]) == (202, wish)
    late = server.client.post(f"{path}/resume")
    assert late.status_code == 409
    assert late.json()["type"] == "/docs#problem-job-state"
    server.end(path.rpartition("/")[2])
    assert server.client.post(f"{path}/pause").status_code == 409


def test_budget_and_priority_change_also_after_the_end(server: ServerInProcess) -> None:
    job_id = server.submit(budget={"trials": 4, "target": 0.9})["id"]
    path = f"{JOBS}/{job_id}"
    server.run_a_little(job_id)
    server.end(job_id)
    answer = server.client.patch(
        path, json={"budget": {"trials": 8, "target": None}, "priority": 2}
    )
    job = answer.json()
    assert answer.status_code == 200
    assert (job["state"], job["priority"]) == ("queued", 2.0)
    assert job["spec"]["budget"]["trials"] == 8
    assert job["spec"]["budget"]["target"] is None
    assert job["progress"]["trials"]["planned"] == 8


def test_if_match_refuses_a_change_of_what_has_changed(server: ServerInProcess) -> None:
    path = f"{JOBS}/{server.submit()['id']}"
    tag = server.client.get(path).headers["etag"]
    first = server.client.patch(path, json={"priority": 2}, headers={"if-match": tag})
    second = server.client.patch(path, json={"priority": 3}, headers={"if-match": tag})
    third = server.client.patch(
        path, json={"priority": 4}, headers={"if-match": first.headers["etag"]}
    )
    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 200)
    assert second.json()["type"] == "/docs#problem-job-changed"
    assert server.client.get(path).json()["priority"] == 4.0
    assert server.client.get(path).headers["etag"] == third.headers["etag"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ([], "body"),
        ({"seed": 1}, "seed"),
        ({"budget": {"trials": 0}}, "budget.trials"),
        ({"budget": {"hours": 1}}, "budget.hours"),
        ({"budget": 7}, "budget"),
        ({"priority": 0}, "priority"),
        ({"priority": True, "budget": []}, "budget"),
    ],
)
def test_a_broken_change_names_the_field(server: ServerInProcess, body: object, field: str) -> None:
    answer = server.client.patch(f"{JOBS}/{server.submit()['id']}", json=body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_clone_changes_what_the_patch_says(server: ServerInProcess) -> None:
    original = server.submit(name="first", seed=3, epochs=2, sampler="random")
    path = f"{JOBS}/{original['id']}/clone"
    same = server.client.post(path)
    assert same.status_code == 201
    assert same.json()["spec"] == original["spec"]
    assert same.json()["id"] != original["id"]
    patch = {
        "name": None,
        "learning_rate": 0.1,
        "space": {"learning_rate": None, "weight_decay": {"high": 1.0}},
        "warm_start": [original["id"]],
        "priority": 3,
    }
    changed = server.client.post(path, json=patch)
    job = changed.json()
    assert changed.status_code == 201, changed.text
    assert (job["name"], job["priority"], job["warm_start"]) == (None, 3.0, [original["id"]])
    assert job["spec"]["seed"] == 3
    assert job["spec"]["learning_rate"] == 0.1
    assert set(job["spec"]["space"]) == {"weight_decay"}
    assert job["spec"]["space"]["weight_decay"]["high"] == 1.0
    broken = server.client.post(path, json={"space": {"weight_decay": {"low": 7000}}})
    assert [error["field"] for error in broken.json()["errors"]] == ["space.weight_decay.high"]


def test_a_job_that_has_ended_is_deleted(server: ServerInProcess) -> None:
    job_id = server.submit()["id"]
    path = f"{JOBS}/{job_id}"
    early = server.client.delete(path)
    assert (early.status_code, early.json()["type"]) == (409, "/docs#problem-job-state")
    server.run_a_little(job_id)
    server.end(job_id)
    later = server.submit(warm_start=[job_id], seed=1)["id"]
    in_use = server.client.delete(path)
    assert (in_use.status_code, in_use.json()["type"]) == (409, "/docs#problem-job-in-use")
    assert later in in_use.json()["detail"]
    server.end(later)
    for each in (later, job_id):
        gone = server.client.delete(f"{JOBS}/{each}")
        assert (gone.status_code, gone.content) == (204, b"")
    for verb in ("", "/trials", "/best", "/rounds", "/events", "/digest"):
        assert server.client.get(f"{path}{verb}").status_code == 404
    assert server.client.get(JOBS).json()["items"] == []
    assert server.client.delete(f"{JOBS}/aaaaaaaaaa").status_code == 404


def test_a_request_is_repeated_though_its_data_set_is_gone(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Idempotency-Key": "night-7"}
    first = server.client.post(JOBS, json=SMALLEST, headers=headers)

    def refuse(*_: object) -> None:
        raise UnknownDataset("digits", [])

    monkeypatch.setattr("api.routes.jobs.admit", refuse)
    again = server.client.post(JOBS, json=SMALLEST, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert server.client.post(JOBS, json=SMALLEST).status_code == 404


def test_enqueue_takes_what_lies_in_the_space(server: ServerInProcess) -> None:
    path = f"{JOBS}/{server.submit()['id']}/enqueue"
    assert server.client.post(path, json={"params": {"learning_rate": 0.1}}).status_code == 202
    for params, field in (
        ({"learning_rate": 1e4}, "params.learning_rate"),
        ({"learning_rate": "fast"}, "params.learning_rate"),
        ({"momentum": 0.5}, "params.momentum"),
        ({}, "params"),
    ):
        answer = server.client.post(path, json={"params": params})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_warm_start_names_an_unknown_job(client: TestClient) -> None:
    answer = client.post(JOBS, json={**SMALLEST, "warm_start": ["nothing"]})
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["warm_start.0"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"epochs": "many"}, "epochs"),
        ({"lerning_rate": 0.1}, "lerning_rate"),
        ({"space": {"learning_rate": {"low": 2, "high": 1}}}, "space.learning_rate"),
        ({"space": {"learning_rate": {"low": 0, "high": 1, "log": True}}}, "space.learning_rate"),
        ({"dataset": "imagenet"}, "dataset.name"),
        ({"dataset": None}, "dataset"),
        ({"network": {"architecture": "lenet6"}}, "network.architecture"),
        ({"network": {"layers": [{"type": "convolution", "kernel_size": 40}]}}, "network"),
        ({"dataset": {"name": "digits", "train_size": 10_000_000}}, "dataset.train_size"),
    ],
)  # fmt: skip
def test_a_broken_spec_names_the_field(client: TestClient, change: Any, field: str) -> None:
    answer = client.post(JOBS, json={**SMALLEST, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    fields = [error["field"] for error in answer.json()["errors"]]
    assert any(found == field or found.startswith(f"{field}.") for found in fields), fields


@pytest.mark.parametrize("verb", ["", "/trials", "/trials/0", "/best", "/rounds", "/events"])
@pytest.mark.parametrize("job_id", ["nothing", "x" * 80, "%00", "a%ED%A0%80b", "☃", "..%2F.."])
def test_unknown_jobs(client: TestClient, job_id: str, verb: str) -> None:
    answer = client.get(f"{JOBS}/{job_id}{verb}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
