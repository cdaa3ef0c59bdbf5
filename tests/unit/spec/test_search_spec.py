"""What a search spec means, and that what is wrong with one is named."""

import json
import math

import pytest

from hpsearch.errors import InvalidSpec
from hpsearch.spec.objective import Objective
from hpsearch.spec.parts import Confirm, Pruner, Rounds, Sampler, Validation
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.spec.submission import JobSubmission

SMALLEST = {"dataset": "digits", "network": "lenet5"}
FULL = {
    "name": "mnist-lenet",
    "dataset": {"name": "mnist", "train_size": 6000},
    "validation": {"fraction": 0.2, "stratified": True},
    "network": {"architecture": "lenet5", "batch_norm": True},
    "space": {
        "learning_rate": {"type": "float", "low": 1e-3, "high": 1e3, "log": True},
        "weight_decay": {"type": "float", "low": 1e-3, "high": 1e3, "log": True},
        "optimizer": {"type": "categorical", "choices": ["sgd", "momentum", "adagrad", "adam"]},
        "momentum": {
            "type": "float",
            "low": 0.5,
            "high": 0.99,
            "when": {"optimizer": ["momentum"]},
        },
    },
    "sampler": {"name": "tpe"},
    "pruner": {"name": "median"},
    "rounds": {"count": 3, "keep": 0.2, "explore": 0.1},
    "epochs": 3,
    "batch_size": 100,
    "cohort": 8,
    "budget": {"trials": 60, "epochs": 120, "seconds": 1800, "target": 0.985, "patience": 30},
    "seed": 7,
}


def fields_at_fault(spec: object) -> set[str]:
    with pytest.raises(InvalidSpec) as raised:
        parse_spec(spec)
    return {problem.field for problem in raised.value.problems}


def test_the_smallest_spec_searches_learning_rate_and_weight_decay() -> None:
    spec = parse_spec(SMALLEST)
    assert set(spec.space) == {"learning_rate", "weight_decay"}
    for parameter in spec.space.values():
        described = parameter.model_dump(include={"type", "low", "high", "log"})
        assert described == {"type": "float", "low": 1e-3, "high": 1e3, "log": True}
    assert (spec.budget.trials, spec.rounds.count, spec.epochs, spec.seed) == (40, 3, 3.0, 0)


def test_what_is_fixed_is_not_searched() -> None:
    spec = parse_spec({**SMALLEST, "learning_rate": 0.1})
    assert set(spec.space) == {"weight_decay"}
    _, training = spec.settings_for({"weight_decay": 0.01})
    assert (training.learning_rate, training.weight_decay) == (0.1, 0.01)


@pytest.mark.parametrize("spec", [SMALLEST, FULL])
def test_the_canonical_form_means_the_same(spec: dict[str, object]) -> None:
    parsed = parse_spec(spec)
    canonical = json.loads(json.dumps(parsed.canonical(), allow_nan=False))
    assert parse_spec(canonical) == parsed
    assert parse_spec(canonical).canonical() == parsed.canonical()


def test_network_settings_and_numbers_of_layers_can_be_searched() -> None:
    layers = [{"type": "convolution", "filters": 4}, {"type": "affine", "units": 10}]
    space = {"layers.0.filters": {"type": "int", "low": 2, "high": 8}}
    spec = parse_spec({"dataset": "digits", "network": {"layers": layers}, "space": space})
    network, _ = spec.settings_for({"layers.0.filters": 7})
    assert network.layers is not None
    assert network.layers[0].model_dump()["filters"] == 7
    spec = parse_spec(
        {**SMALLEST, "space": {"hidden_units": {"type": "int", "low": 8, "high": 64}}}
    )
    network, _ = spec.settings_for({"hidden_units": 9})
    assert network.hidden_units == 9


def test_a_setting_beside_its_range_is_refused() -> None:
    space = {"learning_rate": {"low": 0.1, "high": 1}}
    assert fields_at_fault({**SMALLEST, "learning_rate": 0.1, "space": space}) == {"learning_rate"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dataset": 5}, "dataset"),
        ({"colour": "red"}, "colour"),
        ({"confirm": {"top": 0}}, "confirm.top"),
        ({"confirm": {"repeats": 1}}, "confirm.repeats"),
        ({"confirm": True}, "confirm"),
        ({"epochs": math.nan}, "epochs"),
        ({"epochs": "many"}, "epochs"),
        ({"budget": {"trials": 0}}, "budget.trials"),
        ({"budget": {"target": 1.5}}, "budget.target"),
        ({"seed": -1}, "seed"),
        ({"network": "resnet"}, "network"),
        ({"network": {"architecture": "lenet5", "hidden_layers": 3}}, "network.hidden_layers"),
        (
            {"network": {"layers": [{"type": "convolution", "filters": -1}]}},
            "network.layers.0.filters",
        ),
        ({"sampler": "grid"}, "sampler"),
        ({"pruner": {"name": "threshold"}}, "pruner"),
        ({"space": {"learning_rate": {"low": 5, "high": 1}}}, "space.learning_rate.high"),
        (
            {"space": {"learning_rate": {"low": 0, "high": 1, "log": True}}},
            "space.learning_rate.log",
        ),
        ({"space": {"learning_rate": {"type": "real"}}}, "space.learning_rate"),
        ({"objective": "acuracy"}, "objective"),
        ({"objective": "loss", "pruner": {"name": "threshold", "lower": 0.5}}, "pruner.upper"),
        ({"pruner": {"name": "threshold", "upper": 0.5}}, "pruner.lower"),
        ({"space": {"learning_rate": {"low": -math.inf, "high": 1}}}, "space.learning_rate.low"),
        ({"space": {"momentum": {"low": 0.5, "high": 1.5}}}, "space.momentum.high"),
        ({"space": {"hidden_units": {"low": 10.0, "high": 20.0}}}, "space.hidden_units.type"),
        ({"space": {"optimizer": {"choices": ["sgd", "lion"]}}}, "space.optimizer.choices.1"),
        ({"space": {"optimizer": {"choices": ["sgd", "sgd"]}}}, "space.optimizer.choices"),
        ({"space": {"depth": {"type": "int", "low": 1, "high": 2}}}, "space.depth"),
        (
            {"space": {"layers.0.filters": {"type": "int", "low": 1, "high": 2}}},
            "space.layers.0.filters",
        ),
        (
            {"space": {"rho": {"low": 0.1, "high": 0.2, "when": {"optimizer": ["adam"]}}}},
            "space.rho.when.optimizer",
        ),
    ],
)
def test_the_field_at_fault_is_named(change: dict[str, object], field: str) -> None:
    assert field in fields_at_fault({**SMALLEST, **change})


@pytest.mark.parametrize("spec", [None, 5, "digits", [], [SMALLEST]])
def test_what_is_no_object_is_refused(spec: object) -> None:
    assert fields_at_fault(spec) == {"body"}


def test_a_missing_data_set_is_named() -> None:
    assert fields_at_fault({"network": "lenet5"}) == {"dataset"}


def test_a_loss_may_be_above_one() -> None:
    spec = parse_spec({**SMALLEST, "objective": "loss", "budget": {"target": 1.5}})
    assert (spec.objective, spec.budget.target) == (Objective.LOSS, 1.5)


@pytest.mark.parametrize("model", [SearchSpec, JobSubmission])
def test_each_default_in_the_schema_is_the_effective_one(model: type[SearchSpec]) -> None:
    schema = model.model_json_schema()
    effective = model.model_validate(SMALLEST)
    values = effective.model_dump(mode="json", exclude_none=True)
    shown = {
        name: field["default"] for name, field in schema["properties"].items() if "default" in field
    }
    assert shown == {name: values.get(name) for name in schema["properties"] if name in shown}
    assert set(schema["properties"]) - set(shown) == {"dataset", *effective.space}
    for name in shown:
        assert model.model_validate({**SMALLEST, name: shown[name]}) == effective, name


def test_parts_that_are_given_empty_have_the_defaults_that_their_schemas_show() -> None:
    definitions = SearchSpec.model_json_schema()["$defs"]
    for part in (Validation, Sampler, Pruner, Rounds, Confirm):
        properties = definitions[part.__name__]["properties"]
        shown = {name: field["default"] for name, field in properties.items()}
        assert shown == part.model_validate({}).model_dump(mode="json")
