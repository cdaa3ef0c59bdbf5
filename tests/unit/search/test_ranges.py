"""Ranges around good trials: on the parameter's scale, inside the box, reversible."""

import math
from typing import Any

from hpsearch.baseline import Baseline
from hpsearch.search.curves import Curve
from hpsearch.search.ranges import Drawn, Measure, draw, within
from hpsearch.search.scale import Space
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import parse_spec
from hpsearch.spec.space import CategoricalParameter, FloatParameter, IntParameter

MEASURE = Measure(Objective.ACCURACY, Baseline.balanced(10, 1500))


def space_of(**space: Any) -> Space:
    fixed = {"learning_rate": 0.1} if "learning_rate" not in space else {}
    spec = parse_spec({"dataset": "digits", "weight_decay": 0.0, "space": space, **fixed})
    return spec.space


RATE = space_of(learning_rate={"low": 1e-3, "high": 1e3, "log": True})


def around(space: Space, points: list[tuple[Any, float]], before: Space | None = None) -> Drawn:
    """Ranges drawn from (value, accuracy) pairs of the space's one parameter."""
    (name,) = space
    known = [Curve(i, {name: value}, {40: accuracy}) for i, (value, accuracy) in enumerate(points)]
    return draw(space, before or space, known, 0.2, MEASURE)


def rate_of(drawn: Drawn) -> FloatParameter:
    rate = drawn.ranges["learning_rate"]
    assert isinstance(rate, FloatParameter)
    return rate


def bad(count: int) -> list[tuple[Any, float]]:
    return [(100.0 + i, 0.1) for i in range(count)]


def test_around_the_good_on_a_log_scale() -> None:
    drawn = around(RATE, [(0.05, 0.8), (0.1, 0.9), (0.2, 0.85), (0.4, 0.8), *bad(10)])
    assert drawn.evidence == (1, 2, 0, 3)
    assert 1e-3 < rate_of(drawn).low < 0.05
    assert 0.4 < rate_of(drawn).high < 10
    assert "best 4 of 14 trials" in drawn.reason


def test_a_box_narrows_to_a_quarter_and_a_range_to_half_of_itself() -> None:
    """Whose good trials lie close together says less in a range where all of them train."""
    points = [(0.099, 0.9), (0.1, 0.91), (0.101, 0.9), (0.102, 0.9), *bad(10)]
    first = rate_of(around(RATE, points))
    assert math.isclose(math.log10(first.high / first.low), 6 / 4)
    second = rate_of(around(RATE, points, {"learning_rate": first}))
    assert math.isclose(math.log10(second.high / second.low), 6 / 8)


def test_the_best_far_away_takes_the_range_with_it() -> None:
    before = {"learning_rate": RATE["learning_rate"].model_copy(update={"low": 0.1, "high": 1.0})}
    points = [(0.3, 0.5), (0.4, 0.52), (0.5, 0.5), (0.6, 0.51), (0.7, 0.5), (50.0, 0.9)]
    rate = rate_of(around(RATE, points, before))
    assert rate.low > 1.0
    assert rate.low < 50.0 < rate.high


def test_the_range_widens_where_the_best_lie_at_its_edge() -> None:
    before = {"learning_rate": RATE["learning_rate"].model_copy(update={"low": 0.1, "high": 10.0})}
    points = [(0.1, 0.9), (0.11, 0.9), (0.12, 0.88), (0.1, 0.89), (5.0, 0.3), (8.0, 0.2)]
    assert rate_of(around(RATE, points, before)).low < 0.1


def test_the_edge_of_the_box_is_an_advice() -> None:
    drawn = around(RATE, [(0.001, 0.9), (0.0011, 0.9), (0.0012, 0.88), (0.002, 0.89), *bad(8)])
    assert rate_of(drawn).low == 0.001
    assert drawn.advice == (
        "the best values of learning_rate lie at the lower end of your range (0.001): "
        "a range that goes further may do better",
    )


def test_lengths_are_not_mixed() -> None:
    """Long trainings of a weak rate have higher values than short ones of a good rate."""
    known = [Curve(i, {"learning_rate": 0.1 + i / 100}, {40: 0.6}) for i in range(8)]
    known += [Curve(8 + i, {"learning_rate": 200.0}, {40: 0.3, 100: 0.7}) for i in range(4)]
    drawn = draw(RATE, RATE, known, 0.2, MEASURE)
    assert rate_of(drawn).high < 10


def test_nothing_better_than_a_guess_changes_nothing() -> None:
    drawn = around(RATE, [(0.1 * i + 0.1, 0.11) for i in range(10)])
    assert (drawn.ranges, drawn.evidence) == (RATE, ())


def test_whole_numbers_stay_on_their_steps() -> None:
    space = space_of(batch_size={"type": "int", "low": 10, "high": 210, "step": 50})
    drawn = around(space, [(60, 0.9), (60, 0.9), (110, 0.8), (110, 0.85), (210, 0.1), (10, 0.1)])
    batch = drawn.ranges["batch_size"]
    assert isinstance(batch, IntParameter)
    assert (batch.low, batch.high) == (10, 160)
    assert within(space, drawn.ranges)


def test_steps_of_a_real_number() -> None:
    space = space_of(momentum={"low": 0.0, "high": 0.9, "step": 0.1})
    points = [(0.5, 0.9), (0.6, 0.9), (0.5, 0.8), (0.6, 0.85), (0.0, 0.1), (0.9, 0.1)]
    assert within(space, around(space, points).ranges)


def test_choices_drop_out_when_they_were_tried() -> None:
    space = space_of(optimizer={"choices": ["sgd", "adam", "momentum"]})
    points = [("sgd", 0.9), ("sgd", 0.88), ("sgd", 0.9), ("sgd", 0.88)]
    points += [("adam", 0.2), ("adam", 0.3), ("adam", 0.25), ("momentum", 0.2)]
    kept = around(space, points).ranges["optimizer"]
    assert isinstance(kept, CategoricalParameter)
    assert kept.choices == ["sgd", "momentum"]


def test_a_conditional_parameter_is_drawn_where_it_applies() -> None:
    space = space_of(
        optimizer={"choices": ["sgd", "momentum"]},
        momentum={"low": 0.0, "high": 0.99, "when": {"optimizer": ["momentum"]}},
    )
    good: list[dict[str, Any]] = [
        {"optimizer": "momentum", "momentum": 0.8 + i / 100} for i in range(4)
    ]
    rest: list[dict[str, Any]] = [{"optimizer": "sgd"}] * 6
    known = [Curve(i, params, {40: 0.9}) for i, params in enumerate(good)]
    known += [Curve(4 + i, params, {40: 0.3}) for i, params in enumerate(rest)]
    drawn = draw(space, space, known, 0.2, MEASURE)
    momentum = drawn.ranges["momentum"]
    assert isinstance(momentum, FloatParameter)
    assert 0.5 < momentum.low < momentum.high < 0.99
    assert momentum.when == {"optimizer": ["momentum"]}
