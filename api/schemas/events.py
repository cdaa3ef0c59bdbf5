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
    EventKind.TRIAL_ENQUEUED: TrialEnqueuedEvent,
    EventKind.STATE_CHANGED: StateChangedEvent,
    EventKind.ROUND_OPENED: RoundOpenedEvent,
    EventKind.TRIAL_STARTED: TrialStartedEvent,
    EventKind.TRIAL_REPORTED: TrialReportedEvent,
    EventKind.TRIAL_ENDED: TrialEndedEvent,
}
"""The schema of each kind; `event:` of the stream names the kind."""
