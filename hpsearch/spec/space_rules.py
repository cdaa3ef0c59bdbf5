"""What a space must keep to that its form cannot say: names, conditions, values of settings."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from hpsearch.errors import FieldProblem
from hpsearch.spec.network import (
    SETTINGS_OF_ARCHITECTURE,
    NetworkSettings,
    PoolingSettings,
)
from hpsearch.spec.problems import MAX_NAME, nearest, nearest_of_quoted, words_of
from hpsearch.spec.space import CategoricalParameter, FloatParameter, Parameter, Value, same
from hpsearch.spec.training import TrainingSettings

Space = Mapping[str, Parameter]

SEARCHABLE = (
    *TrainingSettings.model_fields,
    *(name for name in NetworkSettings.model_fields if name != "layers"),
)
_LAYER = re.compile(r"layers\.(0|[1-9][0-9]?)\.([a-z_0-9]+)")


def problems_of_space(space: Space, network: NetworkSettings) -> list[FieldProblem]:
    """What is wrong with each parameter; if nothing is, what is wrong with them together."""
    problems: list[FieldProblem] = []
    for name, parameter in space.items():
        setting = _setting(name, network)
        if setting is None:
            problems.append(_unknown(name, network))
            continue
        problems.extend(_problems_of_condition(space, name, parameter))
        problem = _problem_of_values(name, parameter, _adapter(*setting))
        if problem is not None:
            problems.append(problem)
    if problems:
        return problems
    return [*_problems_of_architectures(space, network), *_problems_of_pooling(space, network)]


def unknown_names(names: Iterable[str], network: NetworkSettings | None) -> list[FieldProblem]:
    """The names that no setting has. network: None if it cannot be read, so that its layers are not
    known."""
    return [
        _unknown(name, network)
        for name in names
        if (network is not None or not name.startswith("layers."))
        and _setting(name, network or NetworkSettings()) is None
    ]


def _setting(name: str, network: NetworkSettings) -> tuple[type[BaseModel], str] | None:
    """The model and the field that a parameter is named after: `layers.2.filters` in a layer."""
    if name in TrainingSettings.model_fields:
        return TrainingSettings, name
    if name in SEARCHABLE:
        return NetworkSettings, name
    layer = _LAYER.fullmatch(name)
    layers = network.layers or ()
    if layer is None or int(layer[1]) >= len(layers):
        return None
    model, field = type(layers[int(layer[1])]), layer[2]
    return (model, field) if field in model.model_fields and field != "type" else None


def _unknown(name: str, network: NetworkSettings | None) -> FieldProblem:
    field = f"space.{name[:MAX_NAME]}"
    if name.startswith("layers."):
        allowed = "layers.<index>.<setting>, with an index from 0 and a setting of that layer"
        hint = nearest(name, _layer_settings(network)) if network else ""
        message = f"does not name a setting of a layer of this network{hint}"
        return FieldProblem(field, message, name, allowed)
    hint = nearest(name, SEARCHABLE)
    return FieldProblem(field, f"is not a setting{hint}", name, ", ".join(SEARCHABLE))


def _layer_settings(network: NetworkSettings) -> Iterator[str]:
    for index, layer in enumerate(network.layers or ()):
        for field in type(layer).model_fields:
            if field != "type":
                yield f"layers.{index}.{field}"


@lru_cache(maxsize=256)
def _adapter(model: type[BaseModel], field: str) -> TypeAdapter[Any]:
    """Checks a value as a field of the model, without the other fields."""
    info = model.model_fields[field]
    kind: Any = info.annotation
    if info.metadata:
        kind = Annotated[kind, *info.metadata]
    return TypeAdapter(kind, config=ConfigDict(strict=True, allow_inf_nan=False))


def _problem_of_values(
    name: str, parameter: Parameter, adapter: TypeAdapter[Any]
) -> FieldProblem | None:
    """The first value that the setting does not take."""
    for field, value in _probes(parameter):
        refused = _refusal(adapter, value)
        if refused is None:
            continue
        if isinstance(parameter, FloatParameter) and refused[0] == "must be a whole number":
            return _whole_numbers(name, parameter)
        message, allowed = refused
        message += nearest_of_quoted(value, allowed)
        return FieldProblem(f"space.{name}.{field}", message, value, allowed)
    return None


def _probes(parameter: Parameter) -> Iterator[tuple[str, Value]]:
    """Values that show whether a setting takes what this parameter can be, with their field."""
    if isinstance(parameter, CategoricalParameter):
        yield from ((f"choices.{i}", choice) for i, choice in enumerate(parameter.choices))
        return
    yield "low", parameter.low
    yield "high", parameter.high


def _refusal(adapter: TypeAdapter[Any], value: Value) -> tuple[str, str | None] | None:
    """Why the setting cannot be this value, and what it can be; None if it can."""
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return words_of(error.errors(include_url=False))
    return None


def _whole_numbers(name: str, parameter: FloatParameter) -> FieldProblem:
    low, high = int(parameter.low), int(parameter.high)
    better: dict[str, object] = {"type": "int", "low": low, "high": high}
    if parameter.log:
        better["log"] = True
    if parameter.step is not None:
        better["step"] = max(1, round(parameter.step))
    message = f"{name} takes whole numbers: write {json.dumps(better)}"
    return FieldProblem(f"space.{name}.type", message, "float", '"int"')


def _problems_of_condition(space: Space, name: str, parameter: Parameter) -> Iterator[FieldProblem]:
    for parent, values in (parameter.when or {}).items():
        field = f"space.{name}.when.{parent}"
        known = space.get(parent)
        if not isinstance(known, CategoricalParameter):
            hint = nearest(parent, space) if known is None else ""
            message = f"must name a categorical parameter of the space{hint}"
            yield FieldProblem(field, message, parent)
        elif known.when is not None:
            yield FieldProblem(field, "must name a parameter that is itself unconditional", parent)
        elif not values or not all(_among(value, known.choices) for value in values):
            shown = ", ".join(json.dumps(choice) for choice in known.choices[:20])
            message = "must list choices of that parameter"
            yield FieldProblem(field, message, values, f"some of {shown}")


def _among(value: Value, choices: Sequence[Value]) -> bool:
    return any(same(value, choice) for choice in choices)


def _problems_of_architectures(space: Space, network: NetworkSettings) -> Iterator[FieldProblem]:
    """Every setting must be one of each architecture that it can come together with."""
    searched = space.get("architecture")
    if isinstance(searched, CategoricalParameter):
        if network.layers is not None or None in searched.choices:
            message = "a network is either one of the architectures or a list of layers"
            yield FieldProblem("space.architecture", message)
            return
        architectures = list(map(str, searched.choices))
    elif network.architecture is None:
        yield from _settings_beside_layers(space)
        return
    else:
        architectures = [network.architecture]
    fixed = network.model_fields_set - {"architecture", "initializer"} - set(space)
    for name in sorted(fixed):
        if getattr(network, name) is not None:
            yield from _unknown_to(f"network.{name}", name, architectures)
    for name, parameter in space.items():
        if name in NetworkSettings.model_fields and name not in ("architecture", "initializer"):
            when = (parameter.when or {}).get("architecture", architectures)
            met = [each for each in architectures if each in when]
            yield from _unknown_to(f"space.{name}", name, met)


def _unknown_to(field: str, name: str, architectures: Sequence[str]) -> Iterator[FieldProblem]:
    for architecture in architectures:
        known = SETTINGS_OF_ARCHITECTURE[architecture]
        if name not in known:
            message = f"{architecture} has no setting {name}"
            yield FieldProblem(field, message, name, f"its settings: {', '.join(sorted(known))}")
            return


def _settings_beside_layers(space: Space) -> Iterator[FieldProblem]:
    for name in space:
        if name in NetworkSettings.model_fields and name != "initializer":
            message = f"a network given by `layers` has no setting {name}; search those of layers"
            yield FieldProblem(f"space.{name}", message, name, "layers.<index>.<setting>")


def _problems_of_pooling(space: Space, network: NetworkSettings) -> Iterator[FieldProblem]:
    """The largest padding must be at most half of the smallest window."""
    for index, layer in enumerate(network.layers or ()):
        if not isinstance(layer, PoolingSettings):
            continue
        padding = max(_numbers(space, f"layers.{index}.padding", layer.padding))
        window = min(_numbers(space, f"layers.{index}.window", layer.window))
        if 2 * padding > window:
            name = "padding" if f"layers.{index}.padding" in space else "window"
            message = "the padding of a pooling is at most half of its window"
            allowed = f"a padding up to {window // 2} with a window of {window}"
            yield FieldProblem(f"space.layers.{index}.{name}", message, padding, allowed)


def _numbers(space: Space, name: str, fixed: int) -> list[float]:
    """The smallest and the largest that a number of a layer can be."""
    parameter = space.get(name)
    if parameter is None:
        return [fixed]
    if isinstance(parameter, CategoricalParameter):
        return [each for each in parameter.choices if isinstance(each, int | float)]
    return [parameter.low, parameter.high]
