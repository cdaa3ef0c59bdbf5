"""The parts of a search spec beside the network, the training and the space."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from hpsearch.spec.base import Part

PrunerName = Literal["none", "median", "percentile", "successive_halving", "hyperband", "threshold"]


class DatasetChoice(Part):
    """Which images to train on. A bare string is the name."""

    name: str = Field(min_length=1, max_length=100)
    train_size: int | None = Field(default=None, ge=20)
    """Images taken from the training data, before the validation part is carved from them."""

    @model_validator(mode="before")
    @classmethod
    def _accept_name(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data


class Validation(Part):
    """The part of the training data that scores the trials; the same for every trial of a job."""

    fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the training data that is carved out; between 0 and 1, both excluded."""
    stratified: bool = True
    """Keep the classes' shares the same in both parts."""


class Sampler(Part):
    """Who proposes parameters. A bare string is the name."""

    name: Literal["tpe", "random", "qmc", "gp"] = "tpe"
    startup_trials: int = Field(default=10, ge=0, le=10_000)
    """Finished trials in range that the model needs; until then points are spread evenly (qmc)."""

    @model_validator(mode="before")
    @classmethod
    def _accept_name(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data


class Pruner(Part):
    """Who cuts weak trials early. A bare string is the name."""

    name: Literal[
        "none", "median", "percentile", "successive_halving", "hyperband", "threshold"
    ] = "median"
    startup_trials: int = Field(default=5, ge=0, le=10_000)
    """Median, percentile: trials to compare with before any is cut."""
    warm_up: float | None = Field(default=None, ge=0)
    """Median, percentile, threshold: epochs of training before a trial may be cut. Where it is not
    given, median and percentile wait for a third of a full training."""
    percentile: float = Field(default=50.0, gt=0, lt=100)
    """Percentile: keep a trial that is among this best share of the others, in percent."""
    reduction_factor: int = Field(default=3, ge=2, le=100)
    """Successive halving, Hyperband: one trial in so many goes on."""
    lower: float | None = Field(default=None, ge=0, le=1)
    """Threshold: cut below this accuracy."""
    patience: int = Field(default=0, ge=0, le=1000)
    """Reports without improvement that a trial is allowed before the pruner may cut it; 0: none."""

    @model_validator(mode="before")
    @classmethod
    def _accept_name(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name == "threshold" and self.lower is None:
            raise ValueError("the threshold pruner needs `lower`, an accuracy between 0 and 1")
        return self


class Rounds(Part):
    """Coarse to fine: how often the ranges are drawn anew around the good trials."""

    count: int = Field(default=3, ge=1, le=20)
    """Rounds; 1 searches the whole box throughout."""
    keep: float = Field(default=0.2, gt=0, le=1)
    """The best share of the trials, around which the next ranges are drawn."""
    explore: float = Field(default=0.1, ge=0, le=1)
    """Share of each later round drawn from the whole box, so that a wrong turn can be undone."""


class Budget(Part):
    """When a search ends; whichever comes first."""

    trials: int | None = Field(default=None, ge=1, le=100_000)
    """Trials in all, exactly; 40 where neither trials, epochs nor seconds are given."""
    epochs: float | None = Field(default=None, gt=0)
    """Epochs of training, summed over all trials."""
    seconds: float | None = Field(default=None, gt=0)
    """Seconds of running, pauses not counted."""
    target: float | None = Field(default=None, gt=0, le=1)
    """Stop once a validation accuracy reaches this."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many trials in a row without a new best."""
    failures: int = Field(default=5, ge=1)
    """Give up after so many trials failed for reasons that are not the parameters'."""

    @model_validator(mode="before")
    @classmethod
    def _default_trials(cls, data: Any) -> Any:
        limits = ("trials", "epochs", "seconds")
        if isinstance(data, dict) and all(data.get(limit) is None for limit in limits):
            return {**data, "trials": 40}
        return data
