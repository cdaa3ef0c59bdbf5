"""The ladder of report points."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hpsearch.search.ladder import report_epochs, report_points, round_epochs
from hpsearch.spec.search import SearchSpec, parse_spec
from hpsearch.trial import step_of


def spec_of(epochs: float, count: int = 3) -> SearchSpec:
    return parse_spec({"dataset": "digits", "epochs": epochs, "rounds": {"count": count}})


def test_three_epochs() -> None:
    spec = spec_of(3)
    assert report_points(spec) == (0.4, 1.0, 2.0, 3.0)
    assert [round_epochs(spec, index) for index in range(4)] == [0.4, 3.0, 3.0, 3.0]
    assert report_epochs(spec, 0) == (0.4,)


def test_long_trainings_report_within_their_first_epoch() -> None:
    assert report_points(spec_of(30)) == (1.0, 2.0, 4.0, 10.0, 20.0, 30.0)


def test_one_round_is_a_full_one() -> None:
    assert round_epochs(spec_of(3, count=1), 0) == 3.0


@settings(deadline=None)
@given(st.floats(0.05, 1000), st.integers(1, 20))
def test_every_round_reports_on_one_ladder(epochs: float, count: int) -> None:
    spec = spec_of(epochs, count)
    ladder = report_points(spec)
    steps = [step_of(point) for point in ladder]
    assert steps == sorted(set(steps))
    assert steps[0] > 0
    lengths = [round_epochs(spec, index) for index in range(count + 1)]
    assert lengths == sorted(lengths)
    for index in range(count + 1):
        points = report_epochs(spec, index)
        assert points == ladder[: len(points)]
        assert points[-1] == lengths[index]
