"""The parts of a search spec beside the network, the training and the space."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from hpsearch.spec.base import NamedPart, Part
from hpsearch.spec.bounds import Bounds

MAX_TRIALS = 100_000
MAX_EPOCHS = 1_000
"""Of one trial."""


class DatasetChoice(NamedPart):
    """Which images to train on. A bare string is the name."""

    name: str = Field(min_length=1, max_length=100)
    train_size: Annotated[int, Bounds(ge=20, le=10_000_000)] | None = None
    """Images taken from the training data, before the validation part is carved from them."""


class Validation(Part):
    """The part of the training data that scores the trials; the same for every trial of a job."""

    fraction: Annotated[float, Bounds(gt=0, lt=1)] = 0.2
    """Share of the training data that is carved out; between 0 and 1, both excluded."""
    stratified: bool = True
    """Keep the classes' shares the same in both parts."""


class Sampler(NamedPart):
    """Who proposes parameters. A bare string is the name."""

    name: Literal["tpe", "random", "qmc", "gp"] = "tpe"
    startup_trials: Annotated[int, Bounds(ge=0, le=10_000)] = 10
    """Finished trials in range that the model needs; until then points are spread evenly (qmc)."""


class Pruner(NamedPart):
    """Who cuts weak trials early. A bare string is the name."""

    name: Literal[
        "none", "median", "percentile", "successive_halving", "hyperband", "threshold"
    ] = "percentile"
    startup_trials: Annotated[int, Bounds(ge=0, le=10_000)] = 5
    """Median, percentile: trials to compare with before any is cut."""
    warm_up: Annotated[float, Bounds(ge=0, le=MAX_EPOCHS)] | None = None
    """Median, percentile, threshold: epochs of training before a trial may be cut. If it is not
    given, median and percentile wait for a third of a full training."""
    percentile: Annotated[float, Bounds(gt=0, lt=100)] = 30.0
    """Percentile: keep a trial that is among this best share of the others, in percent."""
    reduction_factor: Annotated[int, Bounds(ge=2, le=100)] = 3
    """Successive halving, Hyperband: one trial in this many goes on."""
    lower: Annotated[float, Bounds(ge=0, le=1)] | None = None
    """Threshold: cut below this value of the objective, unless that is the loss."""
    upper: Annotated[float, Bounds(gt=0, le=1e6)] | None = None
    """Threshold: cut above this loss, if the objective is the loss."""
    patience: Annotated[int, Bounds(ge=0, le=1000)] = 0
    """Reports without improvement that a trial is allowed before the pruner may cut it; 0: none."""
    control: Annotated[float, Bounds(ge=0, le=1)] = 0.0
    """Share of the trials that train on where they would be cut, drawn from the seed: what becomes
    of them shows how often the pruner errs."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name == "threshold" and self.lower is None and self.upper is None:
            raise ValueError(
                "the threshold pruner needs `lower`, a value between 0 and 1, or for the objective "
                "`loss` an `upper` above 0"
            )
        return self


class Rounds(Part):
    """Coarse to fine: how often the ranges are drawn anew around the good trials."""

    count: Annotated[int, Bounds(ge=1, le=20)] = 3
    """Rounds; 1 searches the whole box throughout."""
    keep: Annotated[float, Bounds(gt=0, le=1)] = 0.1
    """The best share of the trials, around which the next ranges are drawn."""
    explore: Annotated[float, Bounds(ge=0, le=1)] = 0.1
    """Share of each later round drawn from the whole box, so that a wrong turn can be undone."""


LIMITS = ("trials", "epochs", "seconds")
"""Fields of a budget of which a search needs one at least."""


class Budget(Part):
    """When a search ends; whichever comes first."""

    trials: Annotated[int, Bounds(ge=1, le=MAX_TRIALS)] | None = None
    """Trials in all, exactly; 40 if neither trials, epochs nor seconds are given."""
    epochs: Annotated[float, Bounds(gt=0, le=1e9)] | None = None
    """Epochs of training, summed over all trials."""
    seconds: Annotated[float, Bounds(gt=0, le=1e8)] | None = None
    """Seconds of running, pauses not counted."""
    target: Annotated[float, Bounds(gt=0, le=1e6)] | None = None
    """Stop once a trial's objective is at least this, 1 at most; a loss: at most this."""
    patience: Annotated[int, Bounds(ge=1, le=MAX_TRIALS)] | None = None
    """Stop after this many trials in a row without a new best."""
    failures: Annotated[int, Bounds(ge=1, le=MAX_TRIALS)] = 5
    """Give up after this many trials failed for reasons other than their parameters."""

    @model_validator(mode="before")
    @classmethod
    def _default_trials(cls, data: Any) -> Any:
        if isinstance(data, dict) and all(data.get(limit) is None for limit in LIMITS):
            return {**data, "trials": 40}
        return data


class Confirm(Part):
    """How the winner is confirmed once the search is over; see docs/search.md."""

    top: Annotated[int, Bounds(ge=1, le=20)] = 3
    """The likely best trials of the search, which are trained again side by side."""
    repeats: Annotated[int, Bounds(ge=2, le=50)] = 5
    """Trainings of each, on fresh seeds and fresh splits of the training data."""
