"""How products are cut into parts, and which rows of an image they need."""

import numpy as np
import pytest

from hpsearch.nn.convolutions import products
from hpsearch.nn.convolutions.products import Parts, RowGeometry, has_small_kernels, parts_of


@pytest.mark.parametrize(
    ("sizes", "with_small", "without"),
    [
        ((36, 24, 1400), Parts(1, 1, 2), Parts(1, 1, 2)),  # lenet5's first, 100 images
        ((36, 120, 1200), Parts(1, 4, 2), Parts(1, 1, 1)),  # simple_convnet's
        ((96, 32, 400), Parts(3, 1, 1), Parts(1, 1, 1)),
        ((192, 64, 200), Parts(6, 2, 1), Parts(1, 1, 1)),
        ((256, 64, 200), Parts(1, 1, 1), Parts(1, 1, 1)),  # fast in one piece
        ((36, 24, 1409), Parts(1, 1, 1), Parts(1, 1, 1)),  # a run that is prime
    ],
)
def test_parts(
    sizes: tuple[int, int, int], with_small: Parts, without: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "has_small_kernels", lambda: True)
    assert parts_of(*sizes) == with_small
    monkeypatch.setattr(products, "has_small_kernels", lambda: False)
    assert parts_of(*sizes) == without


def test_numpy_tells_what_the_processor_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_small_kernels() in (True, False)
    found: dict[str, dict[str, dict[str, str]]] = {}
    monkeypatch.setattr(np.lib.introspect, "opt_func_info", lambda **_: found)
    assert not has_small_kernels.__wrapped__()  # another kind of processor
    found["maximum"] = {"fff": {"current": "X86_V3"}}
    assert not has_small_kernels.__wrapped__()
    found["maximum"] = {"fff": {"current": "X86_V4"}}
    assert has_small_kernels.__wrapped__()


@pytest.mark.parametrize("padding", [0, 1, 4])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 2), (2, 3), (1, 1)])
def test_each_row_that_is_needed_is_reached_once(kernel: int, stride: int, padding: int) -> None:
    height = 11
    rows = (height + 2 * padding - kernel) // stride + 1
    geometry = RowGeometry(1, height, 9, 1, kernel, stride, padding, rows, columns=1)
    needed = {i * stride + u - padding for i in range(rows) for u in range(kernel)}
    for at_once in (1, 2, 3, rows):
        reached: list[int] = []
        for start in range(0, rows, at_once):
            stop = min(start + at_once, rows)
            part = geometry.newly_reached(slice(start, stop))
            reached.extend(range(part.start, part.stop))
            so_far = {i * stride + u - padding for i in range(stop) for u in range(kernel)}
            assert {row for row in so_far if 0 <= row < height} <= set(reached)
        assert len(reached) == len(set(reached))
        assert set(reached) <= set(range(height))
        assert {row for row in needed if 0 <= row < height} <= set(reached)
