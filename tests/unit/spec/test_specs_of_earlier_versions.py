"""Specs as every landed version stored them are read, whatever today's bounds are.

`tests/data/specs_version_N.jsonl` holds what `storage` wrote for requests that the last program of
that version accepted, its extremes included. Lines are added and never changed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from hpsearch.spec.search import SearchSpec
from hpsearch.spec.stored import SPEC_VERSION, read_stored

DATA = Path(__file__).parents[2] / "data"


def stored(version: int) -> dict[str, Any]:
    lines = (DATA / f"specs_version_{version}.jsonl").read_text().splitlines()
    return {case["case"]: case["spec"] for case in map(json.loads, lines)}


@pytest.mark.parametrize("case", stored(1))
def test_it_is_read(case: str) -> None:
    given = stored(1)[case]
    read = read_stored(json.dumps(given), 1)

    assert isinstance(read, SearchSpec), read
    written = read.canonical()
    assert read_stored(json.dumps(written), SPEC_VERSION) == read
    assert written.items() >= {key: given[key] for key in ("seed", "epochs", "cohort")}.items()
    assert list(written["space"]) == list(given["space"])


def test_every_version_that_was_released_has_its_specs() -> None:
    assert {int(file.stem.split("_")[-1]) for file in DATA.glob("specs_version_*.jsonl")} == {
        *range(1, SPEC_VERSION)
    }
