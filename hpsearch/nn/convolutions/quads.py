"""A convolution of stride 1 whose output is pooled over 2 × 2 windows, the window at a time.

The four sums of a window are four filters of a convolution of stride 2: the filter stands in a
kernel of one more row and column, at its four places. So one product makes whole windows from an
input that is unrolled for every second column only. With few filters BLAS gains more by the larger
product than it loses by the zeros in it. The sums are (rows, 4, filters, run), in the order upper
left, lower left, upper right, lower right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Step
from hpsearch.nn.convolutions.products import RowGeometry
from hpsearch.nn.convolutions.rows import RowProducts

FEWEST_TAPS = 5  # with a smaller kernel too much of the product is zeros
MANY_FILTERS = 16  # beyond these, and with several channels, a row's product is large enough


class QuadProducts(RowProducts):
    """The products of the convolution of stride 2 that makes four sums at once."""

    def __init__(self, geometry: RowGeometry) -> None:
        self.single = geometry
        super().__init__(
            replace(
                geometry,
                filters=4 * geometry.filters,
                kernel=geometry.kernel + 1,
                stride=2,
                rows=geometry.rows // 2,
                columns=geometry.columns // 2,
            )
        )

    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        g, shape = self.single, (self.geometry.filters, self.depth)
        return {
            **super().buffers(batch, wants_input_gradient),
            "quad_weight": Buffer(shape, initial=0),
            "quad_gradient": Buffer((g.kernel, g.kernel, g.channels, g.filters), scratch=True),
        }

    def take_weight(self, weight: FloatArray, arrays: Arrays) -> Iterator[Step]:
        g, quads = self.single, arrays["quad_weight"]
        four = self._four(quads).transpose(0, 1, 5, 2, 3, 4)
        yield partial(np.copyto, four, weight.reshape(g.filters, g.kernel, g.kernel, g.channels))
        yield from super().take_weight(quads, arrays)

    def make(
        self,
        rows: slice,
        x: FloatArray,
        weight: FloatArray,  # noqa: ARG002  # stands in its places
        out: FloatArray,
        arrays: Arrays,
        bias: FloatArray | None = None,
    ) -> Iterator[Step]:
        return super().make(rows, x, arrays["quad_weight"], out, arrays, bias)

    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        four, total = self._four(arrays["gradient"][0].T), arrays["quad_gradient"]
        yield partial(np.add.reduce, four, axis=(0, 1), out=total)
        yield partial(np.copyto, out, total.reshape(-1, len(out)).T)

    def _four(self, quads: FloatArray) -> FloatArray:
        """The filter's four places in (4 F, depth): a view (2, 2, kernel, kernel, C, F)."""
        g = self.single
        across, along = quads.strides
        right, row = g.channels * along, (g.kernel + 1) * g.channels * along
        lower = g.filters * across
        return as_strided(
            quads,
            (2, 2, g.kernel, g.kernel, g.channels, g.filters),
            (2 * lower + right, lower + row, row, right, along, across),
        )


def suits(geometry: RowGeometry) -> bool:
    """Whether the convolution gains by it."""
    return geometry.kernel >= FEWEST_TAPS and (
        geometry.filters <= MANY_FILTERS or geometry.channels == 1
    )
