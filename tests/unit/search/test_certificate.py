from collections.abc import Mapping
from dataclasses import replace

from hpsearch.history import Confirmation, History, Stage
from hpsearch.search.certificate import candidates, certificate, certificate_of, remaining, seed_of
from hpsearch.spec.objective import Objective
from hpsearch.spec.search import parse_spec
from hpsearch.trial import Ending, Origin, Outcome, Report, Trial

SPEC = parse_spec({"dataset": "digits", "confirm": {"top": 3, "repeats": 2}})
BY_SAMPLER = Origin("sampler", "tpe", 1, 0)


def trial(number: int, value: float, rate: float, outcome: Outcome = Outcome.COMPLETED) -> Trial:
    report = Report(300, 3.0, value, 0.1)
    return Trial(number, 0, 0, {"learning_rate": rate}, BY_SAMPLER, (report,), Ending(outcome, ""))


def test_by_earlier_rules_the_best_values_of_different_parameters_are_candidates() -> None:
    spec = SPEC.model_copy(update={"rules": 2})
    trials = [
        trial(0, 0.7, 0.1),
        trial(1, 0.9, 0.2),
        trial(2, 0.9, 0.2),
        trial(3, 0.99, 0.3, Outcome.PRUNED),
        trial(4, 0.9, 0.4),
    ]
    assert [each.number for each in candidates(spec, trials)] == [1, 4, 0]
    assert candidates(spec, []) == candidates(SPEC, []) == ()


def test_the_likely_best_are_candidates_not_the_luckiest() -> None:
    """Of three values at the edge one is high; two settings in the middle have always been good."""
    good = [trial(n, 0.90 + 0.002 * (n % 3), 0.1 * 1.1**n) for n in range(8)]
    edge = [trial(8 + n, 0.3, 1.0 * 1.02**n) for n in range(4)]
    lucky, short = trial(12, 0.95, 1.05), trial(13, 0.99, 0.15, Outcome.PRUNED)
    twice = trial(14, 0.91, 0.1 * 1.1**3)
    found = [each.number for each in candidates(SPEC, [*good, *edge, lucky, short, twice])]
    assert len(found) == 3
    assert set(found) < set(range(8))
    assert remaining(SPEC, History(trials=(*good, *edge, lucky)))[0].trial.number in found
    assert candidates(SPEC.model_copy(update={"rules": 2}), [*good, lucky])[0] is lucky


def test_trials_of_short_rounds_are_candidates_where_there_are_no_others() -> None:
    long = [trial(n, 0.8 + 0.01 * n, 0.1 * 1.3**n) for n in range(2)]
    brief = [
        replace(trial(2 + n, 0.95, 0.01 * 1.3**n), reports=(Report(40, 0.4, 0.9 + n / 100, 0.1),))
        for n in range(4)
    ]
    found = [each.number for each in candidates(SPEC, [*brief, *long])]
    assert set(found) == {0, 1, 5}


def test_the_seeds_of_repeats_are_their_own() -> None:
    seeds = {
        seed_of(job, stage, repeat) for job in range(20) for repeat in range(10) for stage in Stage
    }
    assert len(seeds) == 400
    assert max(seeds) < 2**53


def confirmed(history: History, values: Mapping[int, float]) -> History:
    """With all that remains trained; scores are the given values, a little more each repeat."""
    while todo := remaining(SPEC, history):
        for each in reversed(todo):
            value = values[each.trial.number] + each.repeat / 1000
            report = Report(300, 3.0, value, 0.1, accuracy=value, weights="w")
            found = Confirmation(
                *(each.stage, each.trial.number, each.repeat), 80, 20, 100, 0.1, 0.1, report
            )
            history = history.confirmed(found)
    return history


TRIALS = (trial(0, 0.9, 0.1), trial(1, 0.8, 0.2), trial(2, 0.7, 0.3), trial(3, 0.6, 0.4))


def test_a_certificate_can_be_told_from_a_sample_of_the_trials() -> None:
    few = (trial(3, 0.6, 0.4), trial(40, 0.9, 0.1), trial(77, 0.8, 0.2))
    history = confirmed(History(trials=few), {3: 0.4, 40: 0.5, 77: 0.8})
    found = certificate(SPEC, history)
    assert found is not None
    assert found.final is not None
    assert (found.complete, found.final.trial) == (True, 77)


def test_candidates_are_trained_as_often_as_is_asked_and_the_winner_is_looked_at_once() -> None:
    history = History(trials=TRIALS)
    first = remaining(SPEC, history)
    assert [(e.stage, e.trial.number, e.repeat) for e in first] == [
        (Stage.REPEAT, number, repeat) for repeat in (0, 1) for number in (0, 1, 2)
    ]
    assert len({each.seed for each in first}) == 2, "a repeat is the same for every candidate"
    history = confirmed(history, {0: 0.5, 1: 0.8, 2: 0.4})
    tests = [each for each in history.confirmations if each.stage is Stage.TEST]
    assert [(each.trial, each.repeat) for each in tests] == [(1, 0), (1, 1)]
    found = certificate(SPEC, history)
    assert found is not None
    assert found.complete
    assert found.verdict is not None
    assert found.verdict.words == "trial 1 is better than trials 0 and 2"
    assert found.final is not None
    assert found.final.interval.low < found.final.accuracy < found.final.interval.high


def test_no_interval_goes_beyond_what_a_score_can_be() -> None:
    found = certificate(SPEC, confirmed(History(trials=TRIALS), {0: 0.999, 1: 0.8, 2: 0.0005}))
    assert found is not None
    intervals = {each.trial: each.interval for each in found.candidates}
    assert intervals[0] is not None
    assert intervals[2] is not None
    assert intervals[0].high == 1.0
    assert intervals[2].low == 0.0


def test_the_order_in_which_trainings_come_changes_nothing() -> None:
    history = confirmed(History(trials=TRIALS), {0: 0.5, 1: 0.8, 2: 0.4})
    again = History(trials=TRIALS)
    for each in reversed(history.confirmations):
        again = again.confirmed(each)
    assert again == history


def test_those_that_were_trained_again_tell_the_same_certificate() -> None:
    """As the page of a long job has them, which does not read all trials."""
    good = [trial(n, 0.90 + 0.002 * (n % 3), 0.1 * 1.1**n) for n in range(8)]
    trials = (*good, *(trial(8 + n, 0.99 - 0.2 * n, 1.0 * 1.02**n) for n in range(4)))
    history = confirmed(History(trials=trials), dict.fromkeys(range(12), 0.8))
    again = {each.trial for each in history.confirmations}
    assert len(again) == 3
    few = tuple(each for each in trials if each.number in again)
    found = certificate_of(SPEC, few, history.confirmations)
    assert (
        found == certificate(SPEC, history) == certificate_of(SPEC, trials, history.confirmations)
    )
    early = [each for each in history.confirmations if each.trial != min(again)]
    known = certificate_of(SPEC, trials, tuple(early))
    assert known is not None
    assert known.verdict is None


def test_a_search_that_goes_on_gets_no_second_look() -> None:
    history = confirmed(History(trials=TRIALS), {0: 0.5, 1: 0.8, 2: 0.4})
    longer = replace(history, trials=(*TRIALS, trial(4, 0.95, 0.05)))
    longer = confirmed(longer, {0: 0.5, 1: 0.8, 4: 0.9})
    found = certificate(SPEC, longer)
    assert found is not None
    assert found.verdict is not None
    assert found.final is not None
    assert (found.verdict.winner, found.final.trial) == (4, 1)
    assert found.note is not None
    assert "a second look, for trial 4, is refused" in found.note


def test_a_candidate_that_cannot_be_trained_again_does_not_win() -> None:
    history = History(trials=TRIALS)
    for each in remaining(SPEC, history):
        number = each.trial.number
        report = None if number == 0 else Report(300, 3.0, 0.5 - 0.1 * number, 0.1, accuracy=0.4)
        problem = "its workers died" if number == 0 else None
        found = Confirmation(each.stage, number, each.repeat, 80, 20, 9, 0.1, 0.1, report, problem)
        history = history.confirmed(found)
    [test, *_] = remaining(SPEC, history)
    assert (test.stage, test.trial.number) == (Stage.TEST, 1)
    unfinished = certificate(SPEC, history)
    assert unfinished is not None
    assert unfinished.candidates[0].problem == "its workers died"
    assert not unfinished.complete


def test_what_is_not_asked_for_is_not_done() -> None:
    spec = SPEC.model_copy(update={"confirm": None})
    assert remaining(spec, History(trials=TRIALS)) == ()
    assert certificate(spec, History(trials=TRIALS)) is None
    nothing = certificate(SPEC, History())
    assert nothing is not None
    assert nothing.complete
    assert nothing.note == "no trial was trained to its end, so there is nothing to confirm"


def test_the_score_on_the_test_data_is_an_accuracy_whatever_the_objective() -> None:
    spec = SPEC.model_copy(update={"objective": Objective.BALANCED_ACCURACY})
    history = confirmed(History(trials=TRIALS), {0: 0.5, 1: 0.8, 2: 0.4})
    found, plain = certificate(spec, history), certificate(SPEC, history)
    assert found is not None
    assert plain is not None
    assert found.note == (
        "the search went by balanced_accuracy; on the test data accuracy is measured"
    )
    assert plain.note is None
