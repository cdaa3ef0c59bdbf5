"""How many jobs one owner may have. Data sets: test_uploads; running jobs: test_dispatcher."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.gate import Gate
from hpsearch.access import Scope
from hpsearch.tokens import TokenFile
from tests.unit.api.conftest import open_server
from tests.unit.api.server_in_process import SMALLEST, ServerInProcess

JOBS = "/api/v1/jobs"


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path)


@pytest.fixture
def server(tokens: TokenFile, sqlite_template: Path) -> Iterator[ServerInProcess]:
    """Each owner may have two jobs that have not ended."""
    with open_server(tokens.folder, sqlite_template, Gate(tokens)) as server:
        services = server.client.app.state.services  # type: ignore[attr-defined] # ours
        vars(services)["quotas"] = replace(services.quotas, jobs=2)
        yield server


def test_an_owner_may_have_two_jobs_that_have_not_ended(
    server: ServerInProcess, tokens: TokenFile
) -> None:
    ann, bob = (
        {"Authorization": f"Bearer {tokens.create(name, scope)}"}
        for name, scope in (("ann", Scope.SUBMIT), ("bob", Scope.ADMIN))
    )

    def submit(who: dict[str, str], path: str = JOBS, **more: Any) -> Any:
        body = {} if path.endswith("/clone") else SMALLEST
        return server.client.post(path, json=body, headers={**who, **more})

    kept = submit(ann, **{"Idempotency-Key": "one"})
    job = str(kept.json()["id"])
    assert submit(ann).status_code == 201
    for refused in (submit(ann), submit(ann, f"{JOBS}/{job}/clone")):
        assert refused.status_code == 429
        assert refused.json()["type"].endswith("quota")
        assert "ann has 2 jobs that have not ended; an owner may have 2" in refused.text
    again = submit(ann, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["id"]) == (200, job)
    assert submit(bob).status_code == 201
    server.run_a_little(job)
    server.end(job)
    assert submit(ann).status_code == 201
