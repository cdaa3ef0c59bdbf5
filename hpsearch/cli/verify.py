"""`hpsearch verify`: trains a few trials of a job again and compares them with its answers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpsearch.cli.output import print_json, print_table
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.split import split_for
from hpsearch.environment import PORTABLE, environment, not_portable
from hpsearch.errors import ServiceError
from hpsearch.job_file import JobFile
from hpsearch.portable import asked_for, restart_pinned
from hpsearch.verification import Verdict, sample, verify

Answer = Mapping[str, Any]


def verify_job(held: JobFile, count: int, source: Catalogue, out: Console, as_json: bool) -> bool:
    """Print what came of `count` trials that were trained again here; True if all agree."""
    facts, spec = held.facts, held.spec
    if facts.environment.get("kernels") == PORTABLE and not_portable() and not asked_for():
        restart_pinned()
    reported = {trial.number: trial for trial in held.history.trials if trial.reports}
    if not reported:
        raise ServiceError([f"job {facts.id} has no trial that reported yet"])
    data = split_for(spec, source.load(spec.dataset.name))
    verdicts = []
    for number in sample(sorted(reported), count, spec.seed):
        out.print(f"training trial {number} again", highlight=False)
        trial = reported[number]
        verdicts.append(verify(spec, data, number, trial.params, trial.reports))
    same = all(verdict.same for verdict in verdicts)
    if as_json:
        print_json({"same": same, "trials": [_answer(verdict) for verdict in verdicts]})
    else:
        _print(out, verdicts)
    if not same:
        _print_differences(out, facts.environment)
    return same


def _print(out: Console, verdicts: Sequence[Verdict]) -> None:
    table = Table("trial", "reports", "result", "recorded", "trained again")
    for verdict in verdicts:
        result = "the same" if verdict.same else "different"
        pair = (verdict.recorded, verdict.trained)
        shown = [f"{report.value!r} at {report.step}" if report else "" for report in pair]
        table.add_row(str(verdict.number), str(verdict.reports), result, *shown)
    print_table(out, table)


def _answer(verdict: Verdict) -> Answer:
    """As JSON; `recorded` and `trained` are the first accuracies that differ, null for diverged."""
    pair = {"recorded": verdict.recorded, "trained": verdict.trained}
    values = {name: report and _finite(report.value) for name, report in pair.items()}
    return {"number": verdict.number, "reports": verdict.reports, "same": verdict.same, **values}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _print_differences(out: Console, there: Mapping[str, str]) -> None:
    """Name what is not the same here, as far as bits depend on it."""
    here = environment()
    for name in sorted({*here, *there}):
        if here.get(name) != there.get(name):
            text = f"{name}: there {there.get(name)}, here {here.get(name)}"
            out.print(text, highlight=False, soft_wrap=True)
