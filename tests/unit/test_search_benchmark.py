"""The search benchmark on its small table: trainings made up as real ones are, and one verdict."""

import json
import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from benchmarks import search_confirming, search_luck, search_tasks
from benchmarks.search_contenders import CONTENDERS, DEFAULT, MARKS, Ledger
from benchmarks.search_quality import SMALL, Run
from benchmarks.search_report import Regrets, print_report
from benchmarks.search_surface import Surface
from benchmarks.search_surrogate import Surrogate, TableTrainer
from benchmarks.search_tables import choose, read, train
from benchmarks.search_tasks import TASKS, RealTrainer
from hpsearch.baseline import Baseline
from hpsearch.datasets.values import Split
from hpsearch.search.scale import fits
from hpsearch.search.simulation import Score
from hpsearch.spec.space import Value, as_number
from hpsearch.training.leg import LegReport, LegTask, TrainState, run_leg

NOWHERE = Path("nowhere")  # the digits are in the package
TASK = TASKS["digits-two"]
GOOD = {"learning_rate": 0.1, "weight_decay": 0.002}
HOPELESS = {"learning_rate": 500.0, "weight_decay": 900.0}


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    return Surrogate(TASK, read(SMALL / "digits-two.jsonl"), TASK.baseline(NOWHERE))


def test_a_table_is_told_again_from_what_stands_in_it(tmp_path: Path) -> None:
    """And a line that was cut off by a kill is dropped, so that recording goes on."""
    lines = (SMALL / "digits-two.jsonl").read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if json.loads(line)["diverged_at"])
    rows = read(SMALL / "digits-two.jsonl")
    assert choose(TASK, rows[:number]) == pytest.approx(rows[number].params)
    again = train(TASK, NOWHERE, rows[number].params, number)
    assert again.diverged_at == rows[number].diverged_at
    cut = tmp_path / "digits-two.jsonl"
    cut.write_text("\n".join(lines[:5]) + "\n" + lines[5][:40])
    assert len(read(cut)) == 5
    assert cut.read_text().count("\n") == 5


def test_every_task_has_a_space_that_its_points_fit() -> None:
    for task in TASKS.values():
        spec = task.spec(0, 1.0)
        assert fits(spec.space, choose(task, []))
        assert spec.space["learning_rate"].high == 1e3  # type: ignore[union-attr]  # a number


def test_a_trainer_that_forgot_a_network_trains_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The networks of long searches would take gigabytes."""
    asked = [(number, epoch) for epoch in (1.0, 2.0) for number in range(3)]

    begun = []

    def leg(
        task: LegTask, data: Split, state: TrainState | None
    ) -> tuple[TrainState | None, LegReport]:
        if state is None:
            begun.append(task.trial)
        return run_leg(task, data, state)

    def trained() -> list[tuple[float, float]]:
        begun.clear()
        trainer = RealTrainer(TASK.spec(0, 1.0), TASK.images(NOWHERE).split, 0)
        scores = [trainer(GOOD, number, epoch) for number, epoch in asked]
        return [(score.accuracy, score.loss) for score in scores]

    monkeypatch.setattr(search_tasks, "run_leg", leg)
    remembered = trained()
    assert begun == [0, 1, 2]
    monkeypatch.setattr(search_tasks, "MOST_STATES", 2)
    assert trained() == remembered
    assert begun == [0, 1, 2, 0, 1, 2]


def test_made_up_trainings_scatter_as_real_ones(surrogate: Surrogate) -> None:
    groups: dict[str, list[float]] = {}
    for row in read(SMALL / "digits-two.jsonl"):
        if row.complete:
            groups.setdefault(json.dumps(row.params), []).append(row.final)
    good = [each for each in groups.values() if len(each) > 2 and np.median(each) > 0.85]
    real = np.concatenate([np.abs(np.array(each) - np.median(each)) for each in good])
    generator = np.random.default_rng(0)
    made = [surrogate.curve(GOOD, generator) for _ in range(300)]
    finals = np.array([each.accuracy[-1] for each in made if each.diverged is None])
    assert len(finals) > 270
    scatter = np.median(np.abs(finals - np.median(finals)))
    assert np.median(real) / 2 < scatter < np.median(real) * 2
    assert surrogate.truth(GOOD) == pytest.approx(np.mean(finals), abs=0.02)
    assert surrogate.luck(GOOD) == pytest.approx(np.std(finals), rel=0.2)


def test_a_winner_is_judged_by_the_rule_that_chose_its_candidates() -> None:
    found = search_confirming.regrets(("digits-two", 3, SMALL, NOWHERE))
    assert set(found) == {*search_confirming.RULES, search_confirming.LIKELY}
    assert all(-0.05 < each < 0.5 for each in found.values())


def test_neighbours_are_worth_nearly_the_same(surrogate: Surrogate) -> None:
    """So that regret tells settings apart, not the steps of the model."""
    rates = 10 ** np.linspace(-1.2, -0.9, 61)
    truths = [surrogate.truth({**GOOD, "learning_rate": float(rate)}) for rate in rates]
    assert np.abs(np.diff(truths)).max() < 0.01


def test_what_a_surrogate_has_not_seen_is_as_it_says() -> None:
    found = list(search_luck.left_out("digits-two", read(SMALL / "digits-two.jsonl"), NOWHERE))
    assert len(found) > 15
    assert all(len(each.accuracies) > 1 for each in found)
    better = sorted(found, key=lambda each: -each.said)[: len(found) // 2]
    real = np.mean([np.mean(each.accuracies) for each in better])
    assert np.mean([each.said for each in better]) == pytest.approx(real, abs=0.05)
    assert "/" in search_luck.compared(found)


def test_a_surface_is_a_gaussian_process() -> None:
    """As scikit-learn has it, by the lengths that it finds."""
    generator = np.random.default_rng(0)
    inputs, new = generator.random((60, 2)), generator.random((5, 2))
    outputs = np.column_stack([np.sin(5 * inputs[:, 0]), inputs[:, 1] ** 2])
    outputs += generator.normal(0, 0.05, outputs.shape)
    surface = Surface(inputs, outputs, told_by=1)
    kernel = ConstantKernel() * Matern([0.3, 0.3], (0.05, 10.0), nu=1.5) + WhiteKernel(0.1)
    theirs = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings(action="ignore"):  # the first feature says nothing of these
        theirs.fit(inputs, outputs[:, 1])
    ours = [surface.mean(surface.likeness(point))[1] for point in new]
    assert ours == pytest.approx(theirs.predict(new), abs=0.01)
    assert surface.likeness(inputs[3])[3] == 1.0


def test_what_diverges_is_worth_a_guess(surrogate: Surrogate) -> None:
    score = TableTrainer(surrogate, 0)(HOPELESS, 0, 3.0)
    assert score.diverged_at is not None
    assert score.epoch < 0.5
    assert surrogate.regret(HOPELESS) > 0.9
    assert surrogate.regret(None) == 1.0
    assert -0.05 < surrogate.regret(surrogate.best) <= 0.001


OPTIONAL = ("SMAC3", "Syne Tune BOHB", "Optuna GP")
ALL = [
    pytest.param(
        name,
        marks=[
            pytest.mark.skipif(not each.there, reason=f"{name}: make setup-rivals setup-torch"),
            *([pytest.mark.slow] if name in OPTIONAL else []),  # their packages look around
        ],
    )
    for name, each in CONTENDERS.items()
]


@pytest.mark.parametrize("name", ALL)
def test_a_contender_spends_the_budget_and_recommends(surrogate: Surrogate, name: str) -> None:
    ledger = Ledger(TableTrainer(surrogate, 3))
    with warnings.catch_warnings(action="ignore"):  # the rivals' own
        CONTENDERS[name].run(TASK, TASK.baseline(NOWHERE), ledger, 3)
    assert MARKS[-1] - 3 <= ledger.spent <= MARKS[-1] + 3
    assert surrogate.regret(ledger.recommended(MARKS[-1])) < 0.5
    assert 0 <= ledger.wasted(0.15) < 0.9


def _run(contender: str, seed: int, truth: float, wasted: float = 0.1) -> Run:
    truths = dict.fromkeys(MARKS, truth + 0.001 * seed)
    return Run("digits-two", contender, seed, truths, wasted, 50, 1.0)


@pytest.mark.parametrize("name", ALL)
def test_a_contender_trains_what_is_in_the_space_and_nothing_that_does_not_apply(name: str) -> None:
    task = TASKS["cifar-ten"]
    space = task.spec(0, 1.0).space

    def trainer(params: Mapping[str, Value], number: int, epoch: float) -> Score:
        assert fits(space, params), params
        good = 1 - abs(math.log10(as_number(params["learning_rate"])) + 1) / 5
        return Score(max(good, 0.0), loss=1.0, first_loss=2.3, training_loss=1.0, epoch=epoch)

    with warnings.catch_warnings(action="ignore"):
        CONTENDERS[name].run(task, Baseline((80,) * 10), Ledger(trainer), 1)


def test_the_verdict_is_of_pairs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    best, guesses = {"digits-two": 0.9}, {"digits-two": 0.1}
    ours = [_run(DEFAULT, seed, 0.88 - 0.002 * (seed % 2)) for seed in range(6)]
    rival = [_run("random", seed, 0.8) for seed in range(6)]
    picture = tmp_path / "regret.svg"
    assert print_report([*ours, *rival], best, guesses, picture) == 0
    assert picture.read_text().startswith("<?xml")
    assert "NO" not in capsys.readouterr().out
    assert print_report([*ours, *[_run("random", s, 0.95) for s in range(6)]], best, guesses, None)
    assert "digits-two after 20" in capsys.readouterr().out


def test_a_regret_is_a_share_of_what_can_be_won() -> None:
    found = Regrets([_run(DEFAULT, 0, 0.5)], {"digits-two": 0.9}, {"digits-two": 0.1})
    assert found.of("digits-two", DEFAULT) == pytest.approx(np.full((1, 4), 0.5))
