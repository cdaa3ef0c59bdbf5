"""`hpsearch plot` on files that `export` wrote."""

import io
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from hpsearch.cli import main
from hpsearch.cli.plot import Format, Kind, choose, draw, places, write
from hpsearch.drawing.shapes import Drawing, Polyline, Text
from hpsearch.errors import InvalidSettings
from hpsearch.history import History
from hpsearch.job_file import JobFacts, job_file
from hpsearch.spec.objective import Objective
from tests.unit.test_auditing import record
from tests.unit.test_job_file import facts_of

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a.zip, a search of 30 trials, and none.zip, one without trials."""
    searched = record(budget={"trials": 30})
    made = tmp_path_factory.mktemp("jobs")
    facts: JobFacts = facts_of(searched)
    (made / "a.zip").write_bytes(job_file(facts, searched.history))
    empty = replace(facts, seals={})
    (made / "none.zip").write_bytes(job_file(empty, History(rounds=searched.history.rounds)))
    return made


def _texts(shown: Drawing) -> list[str]:
    return [shape.text for shape in shown.shapes if isinstance(shape, Text)]


def _draw(kind: Kind, *words: str | Path, measure: Objective | None = None) -> Drawing:
    return draw(kind, choose([str(word) for word in words], NOWHERE), measure)


def test_the_best_20_trials_in_their_order(folder: Path) -> None:
    shown = _draw(Kind.BEST_20, folder / "a.zip")
    [held] = choose([str(folder / "a.zip")], NOWHERE)
    trials = held.held.history.trials
    complete = [each for each in trials if each.value is not None]
    best = max(complete, key=lambda each: (each.value or 0.0, -each.number))
    titles = [text for text in _texts(shown) if text.startswith("Best-")]
    assert len(titles) == 20
    assert titles[0] == f"Best-1 (trial {best.number})"
    assert any(text.startswith("lr ") for text in _texts(shown))
    assert "the best 20 trials" in shown.title


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_drawn_of_a_search_and_of_one_without_trials(
    folder: Path, kind: Kind
) -> None:
    assert len(_draw(kind, folder / "a.zip").shapes) > 20
    assert _draw(kind, folder / "none.zip").title


def test_compare_takes_trials_and_jobs(folder: Path) -> None:
    file = folder / "a.zip"
    shown = _draw(Kind.COMPARE, f"{file}@1", f"{file}@3", measure=Objective.LOSS)
    assert "abcdefghij, trial 1" in _texts(shown)
    assert "loss, validation part" in _texts(shown)
    curves = [each for each in shown.shapes if isinstance(each, Polyline) and each.width == 2.0]
    assert len(curves) == 4  # two curves, two pieces of them in the legend
    with pytest.raises(InvalidSettings, match="has no trial 99"):
        _draw(Kind.COMPARE, f"{file}@99")
    with pytest.raises(InvalidSettings, match="takes one job"):
        _draw(Kind.CURVES, file, file)
    with pytest.raises(InvalidSettings, match="has reported yet"):
        _draw(Kind.COMPARE, file, folder / "none.zip")


def _with_training_accuracy(folder: Path) -> Path:
    """The job of a.zip, as if it had been asked for."""
    [chosen] = choose([str(folder / "a.zip")], NOWHERE)
    history = chosen.held.history
    trials = tuple(
        replace(
            trial,
            reports=tuple(replace(each, training_accuracy=0.875) for each in trial.reports),
        )
        for trial in history.trials
    )
    file = folder / "measured.zip"
    file.write_bytes(job_file(chosen.held.facts, replace(history, trials=trials)))
    return file


def test_the_training_accuracy_is_dashed_where_it_was_recorded(folder: Path) -> None:
    file = _with_training_accuracy(folder)

    def dashed(shown: Drawing) -> int:
        assert any("accuracy on training images" in text for text in _texts(shown))
        found = [each for each in shown.shapes if isinstance(each, Polyline) and each.dash]
        return len(found)

    assert dashed(_draw(Kind.BEST_20, file)) == 20
    assert dashed(_draw(Kind.COMPARE, f"{file}@1", f"{file}@3")) == 2
    for shown in (
        _draw(Kind.COMPARE, f"{file}@1", f"{file}@3", measure=Objective.LOSS),
        _draw(Kind.BEST_20, folder / "a.zip"),
    ):
        assert not any("training images" in text for text in _texts(shown))


def test_where_pictures_go(tmp_path: Path) -> None:
    both = [Kind.SEARCH, Kind.CURVES]
    assert places(["x"], [Kind.SEARCH], tmp_path / "p.PNG", None) == [tmp_path / "p.PNG"]
    names = [path.name for path in places(["d/x.zip@3"], both, tmp_path, Format.PNG)]
    assert names == ["x-search.png", "x-curves.png"]
    with pytest.raises(InvalidSettings, match="need a folder"):
        places(["x"], both, tmp_path / "p.svg", None)
    with pytest.raises(InvalidSettings, match="is not a name for png"):
        places(["x"], [Kind.SEARCH], tmp_path / "p.svg", Format.PNG)
    with pytest.raises(InvalidSettings, match="neither a folder nor a name"):
        places(["x"], [Kind.SEARCH], tmp_path / "p.pdf", None)


def test_the_command(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["plot", str(folder / "a.zip"), "--kind", "rounds", "--kind", "best-20"]
    monkeypatch.setattr(sys, "argv", ["hpsearch", *words, "-o", str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names == ["a-rounds.svg", "a-best-20.svg"]
    root = ElementTree.parse(tmp_path / names[1]).getroot()  # noqa: S314 - ours
    picture = tmp_path / "p.png"
    monkeypatch.setattr(sys, "argv", ["hpsearch", *words[:2], "-o", str(picture)])
    with pytest.raises(SystemExit):
        main()
    width, _ = Image.open(io.BytesIO(picture.read_bytes())).size
    assert width == 2 * float(root.get("width", "0"))
    assert "no font" not in capsys.readouterr().err


def test_letters_that_no_font_has_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Drawing(60, 20, "", (Text(2, 15, "a \ue000"),))
    write(shown, tmp_path / "a.svg")
    assert capsys.readouterr().err == ""
    write(shown, tmp_path / "a.png")
    assert "no font of this machine has \ue000; in an SVG file" in capsys.readouterr().err
