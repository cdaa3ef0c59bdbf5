"""How a batch is divided where memory is short."""

import pytest

from hpsearch.nn import memory
from hpsearch.nn.building import _descriptions, _layers, network_size
from hpsearch.nn.stages.fusion import fuse
from hpsearch.spec.network import NetworkSettings

CONVOLUTION = {"type": "convolution", "filters": 8, "kernel_size": 5}
NETWORKS = [
    {"architecture": "simple_convnet"},
    {"architecture": "deep_convnet"},
    {"layers": [CONVOLUTION, {"type": "relu"}, {"type": "max_pooling"}, CONVOLUTION]},
    {"layers": [{**CONVOLUTION, "padding": 30, "kernel_size": 1}, {"type": "relu"}]},
]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("batch", [1, 2, 100, 1000])
@pytest.mark.parametrize("limit", [1, 2**20, 2**23, 2**25, 2**60])
def test_the_largest_part_that_fits_is_found(
    network: dict[str, object], batch: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if every number of parts had been tried, one after the other."""
    monkeypatch.setattr(memory, "WORKSPACE_LIMIT", limit)
    shape = (1, 28, 28)
    layers = _layers(_descriptions(NetworkSettings.model_validate(network), shape, 10), shape)
    stages = fuse(layers)
    sizes = (-(-batch // parts) for parts in range(1, batch))
    fitting = (size for size in sizes if memory.workspace_bytes(stages, size, 4) <= limit)
    assert memory.fitting_part(stages, batch, 4) == next(fitting, 1)


def test_a_hundred_layers_that_do_not_fit_are_not_tried_part_by_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []
    measure = memory.workspace_bytes

    def counted(*args: object) -> int:
        tried.append(1)
        return measure(*args)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(memory, "workspace_bytes", counted)
    layers = [{"type": "convolution", "filters": 8, "kernel_size": 1, "padding": 64}] * 100
    network = NetworkSettings.model_validate({"layers": layers})
    assert network_size(network, (1, 8, 8), 10, 65_536).workspace_bytes > memory.WHOLE_LIMIT
    assert len(tried) < 15
