"""The search spec: what a user POSTs, and all that a search depends on beside its history."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.spec.bounds import STORED, Bounds
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.objective import Objective
from hpsearch.spec.parts import (
    MAX_EPOCHS,
    Budget,
    Confirm,
    DatasetChoice,
    Pruner,
    Rounds,
    Sampler,
    Validation,
)
from hpsearch.spec.problems import MOST_TOLD, parse
from hpsearch.spec.sizes import MAX_PARAMETERS, problems_of_size
from hpsearch.spec.space import Parameter, Value
from hpsearch.spec.space_rules import problems_of_space, unknown_names
from hpsearch.spec.training import TrainingSettings

SEARCHED_BY_DEFAULT = ("learning_rate", "weight_decay")
DEFAULT_RANGE = {"type": "float", "low": 1e-3, "high": 1e3, "log": True}


class SearchSpec(TrainingSettings):
    """One hyperparameter search.

    Every training setting may stand beside these fields and is then the same for all trials. The
    learning rate and the weight decay are searched over 1e-3 to 1e3 unless they are fixed so, or
    have a range of their own in `space`.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str | None = Field(default=None, min_length=1, max_length=100)
    """A name for people; jobs are told apart by their id."""
    dataset: DatasetChoice
    validation: Validation = Validation()
    objective: Annotated[Objective, Field(strict=False)] = Objective.ACCURACY
    """What is made good: accuracy, balanced_accuracy, macro_f1 or loss, on the validation part."""
    network: NetworkSettings = NetworkSettings()
    space: dict[str, Parameter] = Field(default_factory=dict, max_length=MAX_PARAMETERS)
    """What is searched: the name of any setting of the network, the optimizer or the training.

    The order of the names means nothing.
    """
    sampler: Sampler = Sampler()
    pruner: Pruner = Pruner()
    rounds: Rounds = Rounds()
    epochs: Annotated[float, Bounds(ge=0.05, le=MAX_EPOCHS)] = 3.0
    """Passes over the training part that a trial of the last round may train."""
    cohort: Annotated[int, Bounds(ge=1, le=1000)] = 8
    """Trials that train side by side and are compared with each other at each report."""
    budget: Budget = Field(default_factory=lambda: Budget.model_validate({}))
    confirm: Confirm | None = None
    """How the best trials are confirmed at the end, 3 of them 5 times by default; null: not at all.

    Its epochs are not of the budget."""
    rules: Literal[1, 2, 3] = 3
    """Which of its own rules the search goes by: from 2 on, trials that are no better than a guess
    rank by their loss; from 3 on, the trials that are confirmed are those that are likely the best,
    instead of those of the best values. A search goes on by the rules that it began with."""
    training_accuracy: bool = False
    """Whether each report also has the accuracy on training images, the first 1000 of them.

    To see overfitting; nothing is decided by it."""
    seed: Annotated[int, Bounds(ge=0, lt=2**53)] = 0
    """The same spec and seed give the same search."""

    @model_validator(mode="before")
    @classmethod
    def _search_by_default(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("space", {}), dict):
            return data
        space = dict(data.get("space", {}))
        for name in SEARCHED_BY_DEFAULT:
            if name not in space and name not in data:
                space[name] = DEFAULT_RANGE
        if info.context is not STORED:  # a search that has begun keeps the order that it had
            space = dict(sorted(space.items()))
            data = {"confirm": {}, **data}  # and ends as it would have ended
        else:
            data = {"rules": 1, **data}
        return {**data, "space": space}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Each default in the schema is what a spec comes to that leaves the field out."""
        shown = handler(schema)
        effective = cls.model_validate({"dataset": "digits"})
        defaults = effective.model_dump(mode="json", exclude_none=True)
        for name, field in handler.resolve_ref_schema(shown)["properties"].items():
            if name in effective.space:
                field.pop("default", None)
                field["description"] += "; searched if it is left out"
            elif not cls.model_fields[name].is_required():
                field["default"] = defaults.get(name)
        return shown

    def settings_for(self, params: Mapping[str, Value]) -> tuple[NetworkSettings, TrainingSettings]:
        """The settings of a trial with these parameters.

        The parameters are a point of the space, so their bounds are not checked again.
        """
        network, training = self._settings(params)
        return (
            NetworkSettings.model_validate(network, strict=False, context=STORED),
            TrainingSettings.model_validate(training, strict=False, context=STORED),
        )

    def _settings(self, params: Mapping[str, Value]) -> tuple[dict[str, Any], dict[str, Any]]:
        training = {name: getattr(self, name) for name in TrainingSettings.model_fields}
        network = self.network.model_dump(exclude_unset=True)
        for name, value in params.items():
            if name in TrainingSettings.model_fields:
                training[name] = value
            else:
                _place(network, name, value)
        return network, training

    def canonical(self) -> dict[str, Any]:
        """The spec as JSON values with all defaults written out; parses to an equal spec."""
        dump = self.model_dump(mode="json")
        dump["network"] = self.network.model_dump(mode="json", exclude_unset=True)
        return {name: value for name, value in dump.items() if name not in self.space}


def parse_spec(data: object) -> SearchSpec:
    """Read a search spec from JSON values; raises InvalidSpec that names every field at fault."""
    too_large = list(problems_of_size(data))
    if too_large:
        raise InvalidSpec(too_large)
    try:
        spec = parse(SearchSpec, data)
    except InvalidSpec as error:
        raise InvalidSpec(_names_first(error.problems, data)) from None
    problems = [
        *_fixed_and_searched(spec, data),
        *problems_of_space(spec.space, spec.network),
        *problems_of_objective(spec),
    ]
    if problems:
        raise InvalidSpec(problems)
    return spec


def _names_first(problems: Sequence[FieldProblem], data: object) -> list[FieldProblem]:
    """What is wrong with a parameter that no setting has is its name, not what is in it."""
    given = data if isinstance(data, Mapping) else {}
    space = given.get("space")
    if not isinstance(space, Mapping):
        return list(problems)
    try:
        network: NetworkSettings | None = NetworkSettings.model_validate(given.get("network", {}))
    except ValidationError:
        network = None
    unknown = unknown_names(filter(None, map(str, space)), network)
    below = tuple(f"{problem.field}." for problem in unknown)
    others = [each for each in problems if not f"{each.field}.".startswith(below)]
    return [*unknown, *others][:MOST_TOLD]


def problems_of_objective(spec: SearchSpec) -> Iterator[FieldProblem]:
    """Bounds that mean a value of the objective."""
    words = spec.objective.value
    loss = spec.objective is Objective.LOSS
    target, pruner = spec.budget.target, spec.pruner
    if target is not None and target > 1 and not loss:
        yield FieldProblem(
            "budget.target", f"is above what {words} can be", target, "above 0, at most 1"
        )
    if pruner.name != "threshold":
        return
    if loss and pruner.upper is None:
        yield FieldProblem(
            "pruner.upper", "is needed: the objective is a loss", None, "a number above 0"
        )
    elif not loss and pruner.lower is None:
        yield FieldProblem(
            "pruner.lower", f"is needed: the objective is {words}", None, "a number from 0 to 1"
        )


def _fixed_and_searched(spec: SearchSpec, data: object) -> Iterator[FieldProblem]:
    given = data if isinstance(data, Mapping) else {}
    for name in spec.space:
        if name in given and name in TrainingSettings.model_fields:
            yield FieldProblem(name, "is both fixed and searched; give one of the two", given[name])


def _place(network: dict[str, Any], name: str, value: Value) -> None:
    """Set a network setting; `layers.2.filters` names a number inside a list of layers."""
    if not name.startswith("layers."):
        network[name] = value
        return
    _, index, field = name.split(".")
    layers = list(network["layers"])
    layers[int(index)] = {**layers[int(index)], field: value}
    network["layers"] = layers
