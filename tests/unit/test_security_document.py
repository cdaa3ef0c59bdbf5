"""docs/security.md names tests: each must be there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
TEXT = (ROOT / "docs" / "security.md").read_text()
ROWS = [
    line.strip("| ").split(" | ")
    for line in TEXT.partition("## ASVS level 2")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| section")
]
WITHOUT_TEST = {"2.1", "3.7", "4.3.1", "6.2, 6.3"}
"""Sections that nothing can be tested of; their third column says why."""


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_section_names_what_shows_it(row: list[str]) -> None:
    section, _, here, shown = row
    names = re.findall(r"`([^`]+)`", shown)
    assert here
    assert bool(names) != (section in WITHOUT_TEST)
    for name in names:
        assert _exists(name), name


def test_there_are_about_as_many_sections_as_ever() -> None:
    assert len(ROWS) >= 30


def _exists(name: str) -> bool:
    if name.startswith("decisions/"):
        return (ROOT / "docs" / name).is_file()
    if name.startswith("make "):
        return f"\n{name.removeprefix('make ')}:" in (ROOT / "Makefile").read_text()
    if "/" in name:
        return (TESTS / name).exists()
    return any(f"def {name}(" in path.read_text() for path in TESTS.rglob("*.py"))
