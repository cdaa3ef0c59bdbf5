"""What is checked before a job is accepted, beyond the form of its spec."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from hpsearch.datasets.source import DatasetSource
from hpsearch.datasets.split import training_count
from hpsearch.datasets.values import Dataset
from hpsearch.errors import (
    DatasetError,
    FieldProblem,
    ImpossibleShape,
    InvalidSpec,
    LegTooLarge,
    NetworkTooLarge,
    UnknownDataset,
)
from hpsearch.history import Done, History
from hpsearch.nn import check_size, output_shapes
from hpsearch.search.ladder import round_epochs
from hpsearch.search.plan import plan
from hpsearch.search.scale import active, in_order
from hpsearch.spec.parts import Sampler
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import CategoricalParameter, Parameter, Value, as_number
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.footprint import check_footprint, footprint

EXTRAS = {"gp": ("torch", "scipy")}
"""Packages that a sampler needs and that are not always installed."""
PLANNED = 8
"""Trials that are planned at most, to see whether it goes."""


def admit(spec: SearchSpec, source: DatasetSource, memory: int | None = None) -> None:
    """Refuse a job that could not run; raises InvalidSpec that names the fields.

    memory: bytes that a leg may take on a worker; None for no limit.

    The data set must be large enough (one that is being fetched is looked at once it is here, with
    `check_training`), each network of the space that differs in one
    parameter must be possible, a network that is fixed must fit the memory, and the sampler and the
    pruner must be installed and able. The first trials are planned: what cannot be is refused.
    """
    check_sampler(spec)
    if not _is_away(spec, source):
        dataset, images = _dataset(spec, source)
        check_training(spec, dataset, images, memory)
    problems = list(_problems_of_plan(spec))
    if problems:
        raise InvalidSpec(problems)


def check_training(
    spec: SearchSpec, dataset: Dataset, images: int, memory: int | None = None
) -> None:
    """Refuse what cannot be trained on this data set; raises InvalidSpec that names the fields.

    images: in the training part. memory: bytes that a leg may take; None for no limit.
    """
    problems = list(_problems_of_network(spec, dataset))
    if not problems:
        problems = list(_problems_of_size(spec, dataset, images))
    if not problems:
        problems = list(_problems_of_memory(spec, dataset, images, memory))
    if problems:
        raise InvalidSpec(problems)


def check_sampler(spec: SearchSpec) -> None:
    """Raises InvalidSpec if the sampler cannot do what the spec asks."""
    problems = list(_problems_of_sampler(spec))
    if problems:
        raise InvalidSpec(problems)


def _problems_of_sampler(spec: SearchSpec) -> Iterator[FieldProblem]:
    name = spec.sampler.name
    missing = [package for package in EXTRAS.get(name, ()) if find_spec(package) is None]
    if missing:
        yield FieldProblem(
            "sampler.name",
            f"the {name} sampler needs {' and '.join(missing)}, which the server does not have; "
            f"install hpsearch[{name}] there",
            name,
            "tpe, random or qmc",
        )
    if name == "gp":
        for parameter in (key for key, each in spec.space.items() if each.when is not None):
            yield FieldProblem(
                f"space.{parameter}.when",
                "the gp sampler knows no conditional parameters",
                name,
                "the samplers tpe, random and qmc",
            )


def _is_away(spec: SearchSpec, source: DatasetSource) -> bool:
    """Whether the data set is being fetched."""
    try:
        return source.ensure(spec.dataset.name) is not None
    except DatasetError:
        return False  # reading it says why


def _dataset(spec: SearchSpec, source: DatasetSource) -> tuple[Dataset, int]:
    """The data set, and the number of images in the training part."""
    try:
        dataset = source.load(spec.dataset.name)
    except UnknownDataset as error:
        allowed = f"one of {', '.join(error.known)}"
        problem = FieldProblem("dataset.name", str(error), error.name, allowed)
        raise InvalidSpec([problem]) from None
    except DatasetError as error:
        raise InvalidSpec([FieldProblem("dataset.name", str(error), spec.dataset.name)]) from None
    try:
        images = training_count(spec, dataset)
    except DatasetError as error:
        raise InvalidSpec([FieldProblem("dataset.train_size", str(error))]) from None
    return dataset, images


def _problems_of_network(spec: SearchSpec, dataset: Dataset) -> Iterator[FieldProblem]:
    """Try the smallest values together, then each parameter's other ends alone."""
    first = {name: _ends(parameter)[0] for name, parameter in spec.space.items()}
    yield from _problem(spec, dataset, _applying(spec, first), "network")
    for name, parameter in spec.space.items():
        if name in TrainingSettings.model_fields:
            continue
        parents = {parent: values[0] for parent, values in (parameter.when or {}).items()}
        for value in _ends(parameter)[0 if parents else 1 :]:
            params = _applying(spec, {**first, **parents, name: value})
            yield from _problem(spec, dataset, params, f"space.{name}")


def _applying(spec: SearchSpec, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values whose conditions hold."""
    params: dict[str, Value] = {}
    for name, parameter in in_order(spec.space):
        if active(parameter, params):
            params[name] = values[name]
    return params


def _problem(
    spec: SearchSpec, dataset: Dataset, params: dict[str, Value], field: str
) -> Iterator[FieldProblem]:
    network, _ = spec.settings_for(params)
    try:
        output_shapes(network, dataset.shape, dataset.classes)
    except ImpossibleShape as error:
        yield FieldProblem(field, str(error), params.get(field.removeprefix("space.")), error.needs)


def _problems_of_size(spec: SearchSpec, dataset: Dataset, images: int) -> Iterator[FieldProblem]:
    """Whether a fixed network fits the memory, with the smallest batch where that is searched.

    Where numbers of the network are searched, a trial that does not fit ends by itself.
    """
    batch_size = spec.space.get("batch_size")
    if any(name not in TrainingSettings.model_fields for name in spec.space):
        return
    smallest = (
        spec.batch_size if batch_size is None else int(min(map(as_number, _ends(batch_size))))
    )
    try:
        check_size(spec.network, dataset.shape, dataset.classes, min(smallest, images))
    except NetworkTooLarge as error:
        field = "batch_size" if batch_size is None else "space.batch_size"
        allowed = f"a batch that needs {error.limit / 2**20:,.0f} MB at most"
        yield FieldProblem(field, str(error), smallest, allowed)


def _problems_of_memory(
    spec: SearchSpec, dataset: Dataset, images: int, limit: int | None
) -> Iterator[FieldProblem]:
    """Whether the smallest network of the space can be trained on a worker.

    A trial with a larger one that does not fit ends by itself, before it takes any memory.
    """
    params = _applying(spec, {name: _ends(each)[0] for name, each in spec.space.items()})
    network, training = spec.settings_for(params)
    batch_size = min(training.batch_size, images)
    taken = dataset.training.images.nbytes
    if spec.dataset.train_size is not None:
        taken = taken * spec.dataset.train_size // len(dataset.training)
    needed = footprint(network, training, dataset.shape, dataset.classes, batch_size, taken)
    try:
        check_footprint(network, batch_size, needed, limit)
    except LegTooLarge as error:
        parts = {"network": needed.vectors, "batch_size": needed.workspaces, "dataset": taken}
        field = max(parts, key=lambda part: parts[part])
        allowed = f"{error.limit / 2**20:,.0f} MB at most (HPSEARCH_WORKER_MEMORY)"
        yield FieldProblem(field, str(error), f"{error.needed / 2**20:,.0f} MB", allowed)


def _ends(parameter: Parameter) -> list[Value]:
    """The smallest and the largest number, and every choice that is not a number."""
    if not isinstance(parameter, CategoricalParameter):
        return [parameter.low, parameter.high]
    sizes = [each for each in parameter.choices if isinstance(each, int | float)]
    others = [each for each in parameter.choices if not isinstance(each, int | float)]
    ends = dict.fromkeys((min(sizes), max(sizes))) if sizes else ()
    return [*ends, *others]


def _problems_of_plan(spec: SearchSpec) -> Iterator[FieldProblem]:
    """Plan the first trials, as the search itself will: a few of them show whether it can.

    At random: every sampler takes its values from the same grids, and the library of the even
    spread takes a second to import, for which no request should wait.
    """
    few = {"cohort": min(spec.cohort, PLANNED), "sampler": Sampler(name="random")}
    planned = plan(spec.model_copy(update=few), History())
    if isinstance(planned, Done):
        epochs = round_epochs(spec, 0)
        message = f"is not enough for one trial of {epochs:g} epochs"
        yield FieldProblem(
            "budget.epochs", message, spec.budget.epochs, f"{epochs:g} or more, or no such limit"
        )
