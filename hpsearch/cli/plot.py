"""`hpsearch plot`: pictures of jobs, as SVG or PNG files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hpsearch.cli.audit import read_held
from hpsearch.cli.files import write_output
from hpsearch.drawing import figures, pictures
from hpsearch.drawing.best_grid import best_grid
from hpsearch.drawing.compared import MOST, Curve, compared, differing
from hpsearch.drawing.marks import Mark, marks, training_curve
from hpsearch.drawing.png import to_png, unwritable
from hpsearch.drawing.shapes import Drawing
from hpsearch.drawing.svg import to_svg
from hpsearch.errors import InvalidSettings
from hpsearch.job_file import JobFile
from hpsearch.search.importance import importance
from hpsearch.spec.objective import Objective
from hpsearch.trial import Trial, TrialCost


class Kind(StrEnum):
    """What is drawn; COMPARE is the one that takes several jobs."""

    BEST_20 = "best-20"
    SEARCH = "search"
    CURVES = "curves"
    BEST_SO_FAR = "best-so-far"
    ROUNDS = "rounds"
    COMPARE = "compare"


class Format(StrEnum):
    SVG = "svg"
    PNG = "png"


Jobs = Annotated[
    list[str],
    typer.Argument(
        metavar="JOB...", help="Ids, or files that `export` wrote; JOB@7 is trial 7 of it."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE|FOLDER", help="Where to; this folder if not."),
]
Kinds = Annotated[list[Kind] | None, typer.Option("--kind", help="What to draw; may be repeated.")]
FormatOption = Annotated[
    Format | None, typer.Option("--format", help="Of files in a folder; svg if left out.")
]
Measure = Annotated[
    Objective | None,
    typer.Option(help="What compare draws; the objective of the first job if left out."),
]


@dataclass(frozen=True)
class Chosen:
    """A job, and of its trials the one that was named."""

    held: JobFile
    trial: int | None

    @property
    def name(self) -> str:
        return self.held.spec.name or self.held.facts.id


def plot_jobs(
    words: Sequence[str],
    kinds: Sequence[Kind],
    output: Path | None,
    form: Format | None,
    measure: Objective | None,
    url: str,
) -> list[Path]:
    """Write the pictures and answer where they are; raises InvalidSettings."""
    kinds = kinds or [Kind.BEST_20 if len(words) == 1 else Kind.COMPARE]
    paths = places(words, kinds, output, form)
    chosen = choose(words, url)
    for kind, path in zip(kinds, paths, strict=True):
        write(draw(kind, chosen, measure), path)
    return paths


def choose(words: Sequence[str], url: str) -> list[Chosen]:
    """The jobs (ids, or files) that were named, each read once; `@7` at the end names a trial."""
    read: dict[str, JobFile] = {}
    found = []
    for word in words:
        match = re.fullmatch(r"(.+)@([0-9]{1,9})", word)
        job, number = (match[1], int(match[2])) if match else (word, None)
        if job not in read:
            read[job] = read_held(job, url)
        if number is not None and number >= len(read[job].history.trials):
            raise InvalidSettings(f"job {read[job].facts.id} has no trial {number}")
        found.append(Chosen(read[job], number))
    return found


def draw(kind: Kind, chosen: Sequence[Chosen], measure: Objective | None) -> Drawing:
    """One picture. measure: what curves are compared by; None is the jobs' own objective.

    Raises InvalidSettings for what cannot be drawn of these jobs.
    """
    if kind is Kind.COMPARE:
        return _compare(chosen, measure)
    if len(chosen) > 1:
        raise InvalidSettings(f"--kind {kind} takes one job; several are drawn by --kind compare")
    return _of_one(kind, chosen[0])


def _of_one(kind: Kind, chosen: Chosen) -> Drawing:
    spec, history = chosen.held.spec, chosen.held.history
    objective = spec.objective
    found = marks(history.trials, objective, _best(history.trials, objective))
    if kind is Kind.BEST_20:
        return best_grid(found, objective, chosen.name)
    if kind is Kind.CURVES:
        return figures.curves_figure(pictures.curves(found, objective))
    if kind is Kind.ROUNDS:
        return figures.rounds_figure(history.rounds, spec.space)
    if kind is Kind.BEST_SO_FAR:
        costs = [TrialCost(each.number, each.epochs, each.value) for each in history.trials]
        by_number: dict[int, Mark] = {mark.number: mark for mark in found}
        shown = pictures.best_so_far({"": costs}, objective, by_number)
        return figures.best_so_far_figure(shown)
    names = pictures.plane([*importance(spec.space, history.trials, objective)])
    if names is None:
        raise InvalidSettings("--kind search needs two parameters that were searched")
    shown_plane = pictures.scatter(found, history.rounds, spec.space, names)
    return figures.search_figure(shown_plane, objective.words)


def _compare(chosen: Sequence[Chosen], measure: Objective | None) -> Drawing:
    """Of one job all its trials, of several the best of each, or those that were named."""
    objective = measure or chosen[0].held.spec.objective
    if len(chosen) == 1 and chosen[0].trial is None:
        trials = _ranked(chosen[0].held.history.trials, objective)[:MOST]
        trials.sort(key=lambda trial: trial.number)
        names = differing([trial.params for trial in trials])
        named = [(name or chosen[0].name, trial) for name, trial in zip(names, trials, strict=True)]
    else:
        named = [(_name(each, chosen), _trial(each, objective)) for each in chosen]
    share = objective is not Objective.LOSS
    curves = [
        Curve(name, _points(trial, objective), training_curve(trial) if share else ())
        for name, trial in named
    ]
    return compared(curves, objective.words)


def _name(one: Chosen, chosen: Sequence[Chosen]) -> str:
    twice = sum(each.name == one.name for each in chosen) > 1
    return f"{one.name}, trial {one.trial}" if twice and one.trial is not None else one.name


def _trial(chosen: Chosen, objective: Objective) -> Trial:
    trials = chosen.held.history.trials
    if chosen.trial is not None:
        return trials[chosen.trial]
    ranked = _ranked(trials, objective)
    if not ranked:
        raise InvalidSettings(f"no trial of job {chosen.held.facts.id} has reported yet")
    return ranked[0]


def _ranked(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Those with a curve: complete ones first, the best first."""

    def rank(trial: Trial) -> tuple[bool, float, int]:
        value = _points(trial, objective)[-1][1]
        return trial.value is None, -objective.upward(value), trial.number

    return sorted((each for each in trials if _points(each, objective)), key=rank)


def _best(trials: Sequence[Trial], objective: Objective) -> int | None:
    complete = [trial for trial in trials if trial.value is not None]
    ranked = sorted(complete, key=lambda each: (-objective.upward(each.value or 0.0), each.number))
    return ranked[0].number if ranked else None


def _points(trial: Trial, objective: Objective) -> tuple[tuple[float, float], ...]:
    """Epochs and the measure, as far as it was recorded and is finite."""
    values = [(each.epoch, getattr(each, objective.value)) for each in trial.reports]
    return tuple(
        (epoch, float(value)) for epoch, value in values if value is not None and value == value
    )


def write(picture: Drawing, path: Path) -> None:
    """As its suffix says, .svg or .png; says on stderr which letters a PNG file cannot show."""
    svg = path.suffix.lower() == f".{Format.SVG}"
    write_output(path, to_svg(picture).encode() if svg else to_png(picture))
    if not svg and (letters := unwritable(picture)):
        problem = f"no font of this machine has {letters}; in an SVG file they are legible"
        typer.echo(f"hpsearch: {path}: {problem}", err=True)


def places(
    words: Sequence[str], kinds: Sequence[Kind], output: Path | None, form: Format | None
) -> list[Path]:
    """Where each kind's picture goes.

    output: a file if its suffix is one of a picture, else a folder, which must be there. Raises
    InvalidSettings if several pictures would go to one file, or the format is another's.
    """
    suffix = "" if output is None else output.suffix.lower().lstrip(".")
    if output is not None and suffix in tuple(Format) and not output.is_dir():
        if len(kinds) > 1:
            raise InvalidSettings(f"{output} is one file: several kinds of pictures need a folder")
        if form is not None and form != suffix:
            raise InvalidSettings(f"{output} is not a name for {form}")
        return [output]
    folder = output or Path()
    if not folder.is_dir():
        raise InvalidSettings(f"{folder} is neither a folder nor a name that ends in .svg or .png")
    first = Path(words[0].partition("@")[0]).name.removesuffix(".zip")
    return [folder / f"{first}-{kind}.{form or Format.SVG}" for kind in kinds]
