"""Answers about models that are trained again."""

from typing import Literal

from api.schemas.base import Answer
from hpsearch.runner.models import Training


class ModelProgress(Answer):
    """A model that is being trained again; ask the same address again."""

    state: Literal["training"] = "training"
    number: int
    """Of the trial."""
    reached: float
    """Epochs of training so far."""
    goal: float
    """Epochs of training in all."""

    @classmethod
    def of(cls, training: Training) -> "ModelProgress":
        return cls(number=training.trial.number, reached=training.reached, goal=training.goal)
