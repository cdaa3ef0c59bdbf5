"""JSON merge patches (RFC 7396)."""

from collections.abc import Mapping
from typing import Any


def merge_patch(target: object, patch: object) -> Any:
    """`target` with `patch` laid over it: null removes a key, objects are merged (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
