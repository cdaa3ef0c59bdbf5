"""Values come back from their texts as they were, and the texts are JSON for anybody."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.history import Round
from hpsearch.scores import Scores
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, FloatParameter, IntParameter, Parameter
from hpsearch.trial import Ending, Origin, Outcome, Report
from storage.rows import codec

numbers = st.floats(allow_nan=True, allow_infinity=True)
facts = st.none() | st.floats(allow_nan=False)
counts = st.none() | st.integers(0, 2**53)


def strict(text: str) -> Any:
    """Read JSON as browsers do: without NaN and infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@given(st.lists(st.builds(Report, st.integers(0, 10**6), st.floats(0, 1e3), numbers, numbers)))
def test_reports(reports: list[Report]) -> None:
    text = codec.reports_out(reports)

    strict(text)
    assert repr(codec.reports_in(text)) == repr(tuple(reports))


@given(st.builds(Ending, st.sampled_from(Outcome), st.text(), counts, facts, facts, counts, counts))
def test_endings(ending: Ending) -> None:
    text = codec.ending_out(ending)

    strict(text)
    assert codec.ending_in(text) == ending


def test_an_ending_at_nan() -> None:
    ending = codec.ending_in(codec.ending_out(Ending(Outcome.DIVERGED, "", value=math.nan)))

    assert ending.value is not None
    assert math.isnan(ending.value)


def test_an_origin() -> None:
    origin = Origin("sampler", "tpe", 2**63, 17)

    assert codec.origin_in(codec.origin_out(origin)) == origin


def test_a_round() -> None:
    ranges: dict[str, Parameter] = {
        "learning_rate": FloatParameter(low=1e-3, high=1e3, log=True),
        "batch_size": IntParameter(low=10, high=100, step=10, when={"optimizer": ["sgd"]}),
        "optimizer": CategoricalParameter(choices=["sgd", 1, 1.5, None]),
    }
    narrowed = {**ranges, "learning_rate": FloatParameter(low=0.1, high=0.3, log=True)}
    round_ = Round(1, narrowed, ranges, (3, 1), "around the best", 0.4, (0.2, 0.4), ("widen",))

    back = codec.round_in(codec.round_out(round_))

    assert back == round_
    assert repr(back) == repr(round_)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("plain", "plain"), ("a\0b\nc\x7f", "a b c "), ("\ud800", " "), ("ü 日本 🙂", "ü 日本 🙂")],
)
def test_texts_are_cleaned_of_what_cannot_be_printed(text: str, cleaned: str) -> None:
    assert codec.clean(text) == cleaned


def test_json_is_ascii_whatever_the_text() -> None:
    text = codec.to_json({"name": "a\0\ud800ü"})

    assert text.isascii()
    assert "\0" not in text
    assert json.loads(text) == {"name": "a\0\ud800ü"}
    with pytest.raises(ValueError, match="JSON"):
        codec.to_json(math.nan)


def test_reports_of_version_0_1_have_no_other_scores() -> None:
    stored = '[{"step":40,"epoch":0.4,"value":0.5,"loss":null}]'
    (report,) = codec.reports_in(stored)
    assert (report.accuracy, report.balanced_accuracy, report.macro_f1) == (None, None, None)
    assert codec.reports_out([report]) == stored


def test_every_score_comes_back() -> None:
    scores = Scores(accuracy=0.9, loss=math.nan, balanced_accuracy=0.8, macro_f1=math.nan)
    report = Report.at(0.4, scores, Objective.BALANCED_ACCURACY, None)
    assert codec.reports_in(codec.reports_out([report])) == (report,)
    asked = replace(report, weights="0f", training_accuracy=0.1 + 0.2)
    assert codec.reports_in(codec.reports_out([asked])) == (asked,)
