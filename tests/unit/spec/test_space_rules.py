"""What a space must keep to beside its form: names, conditions, settings, sizes."""

import json
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from hpsearch.errors import FieldProblem, HpsearchError, InvalidSpec
from hpsearch.spec import strict_json
from hpsearch.spec.search import parse_spec
from hpsearch.spec.submission import parse_submission

DENSE = {"type": "affine", "units": 3}
POOL = {"type": "max_pooling", "window": 4}


def problems(change: Mapping[str, Any]) -> Mapping[str, FieldProblem]:
    with pytest.raises(InvalidSpec) as raised:
        parse_spec({"dataset": "digits", **change})
    found = {problem.field: problem for problem in raised.value.problems}
    assert len(found) == len(raised.value.problems), "a field has one problem"
    return found


def only(change: Mapping[str, Any]) -> FieldProblem:
    (problem,) = problems(change).values()
    return problem


@pytest.mark.parametrize(
    ("space", "field", "message"),
    [
        (
            {"batch_size": {"low": 16, "high": 128}},
            "space.batch_size.type",
            'takes whole numbers: write {"type": "int", "low": 16, "high": 128}',
        ),
        ({"batch_size": {"choices": [50, 50.0]}}, "space.batch_size.choices", "50 and 50.0"),
        ({"momentum": {"choices": [True, 1]}}, "space.momentum.choices", "true and 1"),
        ({"momentum": {"choices": ["0.1", 0.1]}}, "space.momentum.choices.0", "must be a number"),
        ({"momentum": {"choices": [0.5, None]}}, "space.momentum.choices.1", "must be a number"),
        (
            {"optimizer": {"choices": ["adam", "addam"]}},
            "space.optimizer.choices.1",
            "did you mean `adam`?",
        ),
        ({"optimizer": {"low": 0, "high": 1}}, "space.optimizer.low", "must be 'sgd', "),
        ({"learning_rte": {"low": 0, "high": 1}}, "space.learning_rte", "mean `learning_rate`?"),
        ({"learning_rat": {"low": 1}}, "space.learning_rat", "mean `learning_rate`?"),
        ({"learning_rat": 3}, "space.learning_rat", "mean `learning_rate`?"),
        ({"batchsize": {"type": "it", "lw": 1}}, "space.batchsize", "mean `batch_size`?"),
        ({"layers": {"choices": [1]}}, "space.layers", "is not a setting"),
        ({"momentum": {"low": 0, "high": 0.5, "stp": 1}}, "space.momentum.stp", "mean `step`?"),
        ({"weight_decay": {"low": 0, "high": 1e300}}, "space.weight_decay.high", "at most 1e12"),
        ({"weight_decay": {"low": 0, "high": 1e9}}, "space.weight_decay.high", "at most 1000000"),
        (
            {"weight_decay": {"low": 0, "high": 1, "step": 1e-300}},
            "space.weight_decay.step",
            "must be at least 1e-9",
        ),
        (
            {"batch_size": {"type": "int", "low": 1, "high": 9, "step": 10**300}},
            "space.batch_size.step",
            "at least 1 and at most 9007199254740992",
        ),
        (
            {"momentum": {"low": 0.1, "high": 0.2, "when": {"optimizr": ["sgd"]}}},
            "space.momentum.when.optimizr",
            "must name a categorical parameter",
        ),
        (
            {
                "architecture": {"choices": ["lenet5", "mlp"]},
                "filters": {"type": "int", "low": 1, "high": 3},
            },
            "space.filters",
            "mlp has no setting filters",
        ),
        ({"hidden_layers": {"type": "int", "low": 1, "high": 3}}, "space.hidden_layers", "lenet5"),
        ({"architecture": {"choices": ["mlp", None]}}, "space.architecture", "either one of"),
    ],
)
def test_one_problem_that_names_the_field(
    space: Mapping[str, Any], field: str, message: str
) -> None:
    fixed = {"learning_rate": 0.1, "weight_decay": 0.0}
    problem = only({**{name: fixed[name] for name in fixed if name not in space}, "space": space})
    assert (problem.field, message in problem.message) == (field, True), problem


def test_an_unknown_name_hides_no_other_problem() -> None:
    space = {"learning_rat": {"low": 1}, "momentum": {"low": 0.1}}
    assert [*problems({"space": space})] == ["space.learning_rat", "space.momentum.high"]


def test_the_nearest_setting_of_a_layer_is_named() -> None:
    change = {"network": {"layers": [DENSE, DENSE]}, "space": {"layers.1.unts": {"low": 1}}}
    assert "mean `layers.1.units`?" in only(change).message


@pytest.mark.parametrize(
    ("change", "field", "meant"),
    [
        ({"samplr": "tpe"}, "samplr", "sampler"),
        ({"sampler": "tpee"}, "sampler", "tpe"),
        ({"pruner": {"name": "medain"}}, "pruner.name", "median"),
        ({"budget": {"trails": 2}}, "budget.trails", "trials"),
        ({"rounds": {"cuont": 2}}, "rounds.cuont", "count"),
        ({"confirm": {"tpo": 2}}, "confirm.tpo", "top"),
        ({"validation": {"fracton": 0.5}}, "validation.fracton", "fraction"),
        ({"network": {"architecture": "lenet"}}, "network.architecture", "lenet5"),
        ({"network": {"filter": 2}}, "network.filter", "filters"),
        ({"network": {"layers": [{"type": "afine"}]}}, "network.layers.0", "affine"),
        (
            {"network": {"layers": [{**DENSE, "initialiser": "he"}]}},
            "network.layers.0.initialiser",
            "initializer",
        ),
        ({"optimizer": "addam"}, "optimizer", "adam"),
        ({"objective": "acuracy"}, "objective", "accuracy"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    change: Mapping[str, Any], field: str, meant: str
) -> None:
    assert f"did you mean `{meant}`?" in problems(change)[field].message


@pytest.mark.parametrize(
    "name", ["layers. 0.units", "layers.00.units", "layers.+0.units", "layers.2.units",
             "layers.0.type", "layers.0", "layers.0.units.x", f"layers.{' ' * 80}0.units"]
)  # fmt: skip
def test_a_number_of_a_layer_has_one_name(name: str) -> None:
    change = {"network": {"layers": [DENSE, DENSE]}, "space": {name: {"choices": [1]}}}
    assert only(change).field == f"space.{name}"


def test_settings_beside_layers_and_padding_beyond_half_a_window() -> None:
    layers = {"network": {"layers": [POOL, DENSE]}}
    assert "space.dropout" in problems({**layers, "space": {"dropout": {"choices": [0.1]}}})
    numbers = {"type": "int", "low": 0, "high": 3}
    assert "space.layers.0.padding" in problems({**layers, "space": {"layers.0.padding": numbers}})
    numbers = {"type": "int", "low": 1, "high": 3}
    padded = {"network": {"layers": [{**POOL, "padding": 1}, DENSE]}}
    assert "space.layers.0.window" in problems({**padded, "space": {"layers.0.window": numbers}})


def test_a_condition_on_the_architecture_lets_settings_differ() -> None:
    space = {
        "architecture": {"choices": ["lenet5", "mlp"]},
        "filters": {"type": "int", "low": 1, "high": 3, "when": {"architecture": ["lenet5"]}},
        "clip_norm": {"choices": [None, 1.0, 5]},
    }
    spec = parse_spec({"dataset": "digits", "space": space})
    assert spec.settings_for({"architecture": "mlp", "clip_norm": None})[1].clip_norm is None


def test_the_order_of_the_names_means_nothing() -> None:
    space = {"rho": {"low": 0.1, "high": 0.2}, "beta1": {"low": 0.1, "high": 0.2}}
    one = parse_spec({"dataset": "digits", "space": space})
    other = parse_spec({"space": dict(reversed(space.items())), "dataset": "digits"})
    assert json.dumps(one.canonical()) == json.dumps(other.canonical())
    assert list(one.space) == list(other.space)


def spec(**changes: object) -> str:
    return json.dumps({"dataset": "digits", **changes})


HOSTILE: Mapping[str, Callable[[], str]] = {
    "empty choices": lambda: spec(space={f"a{i}": {"choices": []} for i in range(42_000)}),
    "few empty choices": lambda: spec(space={f"a{i}": {"choices": []} for i in range(2_000)}),
    "bad choices": lambda: spec(space={f"a{i}": {"choices": [[]] * 40} for i in range(50)}),
    "conditions": lambda: spec(
        space={"rho": {"low": 0, "high": 1, "when": {f"a{i}": [1] for i in range(6_000)}}}
    ),
    "choices in all": lambda: spec(
        space={f"a{i}": {"choices": list(range(300))} for i in range(40)}
    ),
    "bad layers": lambda: spec(network={"layers": [{"type": "affine", "units": "x"}] * 4_900}),
    "fields": lambda: spec(**{f"f{i}{'x' * 40}": 1 for i in range(19_000)}),
    "lists": lambda: "[" + "[]," * 330_000 + "1]",
    "objects": lambda: "[" + "{}," * 330_000 + "1]",
    "a long name": lambda: spec(name="x" * 900_000),
    "a long key": lambda: spec(**{"x" * 900_000: 1}),
    "digits": lambda: '{"seed": 0.' + "1" * 900_000 + "}",
    "an exponent": lambda: '{"seed": 1e' + "1" * 900_000 + "}",
    "escapes": lambda: '{"name": "' + '\\"' * 450_000 + '"}',
    "escapes without an end": lambda: '{"name": "' + '\\"' * 450_000,
    "quotes": lambda: '"' * 900_000,
    "equal keys": lambda: "{" + ",".join(['"a":1'] * 19_000) + "}",
    "halves of characters": lambda: json.dumps({f"\ud800{i}": 1 for i in range(19_000)}),
    "warm starts": lambda: spec(warm_start=["a"] * 19_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_body_is_refused_in_little_time_and_memory(name: str) -> None:
    body = HOSTILE[name]().encode()
    tracemalloc.start()
    try:
        start = time.process_time()
        with pytest.raises(HpsearchError) as raised:
            parse_submission(strict_json.loads(body))
        spent = time.process_time() - start
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert spent < 5, "tracing makes it several times slower; quadratic ones took minutes"
    assert peak < 50e6
    assert len(getattr(raised.value, "problems", ())) <= 100
    assert len(str(raised.value)) < 50_000


def test_a_thousand_choices_of_a_deep_network_are_read_quickly() -> None:
    space = {f"layers.{i}.units": {"choices": list(range(1, 401))} for i in range(5)}
    start = time.process_time()
    parse_spec({"dataset": "digits", "network": {"layers": [DENSE] * 100}, "space": space})
    assert time.process_time() - start < 5, "one probe a choice took minutes"
