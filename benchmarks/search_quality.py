"""How good is what a search finds, for the same epochs of training? `make bench-search`

Real MNIST (6000 training, 1500 validation images), LeNet-5, SGD, learning rate and weight decay
over 1e-3 to 1e3, at most 3 epochs a trial, 80 epochs in all for every contender and seed. Prints
the best accuracy after 20, 40 and 80 epochs, the share of epochs spent on trials that end at
chance, and seconds; writes JSON and a picture. Where PyTorch is installed, it takes part too.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: one core for one search

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.search_contenders import CONTENDERS, DEFAULT, Contender, Ledger, median_interval
from hpsearch.datasets.split import split
from hpsearch.datasets.values import Dataset, Part, Split

try:
    from benchmarks.search_torch import TORCH_CONTENDERS
except ModuleNotFoundError:  # without PyTorch
    TORCH_CONTENDERS = {}

ALL: Mapping[str, Contender] = {**CONTENDERS, **TORCH_CONTENDERS}
MARKS = (20, 40, 80)  # epochs spent
SEEDS = 8
FIRST_SEED = 100  # the defaults of the search were chosen on others
QUICK_SEEDS = 2
TARGETS = {20: 0.90, 40: 0.935, 80: 0.95}
MOST_WASTED = 0.15
WORST = 0.92
UPPER_END = (0.9, 0.97)  # accuracies in the right half of the picture


@dataclass(frozen=True)
class Run:
    """One search of one contender."""

    contender: str
    seed: int
    best: Sequence[tuple[float, float]]
    after: Mapping[int, float]
    wasted: float
    spent: float
    trials: int
    seconds: float


def main() -> int:
    options = _options()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    names = options.only or list(ALL)
    cases = [(name, seed) for seed in seeds for name in names]
    runs: list[Run] = []
    for run in _run_all(cases, options):
        runs.append(run)
        if options.json:
            options.json.write_text(json.dumps(_document(runs, options), indent=1) + "\n")
    _print_table(runs, names)
    if options.picture:
        _draw(runs, names, options.picture)
    return _judge(runs) if DEFAULT in names else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many; default %(default)s")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--only", nargs="*", choices=list(ALL), metavar="CONTENDER")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="a folder of finished searches, to go on from")
    parser.add_argument("--json", type=Path, help="write results to this file as they come")
    parser.add_argument("--picture", type=Path, help="draw best so far against epochs spent")
    parser.add_argument(
        "--mnist",
        type=Path,
        default=Path(os.environ.get("HPSEARCH_TEST_DATA", "data")) / "mnist.npz",
        help="an .npz with x_train, y_train, x_test, y_test; default %(default)s",
    )
    options = parser.parse_args()
    if options.quick:
        options.seeds = QUICK_SEEDS
    if not options.mnist.exists():
        parser.error(f"{options.mnist} is missing: name MNIST's .npz with --mnist")
    return options


def _run_all(cases: Sequence[tuple[str, int]], options: argparse.Namespace) -> Iterator[Run]:
    """All searches, in `options.processes` processes, as they finish."""
    jobs = [(name, seed, options.mnist, options.keep) for name, seed in cases]
    with get_context("spawn").Pool(options.processes) as pool:
        for count, run in enumerate(pool.imap_unordered(_run, jobs), start=1):
            marks = "  ".join(f"{run.after[mark]:.4f}" for mark in MARKS)
            print(
                f"{count:3}/{len(jobs)}  {run.contender:32} seed {run.seed:3}  {marks}",
                file=sys.stderr,
                flush=True,
            )
            yield run


def _run(job: tuple[str, int, Path, Path | None]) -> Run:
    name, seed, mnist, keep = job
    kept = keep / f"{name.replace(' ', '_').replace(',', '')}-{seed}.json" if keep else None
    if kept is not None and kept.exists():
        return _read(json.loads(kept.read_text()))
    data = images(mnist)
    began = time.perf_counter()
    ledger = ALL[name](data, seed)
    run = _measured(name, seed, ledger, time.perf_counter() - began)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_row(run)))
    return run


def images(mnist: Path) -> Split:
    """6000 training and 1500 validation images, the same for every contender and seed."""
    with np.load(mnist) as file:
        parts = [
            Part(file[f"x_{part}"][:, None], file[f"y_{part}"].astype(np.int64))
            for part in ("train", "test")
        ]
    dataset = Dataset("mnist", parts[0], parts[1], 10)
    return split(dataset, train_size=7500, fraction=0.2, stratified=True, seed=0)


def _measured(name: str, seed: int, ledger: Ledger, seconds: float) -> Run:
    return Run(
        contender=name,
        seed=seed,
        best=ledger.best,
        after={mark: ledger.after(mark) for mark in MARKS},
        wasted=ledger.wasted(),
        spent=ledger.spent,
        trials=len(ledger.trials),
        seconds=seconds,
    )


def _row(run: Run) -> dict[str, object]:
    return {
        "contender": run.contender,
        "seed": run.seed,
        "after": {str(mark): value for mark, value in run.after.items()},
        "wasted": run.wasted,
        "spent": run.spent,
        "trials": run.trials,
        "seconds": run.seconds,
        "best": [(round(spent, 3), value) for spent, value in run.best],
    }


def _read(row: dict[str, object]) -> Run:
    after = row["after"]
    assert isinstance(after, dict)
    return Run(**{**row, "after": {int(mark): value for mark, value in after.items()}})  # type: ignore[arg-type]  # JSON


def _print_table(runs: Sequence[Run], names: Sequence[str]) -> None:
    head = "".join(f"{f'after {mark}: median (95 %) worst':>38}" for mark in MARKS)
    print(f"{'contender':32}{head}{'at chance':>11}{'trials':>8}{'seconds':>9}")
    for name in names:
        own = [run for run in runs if run.contender == name]
        cells = "".join(f"{_cell([run.after[mark] for run in own]):>38}" for mark in MARKS)
        wasted = f"{median(run.wasted for run in own):.1%}"
        trials = f"{median(run.trials for run in own):.0f}"
        seconds = f"{median(run.seconds for run in own):.0f}"
        print(f"{name:32}{cells}{wasted:>11}{trials:>8}{seconds:>9}")


def _cell(values: list[float]) -> str:
    low, high = median_interval(values)
    return f"{median(values):.4f} ({low:.4f}-{high:.4f}) {min(values):.4f}"


def _judge(runs: Sequence[Run]) -> int:
    """Say which targets hold; 1 where one does not."""
    own = [run for run in runs if run.contender == DEFAULT]
    rivals = {run.contender for run in runs if run.contender.startswith("Optuna")}
    verdicts: list[tuple[str, bool]] = []
    for mark, target in TARGETS.items():
        value = median(run.after[mark] for run in own)
        verdicts.append((f"after {mark} epochs: {value:.4f}, target {target}", value >= target))
        for rival in sorted(rivals):
            other = median(run.after[mark] for run in runs if run.contender == rival)
            verdicts.append((f"  not below {rival} ({other:.4f})", value >= other))
    wasted = median(run.wasted for run in own)
    verdicts.append((f"at chance: {wasted:.1%}, at most {MOST_WASTED:.0%}", wasted <= MOST_WASTED))
    worst = min(run.after[MARKS[-1]] for run in own)
    verdicts.append((f"worst seed: {worst:.4f}, target {WORST}", worst >= WORST))
    for words, holds in verdicts:
        print(f"{'yes' if holds else 'NO ':4} {words}")
    return 0 if all(holds for _, holds in verdicts) else 1


def _document(runs: Sequence[Run], options: argparse.Namespace) -> dict[str, object]:
    conditions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "processor": platform.processor() or platform.machine(),
        "processes": options.processes,
        "seeds": [options.first_seed, options.first_seed + options.seeds - 1],
    }
    return {"conditions": conditions, "runs": [_row(run) for run in runs]}


def _draw(runs: Sequence[Run], names: Sequence[str], file: Path) -> None:
    """Median best so far against epochs spent: all of it, and the upper end.

    The band of our default is worst to best seed.
    """
    mpl.use("Agg")
    figure, panels = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
    for axes, bounds in zip(panels, ((0.0, 1.0), UPPER_END), strict=True):
        for name in names:
            _draw_one(axes, [run for run in runs if run.contender == name])
        axes.set(ylim=bounds, xlim=(0, MARKS[-1]), xticks=range(0, MARKS[-1] + 1, 20))
        axes.set_xlabel("epochs of training spent, all trials together")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("best validation accuracy so far, median of the seeds")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize="small")
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _draw_one(axes: Axes, runs: Sequence[Run]) -> None:
    name = runs[0].contender
    grid = np.linspace(0, MARKS[-1], 321)
    curves = np.array([_sampled(run, grid) for run in runs])
    (line,) = axes.plot(
        grid,
        np.median(curves, axis=0),
        label=name,
        linewidth=2.6 if name == DEFAULT else 1.3,
        linestyle="-" if name.startswith(DEFAULT) else "--",
        zorder=3 if name == DEFAULT else 2,
    )
    if name == DEFAULT:
        band = curves.min(axis=0), curves.max(axis=0)
        axes.fill_between(grid, *band, alpha=0.15, color=line.get_color())


def _sampled(run: Run, grid: np.ndarray) -> list[float]:
    values = []
    for epochs in grid:
        values.append(max((value for spent, value in run.best if spent <= epochs), default=0.0))
    return values


if __name__ == "__main__":
    sys.exit(main())
