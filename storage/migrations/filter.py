"""Which tables are ours."""

from collections.abc import MutableMapping
from typing import Any

from storage.rows.tables import PREFIX


def is_ours(name: str | None, type_: str, _parents: MutableMapping[Any, str | None]) -> bool:
    """Alembic's include_name: leaves Optuna's tables out, and with them all that is in them."""
    return type_ != "table" or (name or "").startswith(PREFIX)
