"""What is measured in a network, and that the pictures show it."""

import io
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from hpsearch.datasets.values import Images, Part, Split
from hpsearch.drawing import fonts
from hpsearch.errors import AnswerRefused
from hpsearch.inside import measures
from hpsearch.inside.measures import measure
from hpsearch.inside.pictures import Picture, pictures_of
from hpsearch.runner.worker_answers import pictures_bytes, read_pictures
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.leg import LegTask, TrainState, run_leg

TRAINING = TrainingSettings(batch_size=20, learning_rate=0.1)


def split(channels: int = 1, classes: int = 4, float_images: bool = False) -> Split:
    """Images (8 × 8) whose bright quarter is their class, if there are four."""
    rng = np.random.default_rng(3)
    labels = np.arange(80) % classes
    images = rng.integers(0, 60, (80, channels, 8, 8))
    for image, label in zip(images, labels % 4, strict=True):
        image[:, 4 * (label // 2) :, 4 * (label % 2) :][:, :4, :4] += 180
    pixels: Images = images.astype(np.uint8)
    if float_images:
        pixels = images.astype(np.float32) / np.float32(255)
    return Split(Part(pixels[:60], labels[:60]), Part(pixels[60:], labels[60:]), classes)


def trained(data: Split, **network: object) -> tuple[LegTask, TrainState]:
    settings = NetworkSettings.model_validate({"architecture": "lenet5", **network})
    task = LegTask(settings, TRAINING, 1, 2, 30, 30)
    state, _ = run_leg(task, data, None)
    assert state is not None
    return task, state


def test_confusions_and_mistakes_are_those_of_the_network() -> None:
    data = split()
    task, state = trained(data, architecture="mlp")
    wrong = data.validation.labels.copy()
    wrong[3] = (wrong[3] + 1) % 4  # a label that no network can know
    flawed = replace(data, validation=Part(data.validation.images, wrong))
    found = measure(task, flawed, state)
    assert found.confusion.sum() == 20
    _, report = run_leg(task, flawed, None)
    assert np.trace(found.confusion) == round(20 * report.value)
    assert found.confusion.sum(axis=1).tolist() == np.bincount(wrong, minlength=4).tolist()
    assert len(found.mistakes) == 20 - np.trace(found.confusion)
    sure = [each.probability for each in found.mistakes]
    assert sure == sorted(sure, reverse=True)
    assert int(wrong[3]) in [each.label for each in found.mistakes]


def test_filters_are_those_before_the_first_step_and_after_the_last() -> None:
    data = split(channels=3)
    task, state = trained(data)
    found = measure(task, data, state)
    untrained, _ = run_leg(
        replace(task, stop_step=1, training=TRAINING.model_copy(update={"learning_rate": 1e-12})),
        data,
        None,
    )
    assert untrained is not None
    assert found.filters_before is not None
    assert found.filters_after is not None
    assert found.filters_before.shape == (6, 3, 5, 5)
    first = untrained.parameters[: 6 * 75].reshape(6, 5, 5, 3).transpose(0, 3, 1, 2)
    assert found.filters_before == pytest.approx(first, abs=1e-6)
    assert np.abs(found.filters_after - found.filters_before).max() > 1e-3


def test_few_images_at_once_where_outputs_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    data = split()
    task, state = trained(data, architecture="mlp")
    whole = measure(task, data, state).after[0].counts.sum()
    monkeypatch.setattr(measures, "WATCHED_BYTES", 1)
    assert measure(task, data, state).after[0].counts.sum() == whole // 20


@pytest.mark.parametrize("architecture", ["lenet5", "mlp", "deep_convnet"])
@pytest.mark.parametrize(
    ("channels", "classes", "floats"), [(1, 4, False), (3, 30, True), (4, 2, False)]
)
def test_every_kind_of_data_and_network_is_drawn(
    architecture: str, channels: int, classes: int, floats: bool
) -> None:
    data = split(channels, classes, floats)
    task, state = trained(data, architecture=architecture)
    names = [f"class {number}" for number in range(classes)]
    pictures = pictures_of(task, data, state, names)
    assert pictures == pictures_of(task, data, state, names)
    assert {"filters", "confusion", "activations"} <= {each.name for each in pictures}
    for each in pictures:
        drawn = Image.open(io.BytesIO(each.content))
        assert (drawn.width, drawn.height) == (each.width, each.height)
        assert max(drawn.size) < 3000
    assert read_pictures(pictures_bytes(pictures)) == pictures


def test_classes_are_named_in_their_own_script(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    monkeypatch.setattr(fonts, "OTHER_FONTS", (str(other),))
    data = split(classes=8)  # two alike each: half of the answers are mistakes
    task, state = trained(data)
    beetles, fangs = (
        {each.name: each.content for each in pictures_of(task, data, state, [name] * 8)}
        for name in ("Жук", "Зуб")  # the same boxes in a font that has no such letters
    )
    assert {name for name in beetles if beetles[name] != fangs[name]} == {"confusion", "mistakes"}


GOOD = Picture("filters", "Title", "Words", b"\x89PNG\r\n\x1a\n" + bytes(20))


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (replace(GOOD, name="../secret"), "pictures.0.name"),
        (replace(GOOD, words="x" * 501), "pictures.0.words"),
        (replace(GOOD, content=b"GIF89a" + bytes(30)), "is no PNG"),
        (replace(GOOD, content=GOOD.content + bytes(5 * 2**20)), "pictures.0.size"),
    ],
)
def test_no_picture_of_a_worker_is_believed(picture: Picture, told: str) -> None:
    with pytest.raises(AnswerRefused, match=told):
        read_pictures(pictures_bytes([picture]))


def test_no_lie_about_sizes_is_believed() -> None:
    with pytest.raises(AnswerRefused, match="bytes came"):
        read_pictures(pictures_bytes([GOOD])[:-1])
    with pytest.raises(AnswerRefused):
        read_pictures(b"x" * 100)
