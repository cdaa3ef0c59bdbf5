"""Everything that can go wrong, as a vocabulary.

Each class carries the facts a person needs to act (which field, what came, what is allowed). None
knows a status code; the HTTP edge maps classes to codes in one table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class HpsearchError(Exception):
    """Base of all errors that hpsearch raises on purpose. They pass between processes whole."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would call the class with the message, which is not what it is made of.
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(
    kind: type[HpsearchError], args: tuple[object, ...], facts: dict[str, object]
) -> HpsearchError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with one field of a request.

    `field` is a dotted path (`space.learning_rate.low`), `got` what came, `allowed` what may come.
    """

    field: str
    message: str
    got: object = None
    allowed: str | None = None

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidSpec(HpsearchError):
    """A search spec that cannot be run; `problems` names every field at fault."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class ImpossibleShape(HpsearchError):
    """A network layer cannot take the shape that arrives at it."""

    def __init__(self, layer: int, name: str, arrived: tuple[int, ...], needs: str) -> None:
        self.layer = layer
        self.name = name
        self.arrived = arrived
        self.needs = needs
        shape = " × ".join(str(size) for size in arrived)
        super().__init__(f"layer {layer} ({name}) cannot take {shape}: it needs {needs}")


class NetworkTooLarge(HpsearchError):
    """A network's workspaces for one batch would take more memory than a trial may."""

    def __init__(self, network: str, batch_size: int, needed: int, limit: int) -> None:
        self.network = network
        self.batch_size = batch_size
        self.needed = needed
        self.limit = limit
        super().__init__(
            f"{network} with batch_size {batch_size} would need {needed / 2**20:,.0f} MB of "
            f"workspaces; the limit is {limit / 2**20:,.0f} MB (a large batch goes through in "
            "parts, but not with batch_norm)"
        )


class LegTooLarge(HpsearchError):
    """Training a network would take more memory than a worker has for it."""

    def __init__(self, network: str, batch_size: int, needed: int, limit: int) -> None:
        self.network = network
        self.batch_size = batch_size
        self.needed = needed
        self.limit = limit
        super().__init__(
            f"training {network} with batch_size {batch_size} would need {needed / 2**20:,.0f} MB "
            "of memory for parameters, gradients, the optimizer, copies of them, workspaces and "
            f"images; a worker has {limit / 2**20:,.0f} MB for it"
        )


class DatasetError(HpsearchError):
    """A data set that is missing or unusable; the message says what the user can do."""


class DatasetRefused(DatasetError):
    """A file or folder that cannot become a data set; `problems` says all that is wrong with it."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        several = f" has {len(problems)} problems" if len(problems) > 1 else ""
        super().__init__(f"{source}{several}: {'; '.join(problems)}")


class DataChanged(DatasetError):
    """A data set that is not the one that a job began with."""

    def __init__(self, name: str, recorded: str, found: str) -> None:
        super().__init__(
            f"{name} has changed since the job began: its SHA-256 was {recorded[:12]}…, now it is "
            f"{found[:12]}…; start a new job with the data as it is"
        )


class UnknownDataset(DatasetError):
    """No data set of that name is in the catalogue."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"no data set is named {name!r}; there are: {', '.join(known) or 'none'}")


class JobNotFound(HpsearchError):
    """No job has that id."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"no job has the id {job_id!r}")


class TrialNotFound(HpsearchError):
    """The job has no trial of that number."""

    def __init__(self, job_id: str, number: int) -> None:
        self.job_id = job_id
        self.number = number
        super().__init__(f"job {job_id!r} has no trial {number}")


class JobStateConflict(HpsearchError):
    """The job's state does not allow what was asked."""

    def __init__(self, job_id: str, state: str, verb: str) -> None:
        self.job_id = job_id
        self.state = state
        self.verb = verb
        super().__init__(f"job {job_id!r} is {state}: it cannot {verb} now")


class JobNotRunnable(HpsearchError):
    """This version cannot run the job: it cannot read the spec that another one stored."""

    def __init__(self, job_id: str, reason: str) -> None:
        self.job_id = job_id
        self.reason = reason
        super().__init__(f"this version cannot run job {job_id!r}: {reason}; clone it with changes")


class TrialsGone(JobNotRunnable):
    """The job's trials are gone: another program deleted its Optuna study."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.reason = "its trials are gone: another program deleted its Optuna study"
        HpsearchError.__init__(self, f"job {job_id!r}: {self.reason}")


class LeadershipLost(HpsearchError):
    """Another server runs the jobs by now: what this one was about to record was not written."""

    def __init__(self) -> None:
        super().__init__("another server runs the jobs of this database by now")


class OtherTrials(HpsearchError):
    """Two plans gave the same numbers to different trials; what is on record stays."""

    def __init__(self, job_id: str, numbers: Sequence[int]) -> None:
        self.job_id = job_id
        self.numbers = tuple(numbers)
        super().__init__(
            f"trials {numbers[0]} to {numbers[-1]} of job {job_id!r} are on record with other "
            "parameters than those that were to be tried"
        )


class VersionConflict(HpsearchError):
    """The job has changed since the version that the request was meant for."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id!r} has changed meanwhile: look at it again")


class JobInUse(HpsearchError):
    """Other jobs start from the trials of this one, so it cannot be deleted before them."""

    def __init__(self, job_id: str, later: Sequence[str]) -> None:
        self.job_id = job_id
        self.later = tuple(later)
        super().__init__(
            f"job {job_id!r} cannot be deleted: {', '.join(later)} start from its trials; delete "
            "those first"
        )


class EnqueuedTrialsLimit(HpsearchError):
    """As many trials wait to be tried as may."""

    def __init__(self, job_id: str, limit: int) -> None:
        self.job_id = job_id
        self.limit = limit
        super().__init__(
            f"{limit:,} enqueued trials of job {job_id!r} wait already, which is the most that may"
        )


class IdempotencyConflict(HpsearchError):
    """The same idempotency key came with another body."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the idempotency key {key!r} was used before with another request body")


class DatabaseUnavailable(HpsearchError):
    """The database cannot be reached or written just now; the same call may go through later."""


class DiskFull(DatabaseUnavailable):
    """The database's disk is full; writing goes on by itself once there is room."""

    def __init__(self) -> None:
        super().__init__("the database's disk is full: nothing was written; make room on it")


class UnusableDatabase(HpsearchError):
    """The database cannot serve this program, however often it is tried; the message says why."""


class UnreadableModel(HpsearchError):
    """A file that is not a model, or one of another version; the message says which."""


class InvalidJobFile(HpsearchError):
    """A file that is not a job's, or says what cannot be; the message says what is wrong."""


class ImportConflict(HpsearchError):
    """A job cannot be brought in beside what is here."""

    def __init__(self, job_id: str, reason: str) -> None:
        super().__init__(f"job {job_id!r}: {reason}")


class NoModel(HpsearchError):
    """The trial has no network: it runs still, or its training left the finite numbers."""

    def __init__(self, job_id: str, number: int | None, reason: str) -> None:
        who = f"job {job_id!r}" if number is None else f"trial {number} of job {job_id!r}"
        super().__init__(f"{who} has no model: {reason}")


class DifferentModel(HpsearchError):
    """Trained again, the trial came out other than recorded; `problems` says what differs."""

    def __init__(self, job_id: str, number: int, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"trial {number} of job {job_id!r}, trained again, came out other than recorded; "
            "?accept=different gives it nevertheless"
        )


class ModelsBusy(HpsearchError):
    """As many models are being trained again as may wait."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} models are being trained again already; ask later")


class WorkerLost(HpsearchError):
    """The workers that ran this task died, each time it was tried."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        super().__init__(f"worker lost: {tries} workers died while they ran this task")


class EngineLost(HpsearchError):
    """The cluster that trained is gone; what was in flight must be submitted to a new one."""


class AnswerRefused(HpsearchError):
    """A worker answered something else than it was asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a worker's answer was refused: {reason}")
        self.reason = reason


class WorkerNotPinned(HpsearchError):
    """A worker that says it is pinned, but would not give the bits of other processors."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a worker is not pinned as a portable server needs it: {reason}")
        self.reason = reason


class EstimateNotFound(HpsearchError):
    """No estimate has this id, or it is too old to be kept."""

    def __init__(self, estimate_id: str) -> None:
        self.estimate_id = estimate_id
        super().__init__(f"no estimate has the id {estimate_id!r}; it may be too old")


class EngineUnavailable(HpsearchError):
    """No cluster can be reached or started; the message says which and why."""


class MalformedJson(HpsearchError):
    """A text that should be JSON and is not; the message says where it breaks."""


class InvalidSettings(HpsearchError):
    """A setting of the server (an option or a HPSEARCH_ variable) that it cannot start with."""


class TokenError(HpsearchError):
    """A token that cannot be made or revoked; the message says why."""


class NotAllowed(HpsearchError):
    """Whoever asked may not do this; the message says who may."""


class QuotaExceeded(HpsearchError):
    """Whoever asked has as much of something as one owner may have."""


class ServiceError(HpsearchError):
    """A server did not answer, or answered that something is wrong; `lines` say it to a person."""

    def __init__(self, lines: Sequence[str], status: int | None = None) -> None:
        self.lines = tuple(lines)
        self.status = status
        super().__init__("\n".join(self.lines))
