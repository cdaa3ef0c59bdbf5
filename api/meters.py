"""What this process counts: requests, the runner's database calls, how trials end."""

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """What this process counts itself; starts from zero with it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Histogram(
            "hpsearch_request_seconds",
            "Until an answer begins.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=registry,
        )
        self.database = Histogram(
            "hpsearch_database_seconds",
            "Of the runner's database calls.",
            ["call"],
            buckets=SECONDS,
            registry=registry,
        )
        self.trials = Counter(
            "hpsearch_trials", "Trials that ended here.", ["outcome"], registry=registry
        )
        self.reports = Counter(
            "hpsearch_reports", "Reports of trials recorded here.", registry=registry
        )
