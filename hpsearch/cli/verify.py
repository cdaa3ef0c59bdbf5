"""`hpsearch verify`: trains a few trials of a job again and compares them with its answers."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpsearch.cli.output import print_json, print_table
from hpsearch.client import Client
from hpsearch.datasets.catalogue import Catalogue
from hpsearch.datasets.split import split_for
from hpsearch.environment import PORTABLE, environment, not_portable
from hpsearch.errors import ServiceError
from hpsearch.history import Report
from hpsearch.portable import asked_for, restart_pinned
from hpsearch.spec.stored import SPEC_VERSION, Unreadable, read_stored
from hpsearch.verification import Verdict, sample, verify

Answer = Mapping[str, Any]


def verify_job(
    client: Client, job_id: str, count: int, source: Catalogue, out: Console, as_json: bool
) -> bool:
    """Print what came of `count` trials that were trained again here; True if all agree."""
    job = client.job(job_id)
    if job["environment"].get("kernels") == PORTABLE and not_portable() and not asked_for():
        restart_pinned()
    spec = read_stored(json.dumps(job["spec"]), SPEC_VERSION)
    if isinstance(spec, Unreadable):
        raise ServiceError([f"the spec of job {job_id} cannot be run here: {spec.reason}"])
    reported = {trial["number"]: trial for trial in client.trials(job_id) if trial["reports"]}
    if not reported:
        raise ServiceError([f"job {job_id} has no trial that reported yet"])
    data = split_for(spec, source.load(spec.dataset.name))
    verdicts = []
    for number in sample(sorted(reported), count, spec.seed):
        out.print(f"training trial {number} again", highlight=False)
        trial = reported[number]
        reports = [_report(answer) for answer in trial["reports"]]
        verdicts.append(verify(spec, data, number, trial["params"], reports))
    same = all(verdict.same for verdict in verdicts)
    if as_json:
        print_json({"same": same, "trials": [_answer(verdict) for verdict in verdicts]})
    else:
        _print(out, verdicts)
    if not same:
        _print_differences(out, job["environment"])
    return same


def _report(answer: Answer) -> Report:
    """A report as it was answered; of a trial that went on, null scores were never recorded."""
    value, loss = (math.nan if answer[key] is None else answer[key] for key in ("value", "loss"))
    absent = math.nan if math.isnan(value) else None
    scores = {
        name: absent if answer.get(name) is None else answer[name]
        for name in ("accuracy", "balanced_accuracy", "macro_f1")
    }
    weights = answer.get("weights")
    return Report(answer["step"], answer["epoch"], value, loss, **scores, weights=weights)


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
