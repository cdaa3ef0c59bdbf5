"""What the network and training settings take, and how they refuse the rest."""

import pytest
from pydantic import ValidationError

from hpsearch.spec.network import NetworkSettings
from hpsearch.spec.training import TrainingSettings


def test_a_bare_name() -> None:
    assert NetworkSettings.model_validate("mlp") == NetworkSettings(architecture="mlp")
    assert NetworkSettings.model_validate({}).architecture == "lenet5"


def test_layers_stand_for_themselves_and_survive_a_dump() -> None:
    settings = NetworkSettings.model_validate({"layers": [{"type": "affine", "units": 3}]})
    assert settings.architecture is None
    again = NetworkSettings.model_validate(settings.model_dump(mode="json", exclude_unset=True))
    assert again == settings
    assert hash(again) == hash(settings)


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ({"architecture": "mlp", "filters": 3}, "filters", "mlp has no setting filters"),
        ({"architecture": "lenet5", "hidden_layers": 3}, "hidden_layers", "lenet5 has no"),
        ({"layers": [{"type": "relu"}], "dropout": 0.1}, "dropout", "write it into the layers"),
        ({"layers": [{"type": "relu"}], "architecture": "mlp"}, "layers", "not both"),
        ({"initializer": 0}, "initializer", "symmetry"),
        ({"initializer": 0.0}, "initializer", "symmetry"),
        ({"dropout": 1.0}, "dropout", "below 1"),
        ({"dropout": float("nan")}, "dropout", ""),
        ({"hidden_units": 0}, "hidden_units", "at least 1"),
        ({"unknown": 1}, "unknown", ""),
        ({"architecture": "resnet"}, "architecture", "deep_convnet"),
        ({"layers": []}, "layers", ""),
        ({"layers": [{"type": "affine"}]}, "units", ""),
        ({"layers": [{"type": "max_pooling", "padding": 2}]}, "padding", "half of its window"),
        ({"architecture": None}, "", "give `architecture` or `layers`"),
    ],
)
def test_refusals(value: object, field: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NetworkSettings.model_validate(value)
    errors = caught.value.errors()
    assert any((not field or field in error["loc"]) and words in error["msg"] for error in errors)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", float("inf")),
        ("learning_rate", float("nan")),
        ("weight_decay", -1e-9),
        ("momentum", 1),
        ("batch_size", 0),
        ("clip_norm", 0),
        ("optimizer", "lion"),
        ("warm_up", 1.5),
        ("lr", 0.1),
    ],
)
def test_training_refusals(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TrainingSettings.model_validate({field: value})
    assert caught.value.errors()[0]["loc"] == (field,)


def test_every_field_is_described() -> None:
    for model in (NetworkSettings, TrainingSettings):
        for name, field in model.model_fields.items():
            assert field.description, name
