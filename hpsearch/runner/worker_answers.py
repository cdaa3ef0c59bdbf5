"""What workers answer, as plain bytes and texts that are checked before the server uses them.

A worker writes with the functions that end in `_bytes`; the server reads with those that begin
with `read_`. They unpickle nothing, and raise AnswerRefused that names the field, what came and
what may come.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from hpsearch.errors import AnswerRefused
from hpsearch.inside.pictures import Picture
from hpsearch.training.leg import LegReport, LegTask, TrainState
from hpsearch.training.timing import Timing

MOST_TEXT = 4096  # bytes of an answer that is JSON
MOST_NUMBERS = 2**28  # of a network, as in a model file: 1 GiB of float32
MOST_STEPS = 2**53
MOST_PICTURE = 4 * 2**20  # bytes
PNG = b"\x89PNG\r\n\x1a\n"
NUMBER = np.dtype("<f4")

Score = Annotated[float, Field(ge=0, le=1)]
Measured = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=MOST_STEPS)]
Model = TypeVar("Model", bound=BaseModel)


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Scores(_Answer):
    """What only a leg that was trained to its end has."""

    value: Score
    loss: Measured
    first_loss: Measured
    balanced_accuracy: Score
    macro_f1: Score
    weights: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Report(_Answer):
    """The fields of LegReport."""

    step: Count
    epoch: Measured
    value: float
    loss: float
    training_loss: float
    first_loss: float
    diverged_at: Annotated[int, Field(ge=1, le=MOST_STEPS)] | None
    seconds: Measured
    stopped: bool
    balanced_accuracy: float
    macro_f1: float
    weights: str | None
    training_accuracy: Score | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        """Scores of a leg that ended well, and none of one that was stopped or diverged."""
        if self.diverged_at is None and not self.stopped:
            _Scores.model_validate({name: getattr(self, name) for name in _Scores.model_fields})
            return self
        scores = (self.value, self.loss, self.balanced_accuracy, self.macro_f1)
        recorded = (self.weights, self.training_accuracy)
        if recorded != (None, None) or not all(math.isnan(each) for each in scores):
            raise ValueError("it has scores or weights, and was stopped or diverged")
        if self.diverged_at not in (None, self.step):
            raise ValueError("it diverged at another step than its last")
        return self


class _Timing(_Answer):
    step: Measured
    score: Measured


class _Network(_Answer):
    step: Count
    parameters: Annotated[int, Field(ge=0, le=MOST_NUMBERS)]
    running: Annotated[int, Field(ge=0, le=MOST_NUMBERS)]


class _Picture(_Answer):
    name: Annotated[str, Field(pattern="^[a-z-]{1,30}$")]
    title: Annotated[str, Field(max_length=100)]
    words: Annotated[str, Field(max_length=500)]
    size: Annotated[int, Field(ge=len(PNG), le=MOST_PICTURE)]


class _Pictures(_Answer):
    pictures: Annotated[list[_Picture], Field(max_length=10)]


_Name = Annotated[str, Field(max_length=100)]
_Fact = Annotated[str, Field(max_length=1000)]
_ENVIRONMENT = TypeAdapter(
    Annotated[dict[_Name, _Fact], Field(min_length=1, max_length=50)], config={"strict": True}
)


def report_bytes(report: LegReport) -> bytes:
    """Floats come out of it to the bit, NaN and infinity included."""
    return _json(asdict(report))


def read_report(answer: object, task: LegTask) -> LegReport:
    """The report of a leg of this task."""
    found = LegReport(**_read(_Report, answer).model_dump())
    ended = found.diverged_at is None and not found.stopped
    if found.step > task.stop_step or (ended and found.step != task.stop_step):
        raise AnswerRefused(f"step: {found.step} came, of a leg to step {task.stop_step}")
    return found


def timing_bytes(timing: Timing) -> bytes:
    return _json(asdict(timing))


def read_timing(answer: object) -> Timing:
    return Timing(**_read(_Timing, answer).model_dump())


def network_bytes(state: TrainState | None) -> bytes:
    """A line of JSON, then parameters and running statistics as float32, little-endian.

    Nothing at all for None, a training without a state.
    """
    if state is None:
        return b""
    sizes = {"parameters": state.parameters.size, "running": state.running.size}
    head = _json({"step": state.step, **sizes})
    numbers = np.concatenate([state.parameters, state.running])
    return b"\n".join([head, numbers.astype(NUMBER, copy=False).tobytes()])


def read_network(answer: object, weights: str | None) -> TrainState | None:
    """A state to make a model of, with these weights (see `TrainState.weights`); not to go on from.

    Without what only training needs: the optimizer's memory and the generator.
    """
    content = _bytes(answer)
    if not content:
        return None
    end = content.find(b"\n", 0, MOST_TEXT)
    head = _read(_Network, content[: max(end, 0)])
    size = (head.parameters + head.running) * NUMBER.itemsize
    if len(content) - end - 1 != size:
        raise AnswerRefused(f"network: {len(content) - end - 1} bytes came, not {size}")
    numbers = np.frombuffer(content, NUMBER, offset=end + 1).astype(np.float32)
    parameters, running = np.split(numbers, [head.parameters])
    state = TrainState(head.step, parameters, running, 0, {}, {}, math.nan)
    if weights is not None and state.weights() != weights:
        raise AnswerRefused("network: its weights are not those of the leg's report")
    return state


def pictures_bytes(pictures: Sequence[Picture]) -> bytes:
    """A line of JSON about all, then their files, one after the other."""
    heads = [
        {"name": p.name, "title": p.title, "words": p.words, "size": len(p.content)}
        for p in pictures
    ]
    return b"\n".join([_json({"pictures": heads}), b"".join(p.content for p in pictures)])


def read_pictures(answer: object) -> tuple[Picture, ...]:
    """PNG files, a few of them and none too large; nothing for a training without a network."""
    content = _bytes(answer)
    if not content:
        return ()
    end = content.find(b"\n", 0, MOST_TEXT)
    heads = _read(_Pictures, content[: max(end, 0)]).pictures
    files = content[end + 1 :]
    if len(files) != (size := sum(head.size for head in heads)):
        raise AnswerRefused(f"pictures: {len(files)} bytes came, not {size}")
    found, start = [], 0
    for head in heads:
        file = files[start : start + head.size]
        if not file.startswith(PNG):
            raise AnswerRefused(f"pictures.{head.name}: is no PNG file")
        found.append(Picture(head.name, head.title, head.words, file))
        start += head.size
    return tuple(found)


def read_environment(answer: object) -> Mapping[str, str]:
    try:
        return _ENVIRONMENT.validate_python(answer)
    except ValidationError as error:
        raise AnswerRefused(_told(error)) from None


def _json(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts).encode()


def _bytes(answer: object) -> bytes:
    if not isinstance(answer, bytes):
        raise AnswerRefused(f"{type(answer).__name__} came, not bytes")
    return answer


def _read(model: type[Model], answer: object) -> Model:
    content = _bytes(answer)
    if len(content) > MOST_TEXT:
        raise AnswerRefused(f"{len(content)} bytes came; the maximum is {MOST_TEXT}")
    try:
        return model.model_validate(json.loads(content))
    except ValidationError as error:
        raise AnswerRefused(_told(error)) from None
    except (ValueError, RecursionError) as error:
        raise AnswerRefused(f"it is not JSON: {error}") from None


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "answer"
    return f"{place}: {first['msg']}, not {str(first['input'])[:80]}"
