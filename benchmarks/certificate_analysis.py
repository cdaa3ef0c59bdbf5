"""What the raw results of `benchmarks.certificate` say about the certificate's formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from hpsearch.search.intervals import Interval, final_interval
from hpsearch.search.verdict import Verdict, judge

Row = Mapping[str, Any]

COVERAGE = (0.93, 0.97)
RIGHT = 0.95


@dataclass(frozen=True)
class Outcome:
    """One search, judged."""

    verdict: Verdict
    interval: Interval
    truth: float
    covered: bool
    right: tuple[bool, ...]
    confirmed: bool
    optimism: float
    test_error: float


def outcome(row: Row) -> Outcome:
    """The certificate of one search beside the truth."""
    repeats = {int(number): scores for number, scores in row["repeats"].items()}
    truths = {int(number): fmean(scores) for number, scores in row["truths"].items()}
    costs = {int(number): cost for number, cost in row["costs"].items()}
    naive = {int(number): value for number, value in row["naive"].items()}
    verdict = judge(repeats, costs, row["validation"] / row["training"])
    winner, first = verdict.winner, max(naive, key=lambda n: (naive[n], -n))
    scores = [_share(digits, row["test"]) for digits in row["right"][str(winner)]]
    interval = final_interval(scores, row["test"])
    return Outcome(
        verdict=verdict,
        interval=interval,
        truth=truths[winner],
        covered=interval.low <= truths[winner] <= interval.high,
        right=tuple(truths[winner] > truths[other] for other in verdict.better_than),
        confirmed=winner == first,
        optimism=naive[first] - truths[first],
        test_error=fmean(scores) - truths[winner],
    )


def _share(digits: str, images: int) -> float:
    """Of the images that a training got right; a bit for each, as hexadecimal digits."""
    return int(digits or "0", 16).bit_count() / images


def report(rows: Sequence[Row]) -> bool:
    """Print the figures of all rows and of each kind; whether the targets are met."""
    outcomes = [outcome(row) for row in rows]
    kinds = sorted({_kind(row) for row in rows})
    print(f"{'searches':36} {'number':>6} {'covered':>8} {'width':>7} {'optimism':>9}")
    _line("all", outcomes)
    for kind in kinds:
        chosen = [each for each, row in zip(outcomes, rows, strict=True) if _kind(row) == kind]
        _line(kind, chosen)
    said = [right for each in outcomes for right in each.right]
    coverage = fmean(each.covered for each in outcomes)
    right = fmean(said) if said else 1.0
    better = sum(bool(each.verdict.better_than) for each in outcomes)
    print(f"\nthe 95 % interval covers the truth: {coverage:.1%} of {len(outcomes)}")
    print(f"misses: {_misses(outcomes)}")
    print(f'"better" was said in {better} searches, {len(said)} times, and right {right:.1%}')
    print(
        f"the naive best is not the confirmed one: {fmean(not e.confirmed for e in outcomes):.1%}"
    )
    optimism = [each.optimism for each in outcomes]
    print(f"the naive number is too high by {fmean(optimism):.4f}, at most {max(optimism):.4f}")
    print(f"the test score is too high by {fmean(each.test_error for each in outcomes):.4f}")
    return COVERAGE[0] <= coverage <= COVERAGE[1] and right >= RIGHT


def _kind(row: Row) -> str:
    balanced = "" if row["balanced"] else ", unbalanced"
    return f"{row['network']}, {row['schedule']}{balanced}"


def _line(name: str, outcomes: Sequence[Outcome]) -> None:
    width = fmean(each.interval.high - each.interval.low for each in outcomes)
    print(
        f"{name:36} {len(outcomes):6} {fmean(each.covered for each in outcomes):8.1%} "
        f"{width:7.4f} {fmean(each.optimism for each in outcomes):9.4f}"
    )


def _misses(outcomes: Sequence[Outcome]) -> str:
    below = sum(each.truth < each.interval.low for each in outcomes)
    above = sum(each.truth > each.interval.high for each in outcomes)
    return f"the truth lay below {below} intervals and above {above}"
