"""Whether a search can be run at all, said before it is stored."""

from collections.abc import Iterator
from importlib.util import find_spec

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.spec.search import SearchSpec

EXTRAS = {"gp": ("torch", "scipy")}
"""Packages that a sampler needs and that are not always installed."""


def check(spec: SearchSpec) -> None:
    """Raises InvalidSpec where the sampler or the pruner cannot do what the spec asks."""
    problems = list(_problems(spec))
    if problems:
        raise InvalidSpec(problems)


def _problems(spec: SearchSpec) -> Iterator[FieldProblem]:
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
