"""`hpsearch compare`: which of several searches found more, and how their specs differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from hpsearch.cli.output import out, print_json, print_table
from hpsearch.cli.tables import printable
from hpsearch.errors import InvalidSettings
from hpsearch.search.intervals import mean
from hpsearch.search.replicates import Group, compare, groups_of, specs_differ, told
from hpsearch.spec.objective import Objective

Answer = Mapping[str, Any]


def compare_jobs(jobs: Sequence[Answer], as_json: bool) -> None:
    """Print groups of replicates, the first beside each of the others.

    Raises InvalidSettings for fewer than two jobs, or if they make different things good.
    """
    by_id = {job["id"]: job for job in jobs}
    if len(by_id) < 2:
        raise InvalidSettings("compare needs at least two jobs")
    objectives = {job["spec"].get("objective", "accuracy") for job in by_id.values()}
    if len(objectives) > 1:
        raise InvalidSettings(f"the jobs have different objectives: {', '.join(objectives)}")
    objective = Objective(objectives.pop())
    ids = groups_of({job_id: job["spec"] for job_id, job in by_id.items()})
    names = [by_id[each[0]]["name"] or each[0] for each in ids]
    groups = [
        _group(
            name if names.count(name) == 1 else f"{name} ({each[0]})",
            [by_id[job_id] for job_id in each],
        )
        for name, each in zip(names, ids, strict=True)
    ]
    ratio = max(_ratio(job["spec"]) for job in by_id.values())
    verdicts = [
        told(groups[0], other, objective, compare(groups[0], other, objective, ratio))
        for other in groups[1:]
    ]
    differences = specs_differ([by_id[each[0]]["spec"] for each in ids])
    if as_json:
        print_json(_as_json(ids, groups, verdicts, differences))
        return
    table = Table("search", "jobs", f"best {objective.words}", "of ended jobs")
    for each, group in zip(ids, groups, strict=True):
        found = f"{mean([*group.values.values()]):.4f}" if group.values else "–"
        table.add_row(printable(group.name), " ".join(each), found, str(len(group.values)))
    print_table(out, table)
    for name, values in differences:
        out.print(printable(f"{name}: {' | '.join(values)}"), highlight=False, soft_wrap=True)
    for sentence in verdicts:
        out.print(printable(sentence), highlight=False, soft_wrap=True)


def _group(name: str, jobs: Sequence[Answer]) -> Group:
    """values: the best of each that has ended, by seed."""
    ended = [job for job in jobs if job["finished_at"] is not None and job["best"]]
    values = {int(job["spec"].get("seed", 0)): float(job["best"]["value"]) for job in ended}
    return Group(name, values)


def _ratio(spec: Answer) -> float:
    """Validation images over training images."""
    fraction = float(spec.get("validation", {}).get("fraction", 0.5))
    return fraction / (1 - fraction)


def _as_json(
    ids: Sequence[Sequence[str]],
    groups: Sequence[Group],
    verdicts: Sequence[str],
    differences: Sequence[tuple[str, Sequence[str]]],
) -> Answer:
    found = [
        {"name": group.name, "jobs": each, "best": [*group.values.values()]}
        for each, group in zip(ids, groups, strict=True)
    ]
    return {"searches": found, "verdicts": verdicts, "differences": dict(differences)}
