"""Labels and the archive over HTTP."""

from typing import Any

import pytest

from storage.job_lists import JobFilter
from storage.user_jobs import Jobs
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

JOBS = "/api/v1/jobs"


def ids(server: ServerInProcess, query: str = "") -> list[str]:
    answer = server.client.get(f"{JOBS}{query}")
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["items"]]


def test_labels_stand_beside_the_spec_and_find_jobs(server: ServerInProcess) -> None:
    plain = server.submit()
    job = server.submit(labels=["thesis", "run 2"])
    assert job["labels"] == ["thesis", "run 2"]
    assert "labels" not in job["spec"]
    assert ids(server, "?label=run+2") == [job["id"]]
    assert ids(server, "?label=run") == []
    assert ids(server, "?order=oldest") == [plain["id"], job["id"]]


def test_labels_are_no_part_of_what_is_searched(server: ServerInProcess) -> None:
    found = []
    for labels in ([], ["a"]):
        job = server.submit(labels=labels)["id"]
        server.run_a_little(job)
        server.end(job)
        found.append(server.client.get(f"{JOBS}/{job}/digest").json()["digest"])
    assert found[0] == found[1]


def test_a_clone_has_the_labels_unless_it_says_else(server: ServerInProcess) -> None:
    path = f"{JOBS}/{server.submit(labels=['a', 'b'])['id']}/clone"
    assert server.client.post(path).json()["labels"] == ["a", "b"]
    assert server.client.post(path, json={"labels": ["c"]}).json()["labels"] == ["c"]
    assert server.client.post(path, json={"labels": None}).json()["labels"] == []


def test_a_key_stands_for_its_labels_too(server: ServerInProcess) -> None:
    headers = {"Idempotency-Key": "k"}
    for labels, status in ((["a"], 201), (["a"], 200), (["b"], 422)):
        body = {**SMALLEST, "labels": labels}
        assert server.client.post(JOBS, json=body, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("labels", "field"),
    [
        (["a"] * 2, "labels"),
        ([f"{n}" for n in range(21)], "labels"),
        (["x" * 41], "labels.0"),
        ([""], "labels.0"),
        (["a", " b"], "labels.1"),
        (["a  b"], "labels.0"),
        (['"'], "labels.0"),
        ([1], "labels.0"),
        ("a", "labels"),
    ],
)
def test_odd_labels_are_named(server: ServerInProcess, labels: Any, field: str) -> None:
    job = server.submit()["id"]
    for answer in (
        server.client.post(JOBS, json={**SMALLEST, "labels": labels}),
        server.client.patch(f"{JOBS}/{job}", json={"labels": labels}),
    ):
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_job_is_archived_once_it_has_ended(server: ServerInProcess) -> None:
    job = server.submit()["id"]
    server.run_a_little(job)
    assert server.client.patch(f"{JOBS}/{job}", json={"archived": True}).status_code == 409
    server.end(job)
    answer = server.client.patch(f"{JOBS}/{job}", json={"archived": True, "labels": ["x"]})
    assert (answer.status_code, answer.json()["archived"]) == (200, True)
    assert (ids(server), ids(server, "?archived=true")) == ([], [job])
    assert server.client.patch(f"{JOBS}/{job}", json={"archived": False}).status_code == 200
    assert (ids(server), ids(server, "?archived=true")) == ([job], [])


@pytest.mark.parametrize("query", ["?order=sideways", "?archived=maybe", f"?label={'x' * 41}"])
def test_odd_queries_are_refused(server: ServerInProcess, query: str) -> None:
    assert server.client.get(f"{JOBS}{query}").status_code == 422


def test_the_page_sifts_sorts_and_goes_on(
    server: ServerInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.web.list_page.PAGE", 1)
    first = server.submit(labels=["thesis"], name="first")["id"]
    other = server.submit(labels=["thesis"], name="second")["id"]
    server.submit()
    text = server.client.get("/?label=thesis&order=name&state=&text=").text
    assert f"/jobs/{first}" in text
    assert f"/jobs/{other}" not in text
    assert f'href="/?label=thesis&amp;order=name&amp;after={first}"' in text
    assert f"/jobs/{other}" in server.client.get(f"/?label=thesis&order=name&after={first}").text
    assert "<option selected>thesis</option>" in text
    assert Jobs(server.database).page(JobFilter(label="thesis"))[1] is None
