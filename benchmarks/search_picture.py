"""Draw one search of the default spec on real MNIST: its trials, and the ranges of its rounds."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from benchmarks.search_tasks import TASKS, RealTrainer
from hpsearch.history import History
from hpsearch.search.simulation import Simulation
from hpsearch.spec.space import Parameter, as_number
from hpsearch.trial import Outcome, Trial

SEED = 100
EPOCHS = 80.0
COLORS: Mapping[Outcome, str] = {
    Outcome.DIVERGED: "#d62728",
    Outcome.STUCK: "#ff9f40",
    Outcome.PRUNED: "#9a9a9a",
    Outcome.COMPLETED: "#1f77b4",
}


def main(images: Path, file: Path) -> None:
    task = TASKS["mnist-two"]
    spec = task.spec(SEED, EPOCHS)
    history = History(baseline=task.baseline(images))
    trainer = RealTrainer(spec, task.images(images).split, SEED)
    simulation = Simulation(spec, trainer, history=history)
    simulation.run()
    mpl.use("Agg")
    draw(simulation.history, file)


def draw(history: History, file: Path) -> None:
    """A panel a round: where its trials lie, and the range that they were drawn from."""
    count = len(history.rounds)
    figure, panels = plt.subplots(
        1, count, figsize=(4 * count, 4), layout="constrained", sharey=True, squeeze=False
    )
    for axes, each in zip(panels[0], history.rounds, strict=True):
        trials = [trial for trial in history.trials if trial.round == each.index]
        _range(axes, each.ranges["learning_rate"], each.ranges["weight_decay"])
        for outcome, color in COLORS.items():
            _points(axes, trials, outcome, color)
        axes.set(
            xscale="log",
            yscale="log",
            xlim=(8e-4, 1.2e3),
            ylim=(8e-4, 1.2e3),
            xlabel="learning rate",
            title=f"round {each.index + 1}: {len(trials)} trials of up to {each.epochs:g} epochs",
        )
    panels[0][0].set_ylabel("weight decay")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(COLORS))
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _points(axes: Axes, trials: list[Trial], outcome: Outcome, color: str) -> None:
    chosen = [trial for trial in trials if trial.ending and trial.ending.outcome is outcome]
    rates = [as_number(trial.params["learning_rate"]) for trial in chosen]
    decays = [as_number(trial.params["weight_decay"]) for trial in chosen]
    axes.scatter(rates, decays, s=22, color=color, label=outcome.value, zorder=3)


def _range(axes: Axes, rate: Parameter, decay: Parameter) -> None:
    assert rate.type == decay.type == "float"
    size = rate.high - rate.low, decay.high - decay.low
    axes.add_patch(
        Rectangle((rate.low, decay.low), *size, facecolor="#e3edf6", edgecolor="#1f77b4")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
