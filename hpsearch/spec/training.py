"""The settings of the training of one trial: optimizer, schedule, batches.

Every field is also a name that may be searched.
"""

from typing import Annotated, Literal

from pydantic import Field

from hpsearch.spec.base import Part
from hpsearch.spec.bounds import Bounds

OptimizerName = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "step", "cosine"]
DecayOn = Literal["weights", "all"]

MAX_BATCH_SIZE = 65_536

Share = Annotated[float, Bounds(ge=0, lt=1)]
Divisor = Annotated[float, Bounds(ge=1e-12, le=1)]


class TrainingSettings(Part):
    """How a trial is trained. An optimizer reads the fields that its formula has."""

    optimizer: OptimizerName = Field("sgd", description="the rule that moves the parameters")
    learning_rate: Annotated[float, Bounds(ge=1e-12, le=1e6)] = Field(
        0.01, description="step size, 1e-12 to 1e6"
    )
    weight_decay: Annotated[float, Bounds(ge=0, le=1e6)] = Field(
        0.0, description="L2 penalty in the gradient (adamw: decoupled), 0 to 1e6"
    )
    decay_on: DecayOn = Field(
        "weights",
        description='what decays: "weights", or "all" (also biases and batch-norm scale and shift)',
    )
    momentum: Share = Field(
        0.9, description="momentum, nesterov: share of the velocity kept, 0 to below 1"
    )
    rho: Share = Field(0.99, description="rmsprop: share of the mean square kept, 0 to below 1")
    beta1: Share = Field(
        0.9, description="adam, adamw: share of the mean gradient kept, 0 to below 1"
    )
    beta2: Share = Field(
        0.999, description="adam, adamw: share of the mean square kept, 0 to below 1"
    )
    epsilon: Divisor = Field(
        1e-8, description="added to the divisor in adagrad, rmsprop, adam, adamw; 1e-12 to 1"
    )
    batch_size: Annotated[int, Bounds(ge=1, le=MAX_BATCH_SIZE)] = Field(
        100, description=f"images a step, 1 to {MAX_BATCH_SIZE}"
    )
    schedule: ScheduleName = Field(
        "constant", description="how the learning rate changes over the longest training of the job"
    )
    schedule_factor: Annotated[float, Bounds(gt=0, le=1)] = Field(
        0.1, description="step: what the rate is multiplied by, above 0 to 1"
    )
    schedule_steps: Annotated[int, Bounds(ge=1, le=100)] = Field(
        2, description="step: how often it is multiplied, at even distances, 1 to 100"
    )
    schedule_floor: Annotated[float, Bounds(ge=0, le=1)] = Field(
        0.0, description="cosine: share of the learning rate at the end, 0 to 1"
    )
    warm_up: Share = Field(
        0.0, description="share of the training in which the rate rises from 0, 0 to below 1"
    )
    clip_norm: Annotated[float, Bounds(ge=1e-12, le=1e12)] | None = Field(
        None,
        description="the longest gradient (L2 norm of all of it), 1e-12 to 1e12; default: any",
    )
