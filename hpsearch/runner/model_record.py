"""What is on record of a model, and whether a training again came to the same."""

import hashlib
import json
import math

from hpsearch.errors import DataChanged, FieldProblem, NoModel
from hpsearch.jobs import Job
from hpsearch.runner.data_pool import Loaded
from hpsearch.runner.model_cache import Made
from hpsearch.training.model_file import FORMAT
from hpsearch.trial import Report, Trial

PICTURES = "pictures 1"  # another number once others are drawn


def check_has_model(job: Job, trial: Trial) -> None:
    """Raises NoModel that says why."""
    if trial.ending is None:
        raise NoModel(job.id, trial.number, "it is still being trained")
    if not trial.reports:
        raise NoModel(job.id, trial.number, f"it ended before its first report: {_why(trial)}")
    if math.isnan(trial.reports[-1].value):
        raise NoModel(job.id, trial.number, f"its training left the finite numbers: {_why(trial)}")


def key_of(job: Job, trial: Trial, names: tuple[str, ...], pictures: bool) -> str:
    """Names the bytes of a model, or of its pictures: what they are a function of."""
    last = trial.reports[-1]
    data = None if job.data is None else [job.data.dataset, job.data.split]
    drawn = [PICTURES] if pictures else []
    facts = [*drawn, FORMAT, job.id, trial.number, last.step, last.weights, data, names]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def differences(job: Job, made: Made) -> list[FieldProblem]:
    """What did not come out as recorded, and what is not the same in both environments."""
    then, now = job.environment, made.environment
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    lines = [
        FieldProblem(
            f"environment.{name}",
            "is not the one on record",
            now.get(name, "unknown"),
            then.get(name, "unknown"),
        )
        for name in names
    ]
    if not names:
        lines = [FieldProblem("environment", "is the same now as on record")]
    return [FieldProblem("report", made.difference or ""), *lines]


def _why(trial: Trial) -> str:
    return "" if trial.ending is None else trial.ending.reason


def difference_of(recorded: Report, found: Report) -> str | None:
    if recorded.confirmed_by(found):
        return None
    if recorded.weights is not None and recorded.weights != found.weights:
        pair = (str(found.weights)[:16], recorded.weights[:16])
        return f"at step {found.step} the weights are {pair[0]}…, on record are {pair[1]}…"
    return f"at step {found.step} the value is {found.value!r}, on record is {recorded.value!r}"


def check_data(job: Job, loaded: Loaded) -> None:
    """Raises DataChanged; jobs of before the hashes were recorded have none to compare."""
    recorded, found = job.data, loaded.hashes
    if recorded is not None and recorded != found:
        raise DataChanged(job.spec.dataset.name, recorded.dataset, found.dataset)
