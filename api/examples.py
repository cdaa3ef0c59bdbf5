"""An example for every body: shown in the description, filled into its forms, sent by a test."""

from typing import Any

Examples = dict[str, dict[str, Any]]
"""By name: `summary` and `value`, as OpenAPI has them."""

SUBMIT: Examples = {
    "shortest": {
        "summary": "The shortest",
        "value": {"dataset": "digits", "network": "lenet5"},
    },
    "common": {
        "summary": "What is usually set",
        "value": {
            "name": "lenet on digits",
            "dataset": "digits",
            "network": "lenet5",
            "space": {
                "learning_rate": {"type": "float", "low": 0.001, "high": 1000, "log": True},
                "weight_decay": {"type": "float", "low": 1e-8, "high": 0.01, "log": True},
            },
            "epochs": 3,
            "budget": {"trials": 40},
            "labels": ["examples"],
            "seed": 0,
        },
    },
    "optimizers": {
        "summary": "Optimizers, one of them with a parameter of its own",
        "value": {
            "dataset": "digits",
            "network": "mlp",
            "space": {
                "optimizer": {"type": "categorical", "choices": ["sgd", "momentum", "adam"]},
                "momentum": {
                    "type": "float",
                    "low": 0.5,
                    "high": 0.99,
                    "when": {"optimizer": ["momentum"]},
                },
                "learning_rate": {"type": "float", "low": 0.0001, "high": 10, "log": True},
            },
            "weight_decay": 0.0,
            "rounds": {"count": 1},
            "budget": {"trials": 30},
        },
    },
}
CLONE: Examples = {
    "seed": {"summary": "The same search with another seed", "value": {"seed": 1}},
    "narrower": {
        "summary": "A narrower range",
        "value": {"space": {"learning_rate": {"low": 0.01, "high": 1.0}}},
    },
}
CHANGE: Examples = {
    "trials": {"summary": "More trials", "value": {"budget": {"trials": 60}}},
    "priority": {"summary": "Twice the share of the workers", "value": {"priority": 2}},
    "labels": {"summary": "Other labels", "value": {"labels": ["thesis", "chapter 6"]}},
    "archived": {"summary": "Leave it out of lists", "value": {"archived": True}},
}
ENQUEUE: Examples = {
    "one": {
        "summary": "One parameter; the sampler chooses the others",
        "value": {"params": {"learning_rate": 0.1}},
    },
}
ESTIMATE: Examples = {
    name: {
        **each,
        "value": {field: value for field, value in each["value"].items() if field != "labels"},
    }
    for name, each in SUBMIT.items()
}
