"""A job: one search that somebody asked for, and how far it is."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hpsearch.errors import JobNotRunnable, JobStateConflict, TrialsGone
from hpsearch.history import TOO_MANY_FAILURES, DataHashes
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.spec.space import Value
from hpsearch.spec.stored import Unreadable
from hpsearch.trial import Outcome

ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
ID_LENGTH = 10  # 50 random bits
JOB_ID = re.compile(f"[{ID_ALPHABET}]{{{ID_LENGTH}}}")


def new_id() -> str:
    """Of a job: at random."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (JobState.COMPLETED, JobState.CANCELLED, JobState.FAILED)


class JobOrder(StrEnum):
    """newest and oldest: by when they were created. best: by value; time: the longest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    BEST = "best"
    TIME = "time"


class RequestedState(StrEnum):
    """What the user wants of a job; the dispatcher makes it so."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


VERBS = {
    RequestedState.RUN: "be resumed",
    RequestedState.PAUSE: "be paused",
    RequestedState.CANCEL: "be cancelled",
}


@dataclass(frozen=True)
class Job:
    """One search. Times are UTC and aware.

    stored_spec: its spec, or why this version cannot read what an earlier or later one stored.
    study: the name of its Optuna study. seconds: of running, up to the last stop or end.
    priority: the share of the workers that it gets beside other jobs; 1 is normal.
    environment: what its bits depend on (versions, processor), recorded when it started.
    data: which data it trains on, recorded when it started; None before, and in jobs that ended
    before it was recorded.
    warm_start: ids of the earlier jobs whose trials it knows.
    owner: the name of whoever submitted it; None in jobs from before there were owners.
    labels: words of its owner to find it by; no part of what is searched, nor of the digest.
    archived: whether lists leave it out unless they are asked for it.
    waits_for: what keeps a queued job from starting, if not that others come first.
    """

    id: str
    stored_spec: SearchSpec | Unreadable
    state: JobState
    wish: RequestedState
    study: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stop_reason: str | None = None
    waits_for: str | None = None
    seconds: float = 0.0
    priority: float = 1.0
    version: int = 0
    """Counts up with every change; an entity tag."""
    warm_start: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    data: DataHashes | None = None
    trials_gone: bool = False
    """Whether another program, such as Optuna's own tool, deleted its study."""
    owner: str | None = None
    labels: tuple[str, ...] = ()
    archived: bool = False
    earlier_budgets: tuple[EarlierBudget, ...] = ()
    """Those before the one of its spec, the oldest first."""

    @property
    def spec(self) -> SearchSpec:
        """Raises JobNotRunnable for a job whose stored spec this version cannot read.

        And TrialsGone, which is one, for a job whose study was deleted.
        """
        self.refuse_without_trials()
        if isinstance(self.stored_spec, Unreadable):
            raise JobNotRunnable(self.id, self.stored_spec.reason)
        return self.stored_spec

    @property
    def problem(self) -> str | None:
        """Why this version cannot run the job; None if it can."""
        if self.trials_gone:
            return TrialsGone(self.id).reason
        return self.stored_spec.reason if isinstance(self.stored_spec, Unreadable) else None

    @property
    def name(self) -> str | None:
        if not isinstance(self.stored_spec, Unreadable):
            return self.stored_spec.name
        name = self.spec_as_json().get("name")
        return name if isinstance(name, str) else None

    @property
    def objective(self) -> Objective:
        """What its trials are compared by; also of a spec that this version cannot run."""
        if not isinstance(self.stored_spec, Unreadable):
            return self.stored_spec.objective
        named = self.spec_as_json().get("objective")
        return next((each for each in Objective if each == named), Objective.ACCURACY)

    def spec_as_json(self) -> dict[str, Any]:
        """The spec as JSON values; as it was stored if this version cannot read it."""
        if not isinstance(self.stored_spec, Unreadable):
            return self.stored_spec.canonical()
        try:
            found = json.loads(self.stored_spec.raw)
        except json.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    def changes_with(self, wish: RequestedState) -> bool:
        """Whether the wish is new; raises JobStateConflict if the job cannot follow it.

        Raises JobNotRunnable if it shall run and this version cannot run it. A job that was
        cancelled stays cancelled, also while it is still being stopped. One that failed through an
        error, not by its budget of failures, may run again: the cause may be gone.
        """
        if self.state.ended:
            if self.state is JobState.CANCELLED and wish is RequestedState.CANCEL:
                return False
            if wish is RequestedState.RUN and self._failed_through_an_error():
                self._refuse_unrunnable()
                return True
            raise JobStateConflict(self.id, self.state.value, VERBS[wish])
        if self.wish is wish:
            return False
        if self.wish is RequestedState.CANCEL:
            raise JobStateConflict(self.id, "being cancelled", VERBS[wish])
        if wish is RequestedState.RUN:
            self._refuse_unrunnable()
        return True

    def _failed_through_an_error(self) -> bool:
        return self.state is JobState.FAILED and self.stop_reason != TOO_MANY_FAILURES

    def _refuse_unrunnable(self) -> None:
        if self.problem is not None:
            self.refuse_without_trials()
            raise JobNotRunnable(self.id, self.problem)

    def refuse_without_trials(self) -> None:
        """Raises TrialsGone for a job whose study was deleted: nothing can be made of it."""
        if self.trials_gone:
            raise TrialsGone(self.id)

    def refuse_ended(self, verb: str) -> None:
        """Raises JobStateConflict for a job that has ended."""
        if self.state.ended:
            raise JobStateConflict(self.id, self.state.value, verb)

    def refuse_failed(self, verb: str) -> None:
        """Raises JobStateConflict for a job that failed."""
        if self.state is JobState.FAILED:
            raise JobStateConflict(self.id, self.state.value, verb)


@dataclass(frozen=True)
class Best:
    """A good trial."""

    number: int
    value: float
    params: Mapping[str, Value]


@dataclass(frozen=True)
class Progress:
    """How far a job is. planned: trials in all, None if no number of trials is set.

    failed: trials that ended for reasons other than their parameters. stopped: those that the end
    of the job cut short. waiting: points of the user's that no trial has taken up.
    """

    planned: int | None
    running: int
    complete: int
    pruned: int
    failed: int
    stopped: int
    round: int
    rounds: int
    epochs: float
    waiting: int = 0

    def untried(self, state: JobState, stop_reason: str | None) -> str | None:
        """Why points of the user's were not tried, in words; None if all were, or still may be."""
        if not self.waiting or not state.ended:
            return None
        points = "1 point" if self.waiting == 1 else f"{self.waiting} points"
        return f"{points} that you enqueued were not tried: the job had ended ({stop_reason})"

    def why_no_best(self, state: JobState) -> str | None:
        """In words, for a job in this state; None if there is a best trial."""
        if self.complete:
            return None
        if not state.ended:
            return "no trial has been trained to its end yet"
        counts = {
            "pruned, stuck or diverged": self.pruned,
            "cut short by the end of the job": self.stopped,
            "failed": self.failed,
        }
        found = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
        return f"no trial was trained to its end: {found or 'none had begun'}"


@dataclass(frozen=True)
class PruningErrors:
    """What became of the trials that only `pruner.control` saved from being cut.

    spared: how many trained to the end, in rounds where the pruner let others through. in_error: of
    these, how many ended above the median of those others. above_best: how many above all of them.
    low, high: the 95 % interval of the share in_error / spared (Wilson 1927, "Probable inference,
    the law of succession, and statistical inference"); None as long as nobody was spared.
    """

    spared: int
    in_error: int
    above_best: int
    low: float | None = None
    high: float | None = None

    @property
    def share(self) -> float | None:
        return self.in_error / self.spared if self.spared else None


@dataclass(frozen=True)
class JobView:
    """A job, how far it is and its best trial, all at one moment."""

    job: Job
    progress: Progress
    best: Best | None
    study_id: int
    """The id of its Optuna study, as the dashboard's addresses need it."""
    pruning_errors: PruningErrors | None = None
    """What the control group says of the pruner; None in a job that has none."""


def outcome_of_trials(state: JobState) -> Outcome:
    """How trials end that still run when their job ends in this state."""
    return Outcome.CANCELLED if state is JobState.CANCELLED else Outcome.CUT_SHORT
