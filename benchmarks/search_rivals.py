"""SMAC3 and Syne Tune as contenders of the search benchmark; `make setup-rivals` installs them.

Both stop weak trials early at one of three epochs, by successive halving. A trial that goes on does
so from where it stopped, as their users would have it with checkpoints. A choice is written as
JSON, since neither takes texts, numbers and booleans in one parameter.
"""

import json
import logging
import math
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ConfigSpace import Categorical, ConfigurationSpace, Float, InCondition, Integer
from smac import MultiFidelityFacade, Scenario
from smac.runhistory.dataclasses import TrialValue
from syne_tune import config_space as domains
from syne_tune.backend.trial_status import Trial
from syne_tune.optimizer.baselines import BOHB
from syne_tune.optimizer.scheduler import SchedulerDecision

from benchmarks.search_contenders import MARKS, Ledger, Params, known
from benchmarks.search_tasks import LONGEST, Task
from hpsearch.baseline import Baseline
from hpsearch.spec.space import Value

warnings.filterwarnings("ignore", module="sklearn|pandas|syne_tune")
WORST = 1.0
"""The cost of a trial that diverged: that of an accuracy of 0."""


def smac(task: Task, _: Baseline, ledger: Ledger, seed: int) -> None:
    """SMAC3's multi-fidelity facade: a random forest proposes, Hyperband stops; its incumbent."""
    numbers: dict[Any, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            _config_space(task.space, seed),
            deterministic=True,
            n_trials=MARKS[-1],
            min_budget=1,
            max_budget=int(LONGEST),
            seed=seed,
            output_directory=Path(folder),
        )
        facade = MultiFidelityFacade(scenario, overwrite=True, logging_level=False)
        while ledger.spent < MARKS[-1]:
            asked = facade.ask()
            number = numbers.setdefault(asked.config, len(numbers))
            accuracy = ledger(_params(asked.config), number, float(asked.budget)).accuracy
            cost = WORST if math.isnan(accuracy) else 1 - accuracy
            facade.tell(asked, TrialValue(cost=cost))
            best = facade.intensifier.get_incumbent()
            ledger.look(partial(known, None if best is None else _params(best)))


def _config_space(space: Mapping[str, Any], seed: int) -> ConfigurationSpace:
    found = ConfigurationSpace(seed=seed)
    for name, parameter in space.items():
        log = parameter.get("log", False)
        if "choices" in parameter:
            found.add(Categorical(name, [json.dumps(each) for each in parameter["choices"]]))
            continue
        kind = Integer if parameter.get("type") == "int" else Float
        found.add(kind(name, (parameter["low"], parameter["high"]), log=log))
    for name, parameter in space.items():
        for other, values in parameter.get("when", {}).items():
            words = [json.dumps(each) for each in values]
            found.add(InCondition(found[name], found[other], words))
    return found


def bohb(task: Task, _: Baseline, ledger: Ledger, seed: int) -> None:
    """Syne Tune's BOHB: density estimates propose, asynchronous successive halving stops.

    Conditions it does not know: a parameter that does not apply is drawn and left out.
    """
    logging.getLogger("syne_tune").setLevel(logging.CRITICAL)
    scheduler = BOHB(
        dict(_domains(task.space)),
        metric="accuracy",
        time_attr="epoch",
        max_t=int(LONGEST),
        do_minimize=False,
        random_seed=seed,
    )
    number = 0
    while ledger.spent < MARKS[-1]:
        trial = Trial(number, scheduler.suggest().config, datetime.now(UTC))
        scheduler.on_trial_add(trial)
        params = _applying(task.space, _params(trial.config))
        for epoch in range(1, int(LONGEST) + 1):
            accuracy = ledger(params, number, epoch).accuracy
            ledger.look(partial(known, ledger.luckiest()))
            told = {"accuracy": 0.0 if math.isnan(accuracy) else accuracy, "epoch": epoch}
            decision = scheduler.on_trial_result(trial, told)
            if math.isnan(accuracy) or decision != SchedulerDecision.CONTINUE:
                break
        scheduler.on_trial_complete(trial, told)
        number += 1


def _domains(space: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, parameter in space.items():
        if "choices" in parameter:
            yield name, domains.choice([json.dumps(each) for each in parameter["choices"]])
            continue
        log, whole = parameter.get("log", False), parameter.get("type") == "int"
        kinds = {
            (False, False): domains.uniform,
            (True, False): domains.loguniform,
            (False, True): domains.randint,
            (True, True): domains.lograndint,
        }
        yield name, kinds[log, whole](parameter["low"], parameter["high"])


def _params(config: Mapping[str, Any]) -> Params:
    return {name: _value(value) for name, value in dict(config).items()}


def _value(value: Any) -> Value:
    if isinstance(value, str):
        chosen: Value = json.loads(value)
        return chosen
    return (
        int(value) if float(value).is_integer() and not isinstance(value, float) else float(value)
    )


def _applying(space: Mapping[str, Any], params: Params) -> Params:
    return {
        name: value
        for name, value in params.items()
        if all(params[other] in values for other, values in space[name].get("when", {}).items())
    }
