"""The only ways to the test data: for the winner's one look, and to show what it looked at.

Nothing but the certificate, and the report of a job whose certificate has looked, may come here;
pyproject.toml has the contract.
"""

import numpy as np

from hpsearch.datasets.split import training_data
from hpsearch.datasets.values import Dataset, Part, Split
from hpsearch.spec.search import SearchSpec


def final_split(spec: SearchSpec, dataset: Dataset) -> Split:
    """Train on all that the job may learn from, score on the test part."""
    return Split(training_data(spec, dataset), dataset.test, dataset.classes)


def examples(part: Part, count: int) -> Part:
    """At most `count` images of a part, spread evenly over it."""
    places = np.unique(np.linspace(0, len(part) - 1, min(count, len(part))).astype(np.int64))
    return Part(part.images[places], part.labels[places])


def test_examples(dataset: Dataset, count: int) -> Part:
    """At most `count` test images, for people to look at once the certificate has."""
    return examples(dataset.test, count)
