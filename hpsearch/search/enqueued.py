"""Whether parameters that a user wants tried are a point of the space."""

import json
import math
from collections.abc import Mapping

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.search.scale import Numeric, Space, contains, snapped
from hpsearch.spec.bounds import shown
from hpsearch.spec.problems import MAX_NAME, nearest
from hpsearch.spec.space import CategoricalParameter, IntParameter, Parameter, Value, same


def point_to_try(space: Space, given: Mapping[str, Value]) -> dict[str, Value]:
    """The given parameters as values of the space, with the parents that they need.

    What is left out is sampled. A parameter with a condition takes its parent's value along where
    only one will do. Raises InvalidSpec that names each parameter that cannot be tried so.
    """
    problems = []
    values: dict[str, Value] = {}
    for name, value in given.items():
        problem = _problem(space, name, value)
        if problem is None:
            values[name] = _as_in_space(space[name], value)
        else:
            problems.append(problem)
    if not problems:
        values, problems = _with_parents(space, values)
    if problems:
        raise InvalidSpec(problems)
    return {name: values[name] for name in space if name in values}


def _problem(space: Space, name: str, value: Value) -> FieldProblem | None:
    """What is wrong with one parameter by itself."""
    parameter = space.get(name)
    field = f"params.{name[:MAX_NAME]}"
    if parameter is None:
        message = f"is not a parameter of this job{nearest(name, space)}"
        return FieldProblem(field, message, value, f"one of {', '.join(space)}")
    if isinstance(parameter, CategoricalParameter):
        if contains(parameter, value):
            return None
        texts = [json.dumps(choice) for choice in parameter.choices]
        hint = nearest(value, map(str, parameter.choices)) if isinstance(value, str) else ""
        shown_texts = ", ".join(texts[:20]) + (", …" if len(texts) > 20 else "")
        return FieldProblem(
            field, f"is not one of the choices{hint}", value, f"one of {shown_texts}"
        )
    if value is None or isinstance(value, bool | str):
        return FieldProblem(field, "must be a number", value)
    if isinstance(parameter, IntParameter) and not isinstance(value, int):
        return FieldProblem(field, "must be a whole number", value)
    if not parameter.low <= value <= parameter.high:
        allowed = f"{shown(parameter.low)} to {shown(parameter.high)}"
        return FieldProblem(field, "is outside the job's range", value, allowed)
    return None if contains(parameter, value) else _off_grid(parameter, field, value)


def _off_grid(parameter: Numeric, field: str, value: float) -> FieldProblem:
    grid = parameter.grid()
    assert grid is not None, "without steps every value of the range will do"
    index = math.floor(grid.place(value))
    near = dict.fromkeys((grid.value(index), grid.value(index + 1)))
    allowed = " or ".join(repr(each) for each in near)
    message = f"is not a whole number of steps of {parameter.step!r} above {parameter.low!r}"
    return FieldProblem(field, message, value, allowed)


def _as_in_space(parameter: Parameter, value: Value) -> Value:
    """The equal choice, or the value on the grid; a float where floats are searched."""
    if isinstance(parameter, CategoricalParameter):
        return next(choice for choice in parameter.choices if same(choice, value))
    if isinstance(parameter, IntParameter) or value is None:
        return value
    return snapped(parameter, float(value))


def _with_parents(
    space: Space, given: Mapping[str, Value]
) -> tuple[dict[str, Value], list[FieldProblem]]:
    """With the parents' values where they are determined, and the conditions that do not hold."""
    values = dict(given)
    problems: list[FieldProblem] = []
    for name in given:
        for parent, allowed in (space[name].when or {}).items():
            field, choices = f"params.{name}", one_of_choices(allowed)
            if parent not in values and len(allowed) == 1:
                values[parent] = allowed[0]
            elif parent not in values:
                message = f"applies only if `{parent}` is {choices}: give `{parent}` as well"
                problems.append(FieldProblem(field, message, given[name], choices))
            elif not any(same(values[parent], value) for value in allowed):
                message = f"applies only if `{parent}` is {choices}"
                problems.append(FieldProblem(field, message, given[name]))
    return values, problems


def one_of_choices(values: list[bool | int | float | str | None]) -> str:
    """`"adam" or "sgd"`."""
    return " or ".join(json.dumps(value) for value in values)
