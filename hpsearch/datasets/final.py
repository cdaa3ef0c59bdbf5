"""The only way to the test data: all training data beside it, for the winner's one look.

Nothing but the certificate may come here; pyproject.toml has the contract.
"""

from hpsearch.datasets.split import training_data
from hpsearch.datasets.values import Dataset, Split
from hpsearch.spec.search import SearchSpec


def final_split(spec: SearchSpec, dataset: Dataset) -> Split:
    """Train on all that the job may learn from, score on the test part."""
    return Split(training_data(spec, dataset), dataset.test, dataset.classes)
