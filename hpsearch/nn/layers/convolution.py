"""The convolution (the book's chapter 7.2), as one matrix product per row of the output.

x (H, C, W, batch) → y (OH, F, OW, batch), OH = (H + 2 padding - kernel) // stride + 1.
y[i, f, j] = b[f] + Σ over u, v, c of W[f, u, v, c] · x̃[i·stride + u, c, j·stride + v], where x̃ is
x with zeros around it. The weight is kept as a matrix (F, kernel·kernel·C), columns in the order
u, v, c. The book's im2col unrolls u and v; here v alone is unrolled, because rows lie one after
another and a window of kernel rows is already a matrix (docs/networks.md has the picture).
"""

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, ParameterShape, Site


class Convolution(Layer):
    """A convolution with square filters and bias."""

    def __init__(
        self, site: Site, filters: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.channels, self.height, self.width = site.image_shape()
        if min(self.height, self.width) + 2 * padding < kernel_size:
            raise site.refuse(f"at least {kernel_size} rows and columns, padding included")
        self.filters, self.kernel_size = filters, kernel_size
        self.stride, self.padding = stride, padding
        self.out_height = (self.height + 2 * padding - kernel_size) // stride + 1
        self.out_width = (self.width + 2 * padding - kernel_size) // stride + 1
        super().__init__(site, (filters, self.out_height, self.out_width))

    def parameter_shapes(self) -> Mapping[str, ParameterShape]:
        fan_in = self.kernel_size**2 * self.channels
        return {
            "weight": ParameterShape((self.filters, fan_in), fan_in=fan_in),
            "bias": ParameterShape((self.filters,), initial=0.0),
        }

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        kernel, columns = self.kernel_size, self.out_width * batch
        unrolled = (self.height + 2 * self.padding, kernel, self.channels, self.out_width, batch)
        buffers = {
            "unrolled": Buffer(unrolled, zeroed=True),
            "output": Buffer((self.out_height, self.filters, self.out_width, batch)),
            "row_grad_weight": Buffer((self.filters, kernel**2 * self.channels)),
        }
        if self.wants_input_gradient:
            buffers |= {
                "weight_by_column": Buffer((kernel * self.channels, kernel * self.filters)),
                "row_grad": Buffer((kernel * self.channels, columns)),
                "grad_input": Buffer((self.height, self.channels, self.width, batch)),
            }
        return buffers

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        unroll(x, arrays["unrolled"], self.stride, self.padding)
        self.windows = windows(arrays["unrolled"], self.kernel_size, self.stride)
        output: FloatArray = arrays["output"]
        rows = output.reshape(self.out_height, self.filters, -1)
        np.matmul(self.parameters["weight"], self.windows, out=rows)
        rows += self.parameters["bias"][:, None]
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        rows = grad_output.reshape(self.out_height, self.filters, -1)
        self.gradients["weight"].fill(0)
        for row, window in zip(rows, self.windows, strict=True):
            np.matmul(row, window.T, out=arrays["row_grad_weight"])
            self.gradients["weight"] += arrays["row_grad_weight"]
        np.sum(np.sum(rows, axis=2), axis=0, out=self.gradients["bias"])
        if not self.wants_input_gradient:
            return grad_output
        return self._input_gradient(rows, arrays)

    def _input_gradient(self, rows: FloatArray, arrays: dict[str, FloatArray]) -> FloatArray:
        """dx̃[r, c, j·stride + v] += Σ over u, f of W[f, u, v, c] · dy[i, f, j], i·stride + u = r.

        All u and f in one product per row r: the rows i of dy that reach r lie one after another.
        """
        grad_input, row_grad = arrays["grad_input"], arrays["row_grad"]
        kernel, batch = self.kernel_size, grad_input.shape[-1]
        by_column = row_grad.reshape(kernel, self.channels, self.out_width, batch)
        columns = [(v, *self._reach(v)) for v in range(kernel)]
        grad_input.fill(0)
        for phase in range(self.stride):
            weight, taps = self._weight_by_column(phase, arrays["weight_by_column"])
            for height in range(self.height):
                row = height + self.padding
                if row % self.stride != phase or taps == 0:
                    continue
                last = row // self.stride  # the output row that meets it with its first tap
                low, high = max(0, last - taps + 1), min(self.out_height, last + 1)
                if low >= high:
                    continue
                first = taps - 1 - (last - low)
                part = weight[:, first * self.filters : (first + high - low) * self.filters]
                np.matmul(part, rows[low:high].reshape(-1, rows.shape[-1]), out=row_grad)
                for v, source, target in columns:
                    grad_input[height, :, target] += by_column[v, :, source]
        return grad_input

    def _weight_by_column(self, phase: int, out: FloatArray) -> tuple[FloatArray, int]:
        """The weight as (v c, u f), u falling, for the taps u ≡ phase modulo the stride."""
        kernel = self.kernel_size
        weight = self.parameters["weight"].reshape(self.filters, kernel, kernel, self.channels)
        chosen = weight[:, phase :: self.stride][:, ::-1].transpose(2, 3, 1, 0)
        taps = chosen.shape[2]
        part = out.reshape(-1)[: chosen.size].reshape(chosen.shape)
        np.copyto(part, chosen)
        return part.reshape(kernel * self.channels, taps * self.filters), taps

    def _reach(self, v: int) -> tuple[slice, slice]:
        """Output columns whose tap v falls inside the image, and the image columns it falls on."""
        return reach(v, self.width, self.out_width, self.stride, self.padding)


def reach(v: int, width: int, out_width: int, stride: int, padding: int) -> tuple[slice, slice]:
    """Outputs j, and inputs j·stride + v - padding, for all j whose input is inside 0..width-1."""
    first = max(0, -((v - padding) // stride))
    last = min(out_width - 1, (width - 1 + padding - v) // stride)
    if last < first:
        return slice(0, 0), slice(0, 0)
    start = first * stride + v - padding
    return slice(first, last + 1), slice(start, start + (last - first) * stride + 1, stride)


def unroll(x: FloatArray, out: FloatArray, stride: int, padding: int) -> None:
    """out[r, v, c, j] = x̃[r, c, j·stride + v], for zeros that `out` holds already.

    x (H, C, W, batch), out (H + 2 padding, kernel, C, OW, batch).
    """
    height, _, width, _ = x.shape
    kernel, out_width = out.shape[1], out.shape[3]
    for v in range(kernel):
        source, target = reach(v, width, out_width, stride, padding)
        out[padding : padding + height, v, :, source] = x[:, :, target]


def windows(unrolled: FloatArray, kernel: int, stride: int) -> FloatArray:
    """A view (OH, kernel·kernel·C, OW·batch): `kernel` rows of the unrolled input, as matrices."""
    height, taps, channels, width, batch = unrolled.shape
    out_height = (height - kernel) // stride + 1
    row_bytes, item_bytes = unrolled.strides[0], unrolled.itemsize
    return as_strided(
        unrolled,
        (out_height, kernel * taps * channels, width * batch),
        (stride * row_bytes, width * batch * item_bytes, item_bytes),
        writeable=False,
    )
