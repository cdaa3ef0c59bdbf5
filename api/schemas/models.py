"""Answers about models that are trained again."""

from collections.abc import Sequence
from typing import Literal

from api.paths import link
from api.schemas.base import Answer
from hpsearch.inside.pictures import Picture
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


class PictureAnswer(Answer):
    """A picture, where it is, and what it shows in words."""

    name: str
    title: str
    words: str
    url: str


class InsideAnswer(Answer):
    """What a trial's network looks like inside, measured on the validation part."""

    number: int
    """Of the trial."""
    difference: str | None
    """What came out other than recorded when it was trained again; null if nothing did."""
    pictures: list[PictureAnswer]

    @classmethod
    def of(
        cls, number: int, difference: str | None, pictures: Sequence[Picture], path: str
    ) -> "InsideAnswer":
        found = [
            PictureAnswer(
                name=each.name,
                title=each.title,
                words=each.words,
                url=link(f"{path}/{each.name}.png"),
            )
            for each in pictures
        ]
        return cls(number=number, difference=difference, pictures=found)
