"""Whether a job that came in a file can become one of this server."""

from datetime import datetime

from hpsearch.datasets.labels import MAX_CLASSES
from hpsearch.digest import digest, seal_of, seal_of_confirmation
from hpsearch.errors import InvalidJobFile
from hpsearch.history import History
from hpsearch.job_file import JobFile
from hpsearch.jobs import JOB_ID
from hpsearch.search.scale import contains
from hpsearch.trial import Trial

MAX_COUNT = 2**31 - 1
MAX_REPEAT = 1000


def check_importable(held: JobFile) -> None:
    """Raises InvalidJobFile if the job cannot become one of a server, or says two things at once.

    Its trials are what they were when they ended (their seals), and the whole comes to its digest.
    """
    facts, history = held.facts, held.history
    for job_id in (facts.id, *(each.id for each in history.prior)):
        if not JOB_ID.fullmatch(job_id):
            raise InvalidJobFile(f"{job_id[:40]!r} is not a job id")
    counts = facts.baseline or ()
    if len(counts) > MAX_CLASSES or not all(0 <= each <= MAX_COUNT for each in counts):
        raise InvalidJobFile("its validation part has impossible numbers of images")
    if not history.counts_hold():
        raise InvalidJobFile("its validation part has other numbers of images than recorded")
    if not facts.state.ended:
        raise InvalidJobFile(f"job {facts.id} is {facts.state.value}: only ended jobs are imported")
    for text in (facts.created_at, facts.started_at, facts.finished_at):
        _check_moment(text)
    for place, each in enumerate(history.rounds):
        if each.index != place:
            raise InvalidJobFile(f"round {place} is missing")
    cohort = 0
    for number, trial in enumerate(history.trials):
        _check_trial(held, number, trial, cohort)
        cohort = trial.cohort
    _check_confirmations(history)
    if digest(held.spec, history, facts.stop_reason, facts.data) != facts.digest:
        raise InvalidJobFile("what it holds does not come to its digest")


def _check_trial(held: JobFile, number: int, trial: Trial, cohort: int) -> None:
    if trial.number != number or trial.ending is None:
        raise InvalidJobFile(f"trial {number} is missing, or has not ended")
    if not 0 <= trial.round < len(held.history.rounds) or not (
        cohort <= trial.cohort <= cohort + 1
    ):
        raise InvalidJobFile(f"trial {number} has an impossible round or cohort")
    space = held.spec.space
    if not all(
        name in space and contains(space[name], trial.params[name]) for name in trial.params
    ):
        raise InvalidJobFile(f"trial {number} has parameters that are not in the job's space")
    steps = [report.step for report in trial.reports]
    if steps != sorted(set(steps)) or not all(0 <= step <= MAX_COUNT for step in steps):
        raise InvalidJobFile(f"trial {number} has reports whose steps do not ascend")
    sealed = held.facts.seals.get(number)
    if sealed is not None and sealed != seal_of(trial):
        raise InvalidJobFile(f"trial {number} was changed after it had ended: its seal broke")


def _check_confirmations(history: History) -> None:
    known = {trial.number for trial in history.trials}
    keys = {each.key for each in history.confirmations}
    if len(keys) < len(history.confirmations) or not {key[1] for key in keys} <= known:
        raise InvalidJobFile("it confirms a trial that it does not have, or one training twice")
    for found in history.confirmations:
        if found.seal not in (None, seal_of_confirmation(found)):
            raise InvalidJobFile(
                f"the confirmation of trial {found.trial} ({found.stage.value} {found.repeat}) was "
                "changed after it was recorded: its seal broke"
            )
    if not all(0 <= each.repeat <= MAX_REPEAT for each in history.confirmations):
        raise InvalidJobFile(f"a confirmation has a repeat beyond {MAX_REPEAT}")


def _check_moment(text: str | None) -> None:
    try:
        aware = text is None or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise InvalidJobFile(f"{str(text)[:40]!r} is not a time with its zone")
