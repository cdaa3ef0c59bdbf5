"""Which trials of a large job are drawn."""

from storage.job_pages import sample


def test_a_sample_has_the_best_half_and_the_rest_evenly() -> None:
    ranked = range(10_000)
    found = sample(ranked, 2000)
    assert len(found) == len(set(found)) == 2000
    assert found[:1000] == list(range(1000))
    assert found[-1] > 9980


def test_all_of_a_few() -> None:
    assert sample([3, 1, 2], 3) == [3, 1, 2]
