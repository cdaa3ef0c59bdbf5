"""What is admitted can be planned, stored as parameters, and started; the rest names its field."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from hpsearch.admission import admit
from hpsearch.datasets.split import split_for
from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.history import Cohort, History
from hpsearch.search.plan import plan
from hpsearch.search.scale import fits
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.training.leg import run_leg
from hpsearch.training.tasks import leg_task
from storage.rows.params import decode, distribution_json, encode
from tests.fakes import MemorySource

SOURCE = MemorySource()
BEYOND = [0, -1, 2**53, 10**300, 5e-324, 1e308, -1e308, 1e-300, 1.5, True, "1", None, [], {}]


def number(*good: float) -> st.SearchStrategy[object]:
    """Mostly what is allowed, often its very ends."""
    return st.one_of(st.sampled_from(good), st.sampled_from(good), st.sampled_from(BEYOND))


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def few(strategy: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """At most three fields: with many, one of them is nearly always beyond its bound."""
    return strategy.map(lambda fields: dict(list(fields.items())[:3]))


FLOAT = st.fixed_dictionaries(
    {"low": number(1e-12, 0.1, 0.5), "high": number(0.5, 0.9, 1e6)},
    optional={"log": st.booleans(), "step": number(1e-9, 0.1, 0.3, 1e12)},
)
INT = st.fixed_dictionaries(
    {"type": st.just("int"), "low": number(1, 5), "high": number(5, 64)},
    optional={"log": st.booleans(), "step": number(1, 3, 2**53)},
)
CHOICES = st.fixed_dictionaries(
    {"choices": st.lists(number(0.1, 0.25, 1, 5, 50), min_size=1, max_size=4)}
)
NAMES = ("learning_rate", "weight_decay", "momentum", "clip_norm", "epsilon", "batch_size",
         "dropout", "hidden_units", "hidden_layers", "schedule_steps", "warm_up")  # fmt: skip
OPTIMIZERS = {"choices": ["sgd", "momentum", "adam"]}
SPECS = few(
    part(
        space=st.dictionaries(
            st.sampled_from(NAMES), st.one_of(FLOAT, FLOAT, INT, CHOICES), max_size=3
        ).map(lambda space: {**space, "optimizer": OPTIMIZERS}),
        budget=few(
            part(
                trials=number(1, 100_000),
                epochs=number(0.01, 5, 1e9),
                seconds=number(1e-9, 1e8),
                target=number(1e-9, 1),
                patience=number(1, 100_000),
                failures=number(1, 100_000),
            )
        ),
        pruner=few(
            part(
                name=st.sampled_from(["median", "hyperband", "successive_halving", "threshold"]),
                warm_up=number(0, 1000),
                reduction_factor=number(2, 100),
                patience=number(0, 1000),
                lower=number(0, 1),
            )
        ),
        rounds=part(count=number(1, 20), keep=number(1e-9, 1), explore=number(0, 1)),
        sampler=part(
            name=st.sampled_from(["tpe", "random", "qmc"]), startup_trials=number(0, 10_000)
        ),
        validation=part(fraction=number(1e-9, 0.5, 0.999999)),
        epochs=number(0.05, 3, 1000),
        cohort=number(1, 1000),
        seed=number(0, 2**53 - 1),
        learning_rate=number(1e-12, 1e6),
        clip_norm=number(1e-12, 1e12),
        epsilon=number(1e-12, 1),
        batch_size=number(1, 65_536),
        schedule_factor=number(1e-9, 1),
    )
)


def admitted(data: Mapping[str, Any]) -> SearchSpec | tuple[FieldProblem, ...]:
    """The spec, or what is wrong with it."""
    try:
        spec = parse_spec(data)
        admit(spec, SOURCE)
    except InvalidSpec as error:
        return error.problems
    return spec


@given(SPECS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_admitted_means_planned_and_started(changes: Mapping[str, Any]) -> None:
    spec = admitted({"dataset": "small", "network": "mlp", **changes})
    event("admitted" if isinstance(spec, SearchSpec) else "refused")
    if not isinstance(spec, SearchSpec):
        assert spec
        assert len({problem.field for problem in spec}) == len(spec), "one problem a field"
        assert all(problem.field and problem.message for problem in spec)
        return
    planned = plan(spec.model_copy(update={"cohort": min(spec.cohort, 20)}), History())
    assert isinstance(planned, Cohort)
    data = split_for(spec, SOURCE.load("small"))
    for trial in planned.trials:
        assert fits(spec.space, trial.params)
        for name, value in trial.params.items():
            parameter = spec.space[name]
            assert distribution_json(parameter)
            assert decode(parameter, encode(parameter, value)) == value
    first = planned.trials[0]
    epoch = planned.round.report_epochs[0]
    task = leg_task(spec, first.params, first.number, epoch, len(data.training))
    _, report = run_leg(replace(task, stop_step=1), data, None)
    assert report.seconds >= 0
