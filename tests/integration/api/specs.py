"""Searches for tests of the HTTP side."""

from typing import Any

TINY: dict[str, Any] = {
    "name": "tiny",
    "dataset": "digits",
    "network": "mlp",
    "epochs": 0.5,
    "cohort": 4,
    "budget": {"trials": 8},
}
ENDLESS = TINY | {"name": "endless", "network": "lenet5", "epochs": 50, "budget": {"trials": 5000}}
