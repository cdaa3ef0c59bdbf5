"""Each experiment of the book runs, in a shortened form, in a real service."""

from typing import Any

import pytest

from harness.book import FIGURES, spec_of
from harness.service import Service

SHORT = 1.0  # epochs
TRIALS = 3
IMAGES = 400


def _shortened(name: str) -> dict[str, Any]:
    """The same settings on fewer images, digits, in fewer and shorter trials."""
    spec = spec_of(name)
    data = {"dataset": {"name": "digits", "train_size": IMAGES}, "validation": {"fraction": 0.2}}
    budget = {"trials": min(TRIALS, spec["budget"].get("trials", TRIALS))}
    return {**spec, **data, "budget": budget, "epochs": SHORT, "confirm": None}


@pytest.fixture(scope="module")
def ended(service: Service) -> dict[str, Any]:
    """All of them, each as it ended."""
    names = [name for specs, _ in FIGURES.values() for name in specs]
    jobs = {name: service.submit(_shortened(name)) for name in names}
    return {name: service.wait_for_end(job) for name, job in jobs.items()}


@pytest.mark.parametrize("name", [name for specs, _ in FIGURES.values() for name in specs])
def test_an_experiment_runs(service: Service, name: str, ended: dict[str, Any]) -> None:
    job, spec = ended[name], _shortened(name)
    assert (job["state"], job["stop_reason"]) == ("completed", "budget: trials"), job
    assert job["name"] == spec["name"]
    asked = spec.get("training_accuracy", False)
    for trial in service.http.get(f"/api/v1/jobs/{job['id']}/trials").json()["items"]:
        last = trial["reports"][-1]
        assert (last["training_accuracy"] is not None) == (asked and last["value"] is not None)
    trials = job["progress"]["trials"]
    assert trials["complete"] + trials["pruned"] == spec["budget"]["trials"]
