"""The specs of examples/book say what the book has, and the guide shows each of them."""

import json
import re

import pytest

from harness.book import FIGURES, SPECS, spec_of
from harness.service import ROOT
from hpsearch.search.exhaustion import trains_every_point
from hpsearch.search.points import count
from hpsearch.spec.search import parse_spec

NAMES = sorted(file.stem for file in SPECS.glob("*.json"))
SEARCHES = ("6.5-coarse-to-fine", "6.5-random-search")


def test_every_spec_is_in_one_figure() -> None:
    drawn = sorted(name for names, _ in FIGURES.values() for name in names)
    assert drawn == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SEARCHES])
def test_a_comparison_trains_each_of_its_settings_once(name: str) -> None:
    spec = parse_spec(spec_of(name))
    assert trains_every_point(spec)
    assert spec.budget.trials == count(spec.space)


def test_the_random_search_is_the_book_s() -> None:
    """Section 6.5.3: its box, its network, its number of trials and epochs, no trial cut."""
    spec = parse_spec(spec_of("6.5-random-search"))
    box = {name: (p.low, p.high, p.log) for name, p in spec.space.items() if p.type == "float"}
    assert box == {"learning_rate": (1e-6, 1e-2, True), "weight_decay": (1e-8, 1e-4, True)}
    assert (spec.network.hidden_layers, spec.network.hidden_units) == (6, 100)
    assert (spec.optimizer, spec.batch_size, spec.epochs) == ("sgd", 100, 50)
    assert (spec.dataset.train_size, spec.validation.fraction) == (500, 0.2)
    assert (spec.sampler.name, spec.pruner.name, spec.rounds.count) == ("random", "none", 1)
    assert spec.budget.trials == 100


def test_the_other_search_has_the_same_problem_and_budget() -> None:
    ours, the_book_s = (parse_spec(spec_of(name)) for name in SEARCHES)
    how = ("name", "sampler", "pruner", "rounds", "budget")
    assert {k: v for k, v in ours if k not in how} == {k: v for k, v in the_book_s if k not in how}
    assert the_book_s.budget.trials is not None
    assert ours.budget.epochs == the_book_s.budget.trials * the_book_s.epochs


@pytest.mark.parametrize("guide", ["book.md", "book.ja.md"])
def test_the_guide_shows_each_spec_and_each_picture(guide: str) -> None:
    text = (ROOT / "docs" / guide).read_text()
    assert [name for name in NAMES if f"(../examples/book/{name}.json)" not in text] == []
    pictures = [
        f"images/book/{figure}.svg" if len(kinds) == 1 else f"images/book/{figure}-{kind}.svg"
        for figure, (_, kinds) in FIGURES.items()
        for kind in kinds
    ]
    assert [picture for picture in pictures if f"({picture})" not in text] == []


def test_the_spec_in_the_guide_is_the_one_that_is_kept() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```", (ROOT / "docs/book.md").read_text(), re.S | re.M)
    assert json.loads(shown) == spec_of("6.5-random-search")
