"""The settings of a network: a named architecture with its numbers, or a list of layers.

Every field here is also a name that may be searched, and the JSON schema of these models is the
schema of the HTTP interface.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from hpsearch.spec.base import Part
from hpsearch.spec.bounds import Bounds

Architecture = Literal["mlp", "simple_convnet", "lenet5", "alexnet_small", "deep_convnet"]
Activation = Literal["relu", "sigmoid", "tanh"]

MAX_UNITS = 65_536
MAX_FILTERS = 4_096
MAX_KERNEL = 64
MAX_LAYERS = 100

COMMON_SETTINGS = frozenset({"activation", "initializer", "batch_norm", "dropout"})
SETTINGS_OF_ARCHITECTURE: dict[str, frozenset[str]] = {
    "mlp": COMMON_SETTINGS | {"hidden_units", "hidden_layers"},
    "simple_convnet": COMMON_SETTINGS | {"filters", "kernel_size", "hidden_units"},
    "lenet5": COMMON_SETTINGS
    | {"filters", "filters_2", "kernel_size", "hidden_units", "hidden_units_2"},
    "alexnet_small": COMMON_SETTINGS | {"filters", "hidden_units"},
    "deep_convnet": COMMON_SETTINGS | {"filters", "hidden_units"},
}


def refuse_zero_weights(value: object) -> object:
    """An initializer of 0 is a number, but a useless one: say why."""
    if isinstance(value, bool) or (isinstance(value, int | float) and value == 0):
        raise PydanticCustomError(
            "zero_weights",
            "weights must not all start at zero: the units of a layer would get the same gradient "
            'and stay alike (symmetry); use "he", "xavier" or a positive standard '
            "deviation",
        )
    return value


Initializer = Annotated[
    Literal["he", "xavier"] | Annotated[float, Bounds(ge=1e-12, le=1e3)],
    BeforeValidator(refuse_zero_weights),
]
Units = Annotated[int, Bounds(ge=1, le=MAX_UNITS)]
Filters = Annotated[int, Bounds(ge=1, le=MAX_FILTERS)]
KernelSize = Annotated[int, Bounds(ge=1, le=MAX_KERNEL)]
Padding = Annotated[int, Bounds(ge=0, le=MAX_KERNEL)]
DropoutRate = Annotated[float, Bounds(ge=0, lt=1)]


class AffineSettings(Part):
    """A fully connected layer."""

    type: Literal["affine"] = "affine"
    units: Units = Field(description=f"output features, 1 to {MAX_UNITS}")
    initializer: Initializer | None = Field(None, description="default: the network's")


class ConvolutionSettings(Part):
    """A convolution with square filters."""

    type: Literal["convolution"] = "convolution"
    filters: Filters = Field(description=f"output channels, 1 to {MAX_FILTERS}")
    kernel_size: KernelSize = Field(
        3, description=f"height and width of a filter, 1 to {MAX_KERNEL}"
    )
    stride: KernelSize = Field(1, description=f"step between outputs, 1 to {MAX_KERNEL}")
    padding: Padding = Field(0, description="rows and columns of zeros around")
    initializer: Initializer | None = Field(None, description="default: the network's")


class PoolingSettings(Part):
    """What both poolings share; the padding may be at most half of the window."""

    window: KernelSize = Field(2, description=f"height and width of a window, 1 to {MAX_KERNEL}")
    stride: KernelSize | None = Field(None, description="step between windows; default: the window")
    padding: Padding = Field(0, description="at most half of the window")

    @field_validator("padding")
    @classmethod
    def padding_within_half_a_window(cls, padding: int, info: ValidationInfo) -> int:
        """A window that sees only padding has no maximum."""
        window = info.data.get("window")
        if window is not None and 2 * padding > window:
            raise PydanticCustomError(
                "pooling_padding",
                "the padding of a pooling is at most half of its window ({window})",
                {"window": window},
            )
        return padding


class MaxPoolingSettings(PoolingSettings):
    """The maximum of each window."""

    type: Literal["max_pooling"] = "max_pooling"


class AveragePoolingSettings(PoolingSettings):
    """The mean of each window; padding counts as zeros."""

    type: Literal["average_pooling"] = "average_pooling"


class ReLUSettings(Part):
    """max(x, 0)."""

    type: Literal["relu"] = "relu"


class SigmoidSettings(Part):
    """1 / (1 + exp(-x))."""

    type: Literal["sigmoid"] = "sigmoid"


class TanhSettings(Part):
    """tanh(x)."""

    type: Literal["tanh"] = "tanh"


class BatchNormSettings(Part):
    """Batch normalisation: per feature after an affine layer, per channel after a convolution."""

    type: Literal["batch_norm"] = "batch_norm"
    running_momentum: Annotated[float, Bounds(ge=0, lt=1)] = Field(
        0.9, description="share of the old running statistics kept"
    )
    epsilon: Annotated[float, Bounds(ge=1e-12, le=1)] = Field(
        1e-5, description="added to the variance, 1e-12 to 1"
    )


class DropoutSettings(Part):
    """Inverted dropout: nothing to scale when evaluating."""

    type: Literal["dropout"] = "dropout"
    rate: DropoutRate = Field(0.5, description="share of values set to zero, 0 to below 1")


class FlattenSettings(Part):
    """(channels, height, width) to features; put in by itself before an affine layer."""

    type: Literal["flatten"] = "flatten"


ActivationSettings = ReLUSettings | SigmoidSettings | TanhSettings
LayerSettings = Annotated[
    AffineSettings
    | ConvolutionSettings
    | MaxPoolingSettings
    | AveragePoolingSettings
    | ActivationSettings
    | BatchNormSettings
    | DropoutSettings
    | FlattenSettings,
    Field(discriminator="type"),
]


class NetworkSettings(Part):
    """A network: `architecture` and its settings, or `layers`.

    A bare string is the name of an architecture. The last affine layer, one unit a class, is always
    added. A setting left out has the architecture's own default (see docs/networks.md).
    """

    architecture: Architecture | None = Field(
        "lenet5", description="a named architecture; left out if `layers` are given"
    )
    layers: tuple[LayerSettings, ...] | None = Field(
        None,
        strict=False,
        min_length=1,
        max_length=MAX_LAYERS,
        description="a network of one's own, instead of `architecture`",
    )
    initializer: Initializer = Field(
        "he", description='"he", "xavier" or a standard deviation, 1e-12 to 1000'
    )
    activation: Activation | None = Field(None, description="after each hidden layer; default relu")
    batch_norm: bool | None = Field(
        None, description="batch normalisation before each activation; default false"
    )
    dropout: DropoutRate | None = Field(
        None,
        description="rate after each hidden affine layer, 0 to below 1; default 0, deep_convnet "
        "and alexnet_small 0.5",
    )
    hidden_units: Units | None = Field(
        None,
        description="units of the (first) hidden affine layer; default mlp 100, simple_convnet 100,"
        " lenet5 120, alexnet_small 128, deep_convnet 50",
    )
    hidden_units_2: Units | None = Field(
        None, description="lenet5: units of the second hidden affine layer; default 84"
    )
    hidden_layers: Annotated[int, Bounds(ge=0, le=20)] | None = Field(
        None, description="mlp: hidden layers, 0 to 20; default 2"
    )
    filters: Filters | None = Field(
        None,
        description="filters of the first convolution; default simple_convnet 30, lenet5 6, "
        "alexnet_small 32, deep_convnet 16; in the last two the others grow with it",
    )
    filters_2: Filters | None = Field(
        None, description="lenet5: filters of the second convolution; default 16"
    )
    kernel_size: KernelSize | None = Field(
        None, description="simple_convnet, lenet5: height and width of the filters; default 5"
    )

    @model_validator(mode="before")
    @classmethod
    def accept_a_bare_name(cls, value: Any) -> Any:
        """`"lenet5"` means `{"architecture": "lenet5"}`; `layers` stand for themselves."""
        if isinstance(value, str):
            return {"architecture": value}
        if isinstance(value, dict) and value.get("layers") is not None:
            return {"architecture": None, **value}
        if isinstance(value, dict | cls):
            return value
        raise PydanticCustomError("name_or_object", "must be a name or an object")

    @field_validator("layers")
    @classmethod
    def either_name_or_layers(
        cls, layers: tuple[LayerSettings, ...] | None, info: ValidationInfo
    ) -> tuple[LayerSettings, ...] | None:
        """Two descriptions of one network would contradict each other."""
        architecture = info.data.get("architecture")
        if layers is not None and architecture is not None:
            raise PydanticCustomError(
                "architecture_and_layers",
                "give either `architecture` or `layers`, not both",
            )
        return layers

    @field_validator(
        "activation",
        "batch_norm",
        "dropout",
        "hidden_units",
        "hidden_units_2",
        "hidden_layers",
        "filters",
        "filters_2",
        "kernel_size",
    )
    @classmethod
    def known_to_the_architecture(cls, value: Any, info: ValidationInfo) -> Any:
        """A setting that would be ignored is refused by name."""
        if value is None or "architecture" not in info.data:
            return value
        architecture = info.data["architecture"]
        if architecture is None:
            raise PydanticCustomError(
                "not_a_setting_of_layers",
                "a network given by `layers` has no setting {name}; write it into the layers",
                {"name": info.field_name},
            )
        known = SETTINGS_OF_ARCHITECTURE[architecture]
        if info.field_name not in known:
            raise PydanticCustomError(
                "not_a_setting_of_architecture",
                "{architecture} has no setting {name}; it has: {known}",
                {
                    "architecture": architecture,
                    "name": info.field_name,
                    "known": ", ".join(sorted(known)),
                },
            )
        return value

    @model_validator(mode="after")
    def one_of_both(self) -> "NetworkSettings":
        """A network is described by something."""
        if self.architecture is None and self.layers is None:
            raise PydanticCustomError("no_network", "give `architecture` or `layers`")
        return self
