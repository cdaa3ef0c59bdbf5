"""Another budget for a search that is there already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpsearch.errors import FieldProblem, InvalidSpec
from hpsearch.spec.merge_patch import merge_patch
from hpsearch.spec.parts import LIMITS, Budget
from hpsearch.spec.problems import parse
from hpsearch.spec.search import SearchSpec, problems_of_objective


@dataclass(frozen=True)
class EarlierBudget:
    """A budget that a search had before another took its place.

    until: how many trials the search had then; those from that number on may go by the next one.
    """

    budget: Budget
    until: int


def with_budget(spec: SearchSpec, patch: Mapping[str, Any]) -> SearchSpec:
    """The spec with a merge patch (RFC 7396) laid over its budget.

    Raises InvalidSpec that names a field of the budget, and if no limit is left: who takes the
    last one away is not given the default of a new search instead.
    """
    merged = merge_patch(spec.budget.model_dump(mode="json"), patch)
    check_limited(merged)
    changed = spec.model_copy(update={"budget": parse(Budget, merged, "budget")})
    problems = [each for each in problems_of_objective(changed) if each.field == "budget.target"]
    if problems:
        raise InvalidSpec(problems)
    return changed


def check_limited(budget: Mapping[str, Any]) -> None:
    """Raises InvalidSpec if a budget that a patch was laid over ends no search."""
    if all(budget.get(limit) is None for limit in LIMITS):
        message = f"has no limit left: give one of {', '.join(LIMITS)} with the change"
        raise InvalidSpec([FieldProblem("budget", message, None)])
