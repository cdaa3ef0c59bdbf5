"""The search benchmark in words, one table, and one picture."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from scipy.stats import t as student

from benchmarks.search_contenders import DEFAULT, MARKS

if TYPE_CHECKING:
    from benchmarks.search_quality import Run

MOST_WASTED = 0.2
SIGNIFICANT_MARKS = (20, 40, 80)
"""Where our advantage must be clear of chance."""
Array = npt.NDArray[np.float64]


class Regrets:
    """Regrets of all runs: 0 as good as the best setting known, 1 as good as a guess."""

    def __init__(
        self, runs: Sequence["Run"], best: Mapping[str, float], guesses: Mapping[str, float]
    ) -> None:
        self.tasks = list(best)
        self.contenders = list(dict.fromkeys(sorted((run.contender for run in runs), key=_rank)))
        self._values = {
            (run.task, run.contender, run.seed): [
                (best[run.task] - run.truth[mark]) / (best[run.task] - guesses[run.task])
                for mark in MARKS
            ]
            for run in runs
        }
        self.seeds = sorted({run.seed for run in runs})

    def of(self, task: str, contender: str) -> Array:
        """(seeds, marks)"""
        return np.array([self._values[task, contender, seed] for seed in self.seeds])

    def over_tasks(self, contender: str) -> Array:
        """(seeds, marks): the mean of the tasks."""
        return np.asarray(np.mean([self.of(task, contender) for task in self.tasks], axis=0))


def _rank(contender: str) -> tuple[bool, str]:
    return not contender.startswith(DEFAULT), contender


def print_report(
    runs: Sequence["Run"],
    best: Mapping[str, float],
    guesses: Mapping[str, float],
    picture: Path | None,
) -> int:
    """Print the table and which targets hold; 1 where one does not."""
    regrets = Regrets(runs, best, guesses)
    head = "".join(f"{mark:>8}" for mark in MARKS)
    print(f"mean regret by epochs of training spent, {len(regrets.seeds)} seeds")
    print(f"{'task':16}{'contender':28}{head}{'at chance':>11}{'trials':>8}{'seconds':>9}")
    for task in regrets.tasks:
        for contender in regrets.contenders:
            own = [run for run in runs if (run.task, run.contender) == (task, contender)]
            cells = "".join(f"{value:8.3f}" for value in regrets.of(task, contender).mean(axis=0))
            wasted, trials, seconds = (
                float(np.mean([getattr(run, name) for run in own]))
                for name in ("wasted", "trials", "seconds")
            )
            print(f"{task:16}{contender:28}{cells}{wasted:>11.1%}{trials:>8.0f}{seconds:>9.1f}")
    for contender in regrets.contenders:
        cells = "".join(f"{value:8.3f}" for value in regrets.over_tasks(contender).mean(axis=0))
        print(f"{'all tasks':16}{contender:28}{cells}")
    if picture:
        _draw(regrets, picture)
    return _judge(regrets, runs) if DEFAULT in regrets.contenders else 0


def _judge(regrets: Regrets, runs: Sequence["Run"]) -> int:
    rivals = [name for name in regrets.contenders if not name.startswith(DEFAULT)]
    if not rivals:
        return 0
    verdicts = [*_overall(regrets, rivals), *_per_task(regrets, rivals)]
    verdicts.append(_worst_tenth(regrets, rivals))
    for task in regrets.tasks:
        found = [run.wasted for run in runs if (run.task, run.contender) == (task, DEFAULT)]
        share = float(np.mean(found))
        verdicts.append((f"{task}: {share:.1%} of the epochs at chance", share <= MOST_WASTED))
    for words, holds in verdicts:
        print(f"{'yes' if holds else 'NO ':4} {words}")
    return 0 if all(holds for _, holds in verdicts) else 1


def _overall(regrets: Regrets, rivals: Sequence[str]) -> list[tuple[str, bool]]:
    """Against the best rival at each mark, over all tasks."""
    ours, found = regrets.over_tasks(DEFAULT), []
    for index, mark in enumerate(MARKS):
        rival = min(rivals, key=lambda name: regrets.over_tasks(name)[:, index].mean())
        mean, margin = _paired(ours[:, index] - regrets.over_tasks(rival)[:, index])
        holds = mean < 0 and (mark not in SIGNIFICANT_MARKS or mean + margin < 0)
        words = f"after {mark} epochs: {mean:+.3f} ± {margin:.3f} against {rival}"
        found.append((words, holds))
    return found


def _per_task(regrets: Regrets, rivals: Sequence[str]) -> list[tuple[str, bool]]:
    """Whether a rival is significantly better on a task; one line for each that is, or one."""
    worse = []
    for task in regrets.tasks:
        for rival in rivals:
            differences = regrets.of(task, DEFAULT) - regrets.of(task, rival)
            for index, mark in enumerate(MARKS):
                mean, margin = _paired(differences[:, index])
                if mean - margin > 0:
                    words = f"{task} after {mark}: {mean:+.3f} ± {margin:.3f} against {rival}"
                    worse.append((words, False))
    return worse or [("on no task is a rival significantly better", True)]


def _worst_tenth(regrets: Regrets, rivals: Sequence[str]) -> tuple[str, bool]:
    """Our worst tenth of the seeds beside the best rival's median, after the last mark."""
    good = 0
    for task in regrets.tasks:
        tenth = float(np.percentile(regrets.of(task, DEFAULT)[:, -1], 90))
        good += tenth <= min(float(np.median(regrets.of(task, name)[:, -1])) for name in rivals)
    words = f"worst tenth no worse than the best rival's median on {good} of {len(regrets.tasks)}"
    return f"{words} tasks", 3 * good >= 2 * len(regrets.tasks)


def _paired(differences: Array) -> tuple[float, float]:
    """The mean, and how far its 95 % interval reaches (Student's)."""
    count = len(differences)
    if count < 2:
        return float(differences.mean()), math.inf
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    return float(differences.mean()), float(student.ppf(0.975, count - 1)) * error


def _draw(regrets: Regrets, file: Path) -> None:
    """A panel a task, and one for all."""
    mpl.use("Agg")
    columns = min(4, len(regrets.tasks) + 1)
    rows = math.ceil((len(regrets.tasks) + 1) / columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(3.4 * columns, 3 * rows), layout="constrained", squeeze=False
    )
    for axes, task in zip(panels.flat, ["all tasks", *regrets.tasks], strict=False):
        for name in regrets.contenders:
            found = regrets.over_tasks(name) if task == "all tasks" else regrets.of(task, name)
            line = "-" if name.startswith(DEFAULT) else "--"
            wide = 2.6 if name == DEFAULT else 1.3
            axes.plot(MARKS, found.mean(axis=0), line, linewidth=wide, marker=".", label=name)
        axes.set(xscale="log", title=task, xticks=MARKS, xticklabels=MARKS, ylim=(0, None))
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    for axes in panels.flat[len(regrets.tasks) + 1 :]:
        axes.set_axis_off()
    figure.supylabel("regret of the recommended setting")
    figure.supxlabel("epochs of training spent, all trials together")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize="small")
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
