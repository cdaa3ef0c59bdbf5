"""What a server answers, as types: dictionaries as they came, so that nothing is lost.

docs/openapi.json says what each field means. A test compares the names with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

Value = float | int | str | bool


class Best(TypedDict):
    """A good complete trial."""

    number: int
    value: float
    params: dict[str, Value]


class Job(TypedDict):
    """One search, how far it is and its best trial."""

    id: str
    name: str | None
    owner: str | None
    state: str
    wish: str
    stop_reason: str | None
    waits_for: str | None
    problem: str | None
    spec: dict[str, Any]
    points: int | None
    priority: float
    warm_start: list[str]
    labels: list[str]
    archived: bool
    created_at: str
    started_at: str | None
    finished_at: str | None
    seconds: float
    progress: dict[str, Any]
    best: Best | None
    no_best: str | None
    untried: str | None
    pruning: dict[str, Any] | None
    study: str
    environment: dict[str, str]
    data: dict[str, str] | None
    links: dict[str, str]


class Report(TypedDict):
    """How good a trial was at one report point; null values once it diverged."""

    step: int
    epoch: float
    value: float | None
    loss: float | None
    accuracy: float | None
    balanced_accuracy: float | None
    macro_f1: float | None
    weights: str | None
    training_accuracy: float | None


class Trial(TypedDict):
    """One set of parameters and what became of it."""

    number: int
    state: str
    outcome: str | None
    round: int
    cohort: int
    params: dict[str, Value]
    value: float | None
    epochs: float
    reports: list[Report]
    stop_reason: str | None
    why: dict[str, Any]


class Round(TypedDict):
    """One step from coarse to fine."""

    index: int
    ranges: dict[str, dict[str, Any]]
    before: dict[str, dict[str, Any]]
    evidence: list[int]
    reason: str
    advice: list[str]
    epochs: float
    report_epochs: list[float]


class Digest(TypedDict):
    """The SHA-256 of a job's result; final once the job has ended."""

    digest: str
    final: bool
    environment: dict[str, str]


class Certificate(TypedDict):
    """How sure it is who won, and how good the winner is on the test data."""

    state: str
    candidates: list[dict[str, Any]]
    verdict: dict[str, Any] | None
    final: dict[str, Any] | None
    note: str | None
    likely_best: dict[str, Any] | None


class Dataset(TypedDict):
    """A data set of the server; what is not known before it is there is null."""

    name: str
    classes: int | None
    shape: list[int] | None
    training: int | None
    test: int | None
    pixels: str | None
    class_names: list[str]
    training_counts: list[int]
    test_counts: list[int]
    understood: list[str]
    source: str
    owner: str | None
    sha256: str | None
    file_bytes: int | None
    available: bool
    how: str | None
    fetching: dict[str, Any] | None


class Change(TypedDict, total=False):
    """What may be changed of a job; what is left out stays."""

    budget: dict[str, Any]
    priority: float
    labels: list[str]
    archived: bool


@dataclass(frozen=True)
class Event:
    """Something that happened in a job. id: ascending. kind: such as trial_ended."""

    id: int
    kind: str
    data: Mapping[str, Any]


def rows_of(trials: list[Trial]) -> list[dict[str, Any]]:
    """Trials as flat rows: what a table, such as a pandas.DataFrame, is made from.

    `params.NAME` is a column for each parameter; the loss and the accuracy are the last reported.
    """
    rows = []
    for trial in trials:
        last = trial["reports"][-1] if trial["reports"] else None
        row: dict[str, Any] = {
            "number": trial["number"],
            "state": trial["state"],
            "outcome": trial["outcome"],
            "round": trial["round"],
            "value": trial["value"],
            "loss": last["loss"] if last else None,
            "accuracy": last["accuracy"] if last else None,
            "epochs": trial["epochs"],
            "source": trial["why"]["source"],
            "stop_reason": trial["stop_reason"],
        }
        rows.append(row | {f"params.{name}": value for name, value in trial["params"].items()})
    return rows
