"""The dashboard reads both databases, and its connections cannot write either."""

import pytest
from optuna.exceptions import StorageInternalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.dashboard import Dashboard
from api.dashboard_app import reading_storage
from api.heavy import HeavyRequests
from hpsearch.spec.search import parse_spec
from storage.database import Database
from storage.user_jobs import Jobs


def test_reads_and_cannot_write(database: Database, database_url: str) -> None:
    job, _ = Jobs(database).create(parse_spec({"dataset": "digits"}))
    study = Jobs(database).look(job.id).study_id
    with TestClient(
        Starlette(routes=Dashboard(database, HeavyRequests(4, 1000)).routes())
    ) as client:
        assert client.get(f"/api/studies/{study}").json()["name"] == job.study
        assert client.delete(f"/api/studies/{study}").status_code == 403
    storage = reading_storage(database_url)
    with pytest.raises(StorageInternalError) as caught:
        storage.set_study_user_attr(study, "note", "written")
    assert "read" in str(caught.value.__cause__)
    assert "note" not in storage.get_study_user_attrs(study)
