"""model.npz: what was trained predicts the same after it was written and read."""

from pathlib import Path

import numpy as np
import pytest

from hpsearch.datasets.values import Part, Split
from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings
from hpsearch.training.evaluation import evaluate
from hpsearch.training.export import UnreadableModel, load_model, model_bytes
from hpsearch.training.leg import LegTask, run_leg

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
