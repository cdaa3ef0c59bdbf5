"""What can happen in a job: the data of each kind of event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.schemas.base import Answer
from hpsearch.spec.space import Value
from storage.events import EventKind


class EventData(Answer):
    """What every event says."""

    at: datetime


class JobCreatedEvent(EventData):
    """The job was accepted."""

    name: str | None


class WishChangedEvent(EventData):
    """Somebody paused, resumed or cancelled the job; the state follows."""

    wish: str
    """run, pause or cancel"""


class BudgetChangedEvent(EventData):
    """The budget is another one."""

    budget: dict[str, Any]


class PriorityChangedEvent(EventData):
    """The job gets another share of the workers."""

    priority: float


class LabelsChangedEvent(EventData):
    """The labels are others."""

    labels: list[str]


class ArchivedChangedEvent(EventData):
    """The job was archived, or is listed again."""

    archived: bool


class TrialEnqueuedEvent(EventData):
    """Somebody wants a trial of these parameters."""

    params: dict[str, Value]


class StateChangedEvent(EventData):
    """The job is queued, running, paused, completed, cancelled or failed."""

    state: str
    stop_reason: str | None


class RoundOpenedEvent(EventData):
    """A round begins: why it samples where it does, and how long its trials may train."""

    round: int
    reason: str
    epochs: float


class TrialStartedEvent(EventData):
    """A trial was proposed, and trains."""

    number: int
    round: int
    cohort: int
    params: dict[str, Value]


class TrialReportedEvent(EventData):
    """A trial was scored on the validation part."""

    number: int
    step: int
    """Training so far in hundredths of an epoch."""
    epoch: float
    value: float | None
    """Null once diverged."""
    loss: float | None
    """Null once diverged."""


class TrialConfirmedEvent(EventData):
    """A trial was trained again for the certificate."""

    number: int
    stage: str
    """repeat: on a fresh split of the training data; test: on all of it, scored on test data."""
    repeat: int
    value: float | None
    """What the objective names; null if it diverged or could not be trained."""
    problem: str | None


class TrialEndedEvent(EventData):
    """A trial ended: how, and why."""

    number: int
    state: str
    outcome: str
    reason: str
    value: float | None
    """Null where the trial did not complete."""
    epochs: float


EVENTS: Mapping[EventKind, type[EventData]] = {
    EventKind.JOB_CREATED: JobCreatedEvent,
    EventKind.WISH_CHANGED: WishChangedEvent,
    EventKind.BUDGET_CHANGED: BudgetChangedEvent,
    EventKind.PRIORITY_CHANGED: PriorityChangedEvent,
    EventKind.LABELS_CHANGED: LabelsChangedEvent,
    EventKind.ARCHIVED_CHANGED: ArchivedChangedEvent,
    EventKind.TRIAL_ENQUEUED: TrialEnqueuedEvent,
    EventKind.STATE_CHANGED: StateChangedEvent,
    EventKind.ROUND_OPENED: RoundOpenedEvent,
    EventKind.TRIAL_STARTED: TrialStartedEvent,
    EventKind.TRIAL_REPORTED: TrialReportedEvent,
    EventKind.TRIAL_CONFIRMED: TrialConfirmedEvent,
    EventKind.TRIAL_ENDED: TrialEndedEvent,
}
"""The schema of each kind; `event:` of the stream names the kind."""
