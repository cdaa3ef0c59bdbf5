"""What somebody should know about a search, in words: a pure function of what was found."""

import math
from collections.abc import Mapping, Sequence

from hpsearch.jobs import PruningErrors
from hpsearch.search.scale import Space, place
from hpsearch.spec.objective import Objective
from hpsearch.spec.space import CategoricalParameter, as_number
from hpsearch.trial import Outcome, Trial, TrialState

TOP = 5  # trials that are looked at for an edge
EDGE = 0.05  # of the scale
WASTED = 0.4  # of the trials, from which on it is worth saying
NO_EFFECT = 0.05  # share of the importance
FEWEST = 25  # ended trials, before which a parameter is not called without effect
CONFIDENCE = 1.96  # standard errors, for 95 %


def health(
    space: Space,
    trials: Sequence[Trial],
    objective: Objective,
    shares: Mapping[str, float],
    validation: int | None,
    errors: PruningErrors | None = None,
) -> list[str]:
    """Sentences, most urgent first; empty if there is nothing to say.

    shares: see `importance`. validation: images of the validation part, if known. errors: of the
    pruner, where a control group tells of them.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE and t.value is not None]
    complete.sort(key=lambda trial: (-objective.upward(trial.value or 0.0), trial.number))
    found = [_edge(name, space, complete[:TOP]) for name in space]
    found += [_wasted(trials), *_without_effect(shares, trials)]
    found += [_pruner(errors), _noise(complete, objective, validation)]
    return [words for words in found if words]


def _edge(name: str, space: Space, top: Sequence[Trial]) -> str:
    parameter = space[name]
    if isinstance(parameter, CategoricalParameter) or parameter.low == parameter.high:
        return ""
    places = [place(parameter, as_number(t.params[name])) for t in top if name in t.params]
    for end, bound, near in (
        ("lower", parameter.low, [each for each in places if each <= EDGE]),
        ("upper", parameter.high, [each for each in places if each >= 1 - EDGE]),
    ):
        if len(places) >= TOP and len(near) > TOP // 2:
            return (
                f"{len(near)} of the best {TOP} trials lie at the {end} end of {name} ({bound:g}): "
                "better values may lie beyond it. Widen the range and search again."
            )
    return ""


def _wasted(trials: Sequence[Trial]) -> str:
    ended = [trial for trial in trials if trial.ending]
    lost = [t for t in ended if t.ending and t.ending.outcome in (Outcome.DIVERGED, Outcome.STUCK)]
    if len(ended) < TOP or len(lost) < WASTED * len(ended):
        return ""
    spent = sum(trial.epochs for trial in lost) / (sum(trial.epochs for trial in ended) or 1)
    return (
        f"{len(lost)} of {len(ended)} trials diverged or were stuck at chance, "
        f"which took {spent:.0%} of the training. A narrower space would waste less."
    )


def _without_effect(shares: Mapping[str, float], trials: Sequence[Trial]) -> list[str]:
    if sum(trial.ending is not None for trial in trials) < FEWEST:
        return []
    return [
        f"{name} makes no difference that can be seen: good and bad trials have the same values."
        for name, share in shares.items()
        if share < NO_EFFECT
    ]


def _pruner(errors: PruningErrors | None) -> str:
    if errors is None or errors.share is None or errors.low is None or errors.high is None:
        return ""
    return (
        f"The pruner would have cut {errors.spared} trials that trained on as its control group; "
        f"{errors.in_error} of them ended in the better half ({errors.low:.0%} to "
        f"{errors.high:.0%} with 95 % confidence), {errors.above_best} above all others of their "
        "round."
    )


def _noise(complete: Sequence[Trial], objective: Objective, validation: int | None) -> str:
    if validation is None or objective is not Objective.ACCURACY or len(complete) < 2:
        return ""
    best = complete[0].value or 0.0
    gap = CONFIDENCE * math.sqrt(2 * best * (1 - best) / validation)
    near = [trial for trial in complete[1:] if best - (trial.value or 0.0) <= gap]
    if not near:
        return ""
    return (
        f"The winner is within noise of {len(near)} other trial{'s' * (len(near) != 1)}: on "
        f"{validation} validation images, differences below {gap:.3f} cannot be told from luck."
    )
