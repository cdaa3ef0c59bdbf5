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
    name: str | None


class WishChangedEvent(EventData):
    wish: str
    """run, pause or cancel"""


class BudgetChangedEvent(EventData):
    budget: dict[str, Any]


class PriorityChangedEvent(EventData):
    priority: float


class LabelsChangedEvent(EventData):
    labels: list[str]


class ArchivedChangedEvent(EventData):
    archived: bool


class TrialEnqueuedEvent(EventData):
    params: dict[str, Value]


class StateChangedEvent(EventData):
    state: str
    stop_reason: str | None


class RoundOpenedEvent(EventData):
    round: int
    reason: str
    epochs: float


class TrialStartedEvent(EventData):
    number: int
    round: int
    cohort: int
    params: dict[str, Value]


class TrialReportedEvent(EventData):
    number: int
    step: int
    """Training so far in hundredths of an epoch."""
    epoch: float
    value: float | None
    """Null once diverged."""
    loss: float | None
    """Null once diverged."""


class TrialConfirmedEvent(EventData):
    number: int
    stage: str
    """repeat: on a fresh split of the training data; test: on all of it, scored on test data."""
    repeat: int
    value: float | None
    """What the objective names; null if it diverged or could not be trained."""
    problem: str | None


class TrialEndedEvent(EventData):
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
