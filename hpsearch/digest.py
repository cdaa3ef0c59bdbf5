"""One number for a whole search: equal digests mean equal results, to the bit."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from hpsearch.history import Confirmation, DataHashes, History
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import SearchSpec
from hpsearch.trial import Report, Trial


def digest(
    spec: SearchSpec, history: History, stop_reason: str | None, data: DataHashes | None = None
) -> str:
    """SHA-256, in hexadecimal, of the canonical result.

    It covers the spec, the data if it is recorded, each trial's parameters, curve and stop reason,
    the ranges of each round, why the search ended, and the certificate. Floats go in with all their
    bits; times, ids and machines do not go in.
    """
    result = {
        "spec": _exact(_spec(spec)),
        "trials": [_trial(trial) for trial in history.trials],
        "rounds": [
            {
                "index": round_.index,
                "ranges": {
                    name: _exact(parameter.model_dump(mode="json"))
                    for name, parameter in sorted(round_.ranges.items())
                },
                "evidence": list(round_.evidence),
            }
            for round_ in history.rounds
        ],
        "stop_reason": stop_reason,
    }
    if history.confirmations:
        result["confirmations"] = [_confirmation(each) for each in history.confirmations]
    if data is not None:
        result["data"] = [data.dataset, data.split]
    text = json.dumps(result, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal_of(trial: Trial) -> str:
    """SHA-256, in hexadecimal, of all that is recorded of a trial that has ended."""
    ending, origin = trial.ending, trial.origin
    facts = {
        **_trial(trial),
        "place": [trial.round, trial.cohort],
        "origin": [origin.source, origin.sampler, origin.seed, origin.known],
        "epochs": [_exact(report.epoch) for report in trial.reports],
        "ending": None
        if ending is None
        else _exact([ending.step, ending.value, ending.bar, ending.compared, ending.iteration]),
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal_of_confirmation(found: Confirmation) -> str:
    """SHA-256, in hexadecimal, of all that is recorded of a training that confirms."""
    facts = {
        "found": _confirmation(found),
        "guesses": _exact([found.guess, found.guessed_accuracy]),
        "epoch": None if found.report is None else _exact(found.report.epoch),
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _trial(trial: Trial) -> Mapping[str, Any]:
    ending = trial.ending
    return {
        "number": trial.number,
        "params": _exact(dict(trial.params)),
        "reports": [_report(report) for report in trial.reports],
        "outcome": None if ending is None else ending.outcome.value,
        "reason": None if ending is None else ending.reason,
    }


def _confirmation(found: Confirmation) -> list[Any]:
    report = None if found.report is None else _report(found.report)
    return [*found.key, found.trained, found.scored, found.parameters, report, found.problem]


def _report(report: Report) -> list[Any]:
    """What is recorded of it: earlier versions recorded fewer scores, and not all are asked for."""
    scores = (report.accuracy, report.balanced_accuracy, report.macro_f1)
    recorded = [score for score in scores if score is not None]
    weights = [] if report.weights is None else [report.weights]
    scored = [_exact(each) for each in (report.value, report.loss, *recorded)]
    training = [] if report.training_accuracy is None else [_exact([report.training_accuracy])]
    return [report.step, *scored, *weights, *training]


def _spec(spec: SearchSpec) -> dict[str, Any]:
    """Without the name, and without fields of later versions that say what was always done."""
    canonical: dict[str, Any] = {**spec.canonical(), "name": None}
    if spec.objective is Objective.ACCURACY:
        del canonical["objective"]
    canonical["pruner"] = dict(canonical["pruner"])
    if spec.pruner.upper is None:
        del canonical["pruner"]["upper"]
    if spec.pruner.control == 0:
        del canonical["pruner"]["control"]
    if spec.confirm is None:
        del canonical["confirm"]
    if spec.rules == 1:
        del canonical["rules"]
    if not spec.training_accuracy:
        del canonical["training_accuracy"]
    return canonical


def _exact(value: Any) -> Any:
    """Floats as hexadecimal text, so that no bit is lost and NaN has one name."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value
