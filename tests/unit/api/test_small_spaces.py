"""That a search will exhaust its space is said before it runs, and while it does."""

from tests.unit.api.server_in_process import ServerInProcess

THREE_POINTS = {
    "dataset": "digits",
    "network": "mlp",
    "learning_rate": 0.1,
    "weight_decay": 0.0,
    "epochs": 0.5,
    "space": {"batch_size": {"choices": [10, 20, 50]}},
}


def test_three_points_with_forty_trials(server: ServerInProcess) -> None:
    estimate = server.client.post("/api/v1/estimates", json=THREE_POINTS).json()
    assert (estimate["points"], estimate["exhausts"], estimate["trials"]) == (3, True, 3)
    job = server.client.post("/api/v1/jobs", json=THREE_POINTS).json()
    assert job["points"] == 3


def test_a_space_without_an_end(server: ServerInProcess) -> None:
    job = server.client.post("/api/v1/jobs", json={"dataset": "digits", "network": "mlp"}).json()
    assert job["points"] is None
