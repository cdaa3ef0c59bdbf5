"""Optuna's tables; the only place that knows Optuna's private models.

Rows are written here as Optuna 5.0 writes them (schema version 12), so that every Optuna tool reads
them. `storage.schema` refuses a database whose tables are of another version.
"""

import json
import math
from datetime import UTC, datetime
from typing import Any

from optuna.storages._rdb import models
from optuna.study import StudyDirection
from optuna.trial import TrialState as OptunaState
from sqlalchemy import Connection, Table, insert

from hpsearch.spec.objective import Objective
from hpsearch.trial import TrialState
from storage.rows.kept_ids import next_id

SCHEMA_VERSION = 12
METRIC_NAMES = "study:metric_names"  # the system attribute that names the objective on plots


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


studies = _table(models.StudyModel)
study_directions = _table(models.StudyDirectionModel)
study_user_attributes = _table(models.StudyUserAttributeModel)
study_system_attributes = _table(models.StudySystemAttributeModel)
trials = _table(models.TrialModel)
trial_params = _table(models.TrialParamModel)
trial_values = _table(models.TrialValueModel)
trial_intermediate_values = _table(models.TrialIntermediateValueModel)
trial_user_attributes = _table(models.TrialUserAttributeModel)
version_info = _table(models.VersionInfoModel)

OF_TRIALS = (
    trial_params,
    trial_values,
    trial_intermediate_values,
    trial_user_attributes,
    _table(models.TrialSystemAttributeModel),
    _table(models.TrialHeartbeatModel),
)
"""What else belongs to a trial, by `trial_id`."""

OF_STUDIES = (study_directions, study_user_attributes, study_system_attributes)
"""What else belongs to a study, by `study_id`."""

STATES = {
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAIL: OptunaState.FAIL,
    TrialState.STOPPED: OptunaState.FAIL,
}

_ValueType = models.TrialValueModel.TrialValueType
_IntermediateType = models.TrialIntermediateValueModel.TrialIntermediateValueType


def naive(moment: datetime) -> datetime:
    """An aware time as Optuna stores it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def value_row(trial_id: int, value: float) -> dict[str, Any]:
    """A row of `trial_values`; the value is a finite number, as an accuracy is."""
    if not math.isfinite(value):
        raise ValueError(f"a trial's value must be finite, got {value}")
    return {
        "trial_id": trial_id,
        "objective": 0,
        "value": value,
        "value_type": _ValueType.FINITE,
    }


def intermediate_row(trial_id: int, step: int, value: float) -> dict[str, Any]:
    """A row of `trial_intermediate_values`; NaN and the infinities have types of their own."""
    if math.isnan(value):
        kind = _IntermediateType.NAN
    elif math.isinf(value):
        kind = _IntermediateType.INF_POS if value > 0 else _IntermediateType.INF_NEG
    else:
        kind = _IntermediateType.FINITE
    return {
        "trial_id": trial_id,
        "step": step,
        "intermediate_value": value if kind is _IntermediateType.FINITE else None,
        "intermediate_value_type": kind,
    }


def create_study(
    connection: Connection, name: str, user_attributes: dict[str, str], objective: Objective
) -> int:
    """Add a study of one objective; attribute values are JSON texts. Returns its id."""
    metrics = json.dumps([f"validation {objective.words}"])
    direction = StudyDirection[objective.direction.upper()]
    unused = next_id(connection, studies.c.study_id)
    given = {} if unused is None else {"study_id": unused}
    study_id: int = connection.execute(
        insert(studies).returning(studies.c.study_id), {"study_name": name, **given}
    ).scalar_one()
    connection.execute(
        insert(study_directions),
        {"study_id": study_id, "objective": 0, "direction": direction},
    )
    connection.execute(
        insert(study_user_attributes),
        [
            {"study_id": study_id, "key": key, "value_json": text}
            for key, text in user_attributes.items()
        ],
    )
    connection.execute(
        insert(study_system_attributes),
        {"study_id": study_id, "key": METRIC_NAMES, "value_json": metrics},
    )
    return study_id
