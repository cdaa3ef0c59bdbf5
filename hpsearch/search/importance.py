"""Which parameters the good trials depend on: PED-ANOVA (Watanabe et al. 2023), as Optuna has it.

A parameter matters where the best trials lie differently along it than all trials do. One that
only some trials have is weighed by how much oftener the best have it (condPED-ANOVA, 2026).
"""

from collections.abc import Mapping, Sequence

import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial

from hpsearch.search.distributions import distribution
from hpsearch.search.scale import Space, contains, snapped
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import Value
from hpsearch.trial import Trial, TrialState

BEST_SHARE = 0.25
FEWEST = 12  # trials that say something; below it nothing is told apart
MOST = 1000  # trials that are looked at, evenly by rank, as Optuna's study takes time for each

optuna.logging.set_verbosity(optuna.logging.ERROR)

Params = Mapping[str, Value]


def importance(space: Space, trials: Sequence[Trial], objective: Objective) -> dict[str, float]:
    """Shares by parameter that sum to 1, the largest first; all equal while too little is known."""
    known = [
        trial for trial in trials if trial.ending and trial.ending.outcome.caused_by_parameters
    ]
    equal = {name: 1 / len(space) for name in space} if space else {}
    if len(known) < FEWEST:
        return equal
    known.sort(key=lambda trial: _rank(trial, objective), reverse=True)
    found = _divergences(space, [_inside(space, trial.params) for trial in _thinned(known)])
    total = sum(found.values())
    if total <= 0:
        return equal
    return {name: found[name] / total for name in sorted(found, key=lambda name: -found[name])}


def _rank(trial: Trial, objective: Objective) -> tuple[bool, float]:
    """Complete trials by value, then the others by how far they came."""
    if trial.state is TrialState.COMPLETE and trial.value is not None:
        return True, objective.upward(trial.value)
    return False, trial.epochs


def _thinned(ranked: Sequence[Trial]) -> list[Trial]:
    if len(ranked) <= MOST:
        return list(ranked)
    return [ranked[place * len(ranked) // MOST] for place in range(MOST)]


def _inside(space: Space, params: Params) -> dict[str, Value]:
    """What of the parameters Optuna takes: those that the space has, on their grids."""
    found = {name: snapped(space[name], params[name]) for name in params if name in space}
    return {name: value for name, value in found.items() if contains(space[name], value)}


def _divergences(space: Space, ranked: Sequence[Params]) -> dict[str, float]:
    """By parameter; ranked: of all trials, the best first.

    Places stand for values: pruned and diverged trials have one, too, below the complete ones.
    """
    points = _without_lone(space, ranked)
    distributions = {name: distribution(parameter) for name, parameter in space.items()}
    study = optuna.create_study(direction="minimize")
    study.add_trials(
        create_trial(
            value=float(rank),
            params=point,
            distributions={name: distributions[name] for name in point},
        )
        for rank, point in enumerate(points)
    )
    names = [name for name in space if any(name in point for point in points)]
    evaluator = PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
    return dict.fromkeys(space, 0.0) | evaluator.evaluate(study, params=names)


def _without_lone(space: Space, ranked: Sequence[Params]) -> list[dict[str, Value]]:
    """Points among which no parameter is had, or lacked, by one alone: Optuna warns of those."""
    points = [dict(point) for point in ranked]
    for name in space:
        having = [point for point in points if name in point]
        if len(having) == 1:
            del having[0][name]
        elif len(having) == len(points) - 1:
            return _without_lone(space, having)  # which may have left another one alone
    return points
