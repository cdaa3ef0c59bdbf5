"""model.npz: what was trained predicts the same after it was written and read."""

import json
from pathlib import Path

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.errors import UnreadableModel
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.evaluation import evaluate
from hpsearch.training.leg import LegTask, run_leg
from hpsearch.training.model_file import load_model, model_bytes

SETTINGS = NetworkSettings.model_validate({"architecture": "lenet5", "batch_norm": True})


def data() -> Split:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8)
    labels = generator.integers(0, 3, 60)
    return Split(Part(images[:40], labels[:40]), Part(images[40:], labels[40:]), 3)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    task = LegTask(SETTINGS, TrainingSettings(batch_size=8), 0, 0, 9, 9)
    state, _ = run_leg(task, data(), None)
    assert state is not None
    path = tmp_path / "model.npz"
    path.write_bytes(model_bytes(SETTINGS, (1, 8, 8), 3, state))
    return path


def test_scores_as_in_training(model_file: Path) -> None:
    task = LegTask(SETTINGS, TrainingSettings(batch_size=8), 0, 0, 9, 9)
    _, report = run_leg(task, data(), None)
    model = load_model(model_file)
    part = data().validation
    assert (model.predict(part.images) == part.labels).mean() == report.value
    assert evaluate(model.network, part).loss == report.loss
    probabilities = model.probabilities(part.images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    one = model.probabilities(part.images[3:4])[0]
    np.testing.assert_allclose(one, probabilities[3], rtol=1e-5)


def test_names_of_the_arrays(model_file: Path) -> None:
    with np.load(model_file) as file:
        assert "1.convolution.weight" in file.files
        assert "2.batch_norm.variance" in file.files
        assert file["1.convolution.weight"].shape == (6, 25)


def test_images_of_another_shape(model_file: Path) -> None:
    with pytest.raises(ValueError, match=r"\(N, 1, 8, 8\)"):
        load_model(model_file).predict(np.zeros((2, 1, 9, 9), np.float32))
    assert load_model(model_file).predict(np.zeros((0, 1, 8, 8), np.float32)).shape == (0,)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip"])
def test_broken_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(UnreadableModel):
        load_model(path)


def test_a_file_with_other_arrays(model_file: Path) -> None:
    with np.load(model_file) as file:
        arrays = {name: file[name] for name in file.files if name != "1.convolution.bias"}
    np.savez(model_file, **arrays)
    with pytest.raises(UnreadableModel, match="arrays"):
        load_model(model_file)


def test_the_same_network_gives_the_same_bytes(model_file: Path) -> None:
    task = LegTask(SETTINGS, TrainingSettings(batch_size=8), 0, 0, 9, 9)
    state, _ = run_leg(task, data(), None)
    assert state is not None
    assert model_bytes(SETTINGS, (1, 8, 8), 3, state) == model_file.read_bytes()


def test_class_names(tmp_path: Path) -> None:
    task = LegTask(SETTINGS, TrainingSettings(batch_size=8), 0, 0, 1, 9)
    state, _ = run_leg(task, data(), None)
    assert state is not None
    path = tmp_path / "model.npz"
    path.write_bytes(model_bytes(SETTINGS, (1, 8, 8), 3, state, ("cat", "dog", "bird")))
    assert load_model(path).name_of(1) == "dog"


HOSTILE = [
    ({"format": 99}, "format 99"),
    ({"classes": 10**9}, "classes"),
    ({"classes": True}, "classes"),
    ({"input_shape": [1, 10**6, 10**6]}, "input_shape"),
    ({"input_shape": [1, 8]}, "input_shape"),
    ({"input_shape": [1, 1024, 1024]}, "needs"),
    ({"network": {"architecture": "resnet"}}, "network settings"),
    ({"network": {"layers": [{"type": "affine", "units": 2}] * 3}}, "arrays of its network"),
    ({"class_names": ["one"]}, "1 class_names for 3"),
    ({"class_names": [1, 2, 3]}, "not texts"),
]


@pytest.mark.parametrize(("changes", "words"), HOSTILE)
def test_lies_in_the_description(model_file: Path, changes: dict[str, object], words: str) -> None:
    with np.load(model_file) as file:
        arrays = {name: file[name] for name in file.files}
    described = {**json.loads(str(arrays["description"])), **changes}
    arrays["description"] = np.array(json.dumps(described))
    np.savez(model_file, **arrays)
    with pytest.raises(UnreadableModel, match=words):
        load_model(model_file)


def test_pickles_are_never_read(model_file: Path) -> None:
    with np.load(model_file) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["1.convolution.bias"] = np.array([print] * 6, object)
    np.savez(model_file, allow_pickle=True, **arrays)
    with pytest.raises(UnreadableModel, match="plain array"):
        load_model(model_file)
