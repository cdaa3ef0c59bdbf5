"""Which parameters the good trials depend on (after PED-ANOVA, Watanabe et al. 2023).

A parameter matters where the best trials lie differently along it than all trials do: the Pearson
divergence of the two distributions, here over a few equal parts of the parameter's scale.
"""

from collections import Counter
from collections.abc import Sequence

from hpsearch.history import Trial, TrialState
from hpsearch.search.scale import Space, place
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, Parameter, Value, as_number

PARTS = 8
BEST_SHARE = 0.25
FEWEST = 12  # trials that say something; below it nothing is told apart


def importance(space: Space, trials: Sequence[Trial], objective: Objective) -> dict[str, float]:
    """Shares by parameter that sum to 1, the largest first; all equal while too little is known."""
    known = [
        trial for trial in trials if trial.ending and trial.ending.outcome.caused_by_parameters
    ]
    equal = {name: 1 / len(space) for name in space} if space else {}
    if len(known) < FEWEST:
        return equal
    known.sort(key=lambda trial: _rank(trial, objective), reverse=True)
    best = known[: max(3, round(len(known) * BEST_SHARE))]
    found = {name: _divergence(name, space[name], best, known) for name in space}
    total = sum(found.values())
    if total <= 0:
        return equal
    return {name: found[name] / total for name in sorted(found, key=lambda name: -found[name])}


def _rank(trial: Trial, objective: Objective) -> tuple[bool, float]:
    """Complete trials by value, then the others by how far they came."""
    if trial.state is TrialState.COMPLETE and trial.value is not None:
        return True, objective.upward(trial.value)
    return False, trial.epochs


def _divergence(
    name: str, parameter: Parameter, best: Sequence[Trial], known: Sequence[Trial]
) -> float:
    """Of the best from all trials that have the parameter; less where few have it.

    Each part counts half a trial more, so that chance matters less where there are few.
    """
    parts = len(parameter.choices) if isinstance(parameter, CategoricalParameter) else PARTS
    having = [trial for trial in known if name in trial.params]
    best_having = [trial for trial in best if name in trial.params]
    of_all = Counter(_part(parameter, trial.params[name]) for trial in having)
    of_best = Counter(_part(parameter, trial.params[name]) for trial in best_having)
    divergence = 0.0
    for part, count in of_all.items():
        share = (count + 0.5) / (len(having) + 0.5 * parts)
        of_the_best = (of_best[part] + 0.5) / (len(best_having) + 0.5 * parts)
        divergence += share * (of_the_best / share - 1) ** 2
    return divergence * len(having) / len(known)


def _part(parameter: Parameter, value: Value) -> int:
    """The part of the scale in which a value lies."""
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices.index(value) if value in parameter.choices else 0
    return min(max(int(place(parameter, as_number(value)) * PARTS), 0), PARTS - 1)
