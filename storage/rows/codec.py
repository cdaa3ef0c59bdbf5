"""Values of a search as JSON texts, and back to equal values.

NaN is written as null and an infinity as a string: neither is JSON, and Optuna's dashboard hands
these texts to browsers.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from hpsearch.history import Confirmation, Round, Stage
from hpsearch.spec.bounds import STORED
from hpsearch.spec.budget_change import EarlierBudget
from hpsearch.spec.parts import Budget
from hpsearch.spec.space import Parameter
from hpsearch.trial import Ending, Origin, Outcome, Report

SCORES = ("accuracy", "balanced_accuracy", "macro_f1")
"""Of a report, beside its loss; reports from before version 0.2 lack them."""

OPTIONAL = ("weights", "training_accuracy")
"""Of a report: not recorded by every version, or for every spec."""

CONFIRMATION = ("trained", "scored", "parameters", "guess", "guessed_accuracy", "problem")
"""Facts of a confirmation beside its key and its report."""

_RANGES = TypeAdapter(dict[str, Parameter])


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def to_json(value: object) -> str:
    """Compact JSON of JSON values, in ASCII, so that any database takes any text."""
    return _ENCODER.encode(value)


def clean(text: str) -> str:
    """A text that any database and terminal takes: what cannot be printed becomes a space."""
    return "".join(char if char.isprintable() else " " for char in text)


def number_out(value: float | None) -> float | str | None:
    if value is None or math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def number_in(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def origin_out(origin: Origin) -> str:
    return to_json(asdict(origin))


def origin_in(text: str) -> Origin:
    return Origin(**json.loads(text))


def ending_out(ending: Ending) -> str:
    """Only what is known is written; NaN has a word of its own here, as None means unknown."""
    facts: dict[str, Any] = {"outcome": ending.outcome.value, "reason": ending.reason}
    for name in ("step", "value", "bar", "compared", "iteration"):
        fact = getattr(ending, name)
        if fact is not None:
            facts[name] = fact if math.isfinite(fact) else str(fact)
    return to_json(facts)


def ending_in(text: str) -> Ending:
    facts = json.loads(text)
    for name in ("value", "bar"):
        if isinstance(facts.get(name), str):
            facts[name] = float(facts[name])
    return Ending(**{**facts, "outcome": Outcome(facts["outcome"])})


def scores_out(report: Report) -> dict[str, float | str | None]:
    """The scores that the report has beside value and loss, by name."""
    found = {name: getattr(report, name) for name in SCORES}
    return {name: number_out(score) for name, score in found.items() if score is not None}


def reports_out(reports: Sequence[Report]) -> str:
    return to_json([_report_out(report) for report in reports])


def reports_in(text: str) -> tuple[Report, ...]:
    return tuple(_report_in(row) for row in json.loads(text))


def _report_out(report: Report) -> dict[str, Any]:
    return {
        "step": report.step,
        "epoch": report.epoch,
        "value": number_out(report.value),
        "loss": number_out(report.loss),
        **scores_out(report),
        **_known(report),
    }


def _known(report: Report) -> dict[str, Any]:
    found = {name: getattr(report, name) for name in OPTIONAL}
    return {name: value for name, value in found.items() if value is not None}


def _report_in(row: Mapping[str, Any]) -> Report:
    return Report(
        row["step"],
        row["epoch"],
        number_in(row["value"]),
        number_in(row["loss"]),
        **{name: number_in(row[name]) for name in SCORES if name in row},
        weights=row.get("weights"),
        training_accuracy=row.get("training_accuracy"),
    )


def confirmation_out(found: Confirmation) -> str:
    report = None if found.report is None else _report_out(found.report)
    facts = {name: getattr(found, name) for name in CONFIRMATION}
    sealed = {} if found.seal is None else {"seal": found.seal}
    return to_json({**facts, "report": report, **sealed})


def confirmation_in(stage: str, trial: int, repeat: int, text: str) -> Confirmation:
    facts = json.loads(text)
    report = None if facts["report"] is None else _report_in(facts["report"])
    return Confirmation(Stage(stage), trial, repeat, **{**facts, "report": report})


def ranges_out(ranges: Mapping[str, Parameter]) -> dict[str, Any]:
    return {name: parameter.model_dump(mode="json") for name, parameter in ranges.items()}


def round_out(round_: Round) -> str:
    ranges = {"ranges": ranges_out(round_.ranges), "before": ranges_out(round_.before)}
    return to_json({**vars(round_), **ranges})


def round_in(text: str) -> Round:
    facts = json.loads(text)
    return Round(
        index=facts["index"],
        ranges=_ranges_in(facts["ranges"]),
        before=_ranges_in(facts["before"]),
        evidence=tuple(facts["evidence"]),
        reason=facts["reason"],
        epochs=facts["epochs"],
        report_epochs=tuple(facts["report_epochs"]),
        advice=tuple(facts["advice"]),
    )


def budgets_out(budgets: Sequence[EarlierBudget]) -> str:
    return to_json(
        [{"budget": each.budget.model_dump(mode="json"), "until": each.until} for each in budgets]
    )


def budgets_in(text: str | None) -> tuple[EarlierBudget, ...]:
    """text: None for a job whose budget nobody changed."""
    rows: list[Mapping[str, Any]] = [] if text is None else json.loads(text)
    return tuple(
        EarlierBudget(Budget.model_validate(row["budget"], context=STORED), row["until"])
        for row in rows
    )


def _ranges_in(facts: object) -> dict[str, Parameter]:
    """What was drawn by the rules of its time is not checked by today's."""
    return _RANGES.validate_python(facts, strict=False, context=STORED)
