"""Layers that run joined: a convolution whose rows are finished while they are in the cache.

docs/networks.md says what each step saves. The functions are those of the layers they stand for,
and the convolution keeps its parameters.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray, Shape
from hpsearch.nn.layers.base import Layer, inside
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.products import Arrays, Products
from hpsearch.nn.rows import RowProducts
from hpsearch.nn.winograd import WinogradProducts, suits


class FinishedConvolution(Layer):
    """A convolution, and what follows it, on a block of output rows at a time.

    `finish` makes the block from its sums, `open` the sums' gradient from the block's.
    """

    def __init__(self, convolution: Convolution, output_shape: Shape, products: Products) -> None:
        super().__init__(convolution.site, output_shape)
        self.wants_input_gradient = convolution.wants_input_gradient
        self.convolution = convolution
        self.products = products
        self.geometry = products.geometry
        self.ratio = self.geometry.rows // output_shape[1]  # rows of sums for one of output

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        g, (filters, height, width) = self.geometry, self.output_shape
        row = (filters, width * batch)
        at_once = self.products.rows_at_once(batch)
        kept = g.rows if self.wants_input_gradient else at_once
        block = (at_once // self.ratio, *row)
        return {
            **self.products.buffers(batch, self.wants_input_gradient),
            "made": Buffer((g.phases, at_once, g.filters, g.columns * batch)),
            "grad_made": Buffer((g.phases, kept, g.filters, g.columns * batch)),
            "output": Buffer((height, *row)),
            "grad": Buffer(block),
            "alive": Buffer(block, mask=True),
            "bias": Buffer((filters, g.columns * batch)),
            "zeros": Buffer(row, zeroed=True),
            "ones": Buffer(row[1:]),
        }

    @abstractmethod
    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:
        """Make these rows of the output, (rows, filters, run), from their sums.

        The sums, (phases, rows · ratio, filters, run), may be overwritten.
        """

    @abstractmethod
    def open(self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> FloatArray:
        """Make the gradient of the sums from that of these rows; gives what the bias gets of it."""

    def finish_evaluated(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> None:
        """As `finish`, where no backward follows."""
        self.finish(sums, out, rows, arrays)

    def forward(self, x: FloatArray) -> FloatArray:
        return self._run(x, self.finish)

    def evaluate(self, x: FloatArray) -> FloatArray:
        return self._run(x, self.finish_evaluated)

    def _run(
        self, x: FloatArray, finish: Callable[[FloatArray, FloatArray, slice, Arrays], None]
    ) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        parameters = self.convolution.parameters
        self.products.begin(x, parameters["weight"], arrays)
        arrays["bias"][...] = parameters["bias"][:, None]
        for rows, made in self._blocks(arrays):
            sums = arrays["made"][:, : made.stop - made.start]
            self.products.make(made, sums, arrays)
            finish(sums, arrays["output"][rows], rows, arrays)
        output: FloatArray = arrays["output"]
        return output.reshape(inside(self.output_shape, x.shape[-1]))

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        gradients = self.convolution.gradients
        self.products.begin_gradient(arrays)
        arrays["ones"].fill(1)
        gradients["bias"].fill(0)
        upstream = grad_output.reshape(arrays["output"].shape)
        for rows, made in self._blocks(arrays):
            kept = made if self.wants_input_gradient else slice(0, made.stop - made.start)
            opened = arrays["grad_made"][:, kept]
            gradients["bias"] += self.open(upstream[rows], opened, rows, arrays)
            self.products.add_gradient(made, opened, arrays)
        self.products.weight_gradient(gradients["weight"], arrays)
        if not self.wants_input_gradient:
            return grad_output
        weight = self.convolution.parameters["weight"]
        return self.products.input_gradient(arrays["grad_made"], weight, arrays)

    def before_bias(
        self, grad: FloatArray, rows: slice, arrays: Arrays
    ) -> tuple[FloatArray, FloatArray]:
        """The gradient where the output is above 0, and its sum for each filter."""
        alive, masked = arrays["alive"][: len(grad)], arrays["grad"][: len(grad)]
        np.greater(arrays["output"][rows], arrays["zeros"], out=alive)
        np.multiply(grad, alive, out=masked)
        return masked, (masked @ arrays["ones"]).sum(axis=0)

    def _blocks(self, arrays: Arrays) -> Iterator[tuple[slice, slice]]:
        """Blocks of rows of the output, and of the sums for them."""
        rows, at_once = self.output_shape[1], arrays["made"].shape[1] // self.ratio
        for start in range(0, rows, at_once):
            stop = min(start + at_once, rows)
            yield slice(start, stop), slice(start * self.ratio, stop * self.ratio)


class ConvolutionReLU(FinishedConvolution):
    """max(convolution(x), 0)."""

    def __init__(self, convolution: Convolution) -> None:
        products: Products = RowProducts(convolution.geometry)
        in_tiles = replace(
            convolution.geometry, phases=2, columns=convolution.geometry.columns // 2
        )
        if convolution.geometry.columns % 2 == 0 and suits(in_tiles):
            products = WinogradProducts(in_tiles)
        super().__init__(convolution, convolution.output_shape, products)

    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:  # noqa: ARG002  # keeps no mask
        np.add(sums, arrays["bias"], out=sums)
        for place, values in zip(self._phases(out), sums, strict=True):
            np.copyto(place, values.reshape(place.shape))
        np.maximum(out, arrays["zeros"], out=out)

    def open(self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> FloatArray:
        masked, total = self.before_bias(grad, rows, arrays)
        for values, place in zip(self._phases(masked), out, strict=True):
            np.copyto(place.reshape(values.shape), values)
        return total

    def _phases(self, rows: FloatArray) -> list[FloatArray]:
        """Views of the columns of each phase: (rows, filters, columns, batch)."""
        g = self.geometry
        by_column = rows.reshape(*rows.shape[:2], g.columns * g.phases, -1)
        return [by_column[:, :, phase :: g.phases] for phase in range(g.phases)]


class ConvolutionMaxPooling(FinishedConvolution):
    """The maximum over 2 × 2 windows of a convolution, and of that and 0: the ReLU.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers. Where
    sums are equal, the first column and then the first row takes the gradient.
    """

    def __init__(self, convolution: Convolution) -> None:
        filters, height, width = convolution.output_shape
        geometry = replace(convolution.geometry, rows=height // 2 * 2, columns=width // 2, phases=2)
        products = WinogradProducts(geometry) if suits(geometry) else RowProducts(geometry)
        super().__init__(convolution, (filters, height // 2, width // 2), products)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        filters, height, width = self.output_shape
        return {
            **super().buffers(batch),
            "right": Buffer((2 * height, filters, width * batch), mask=True),
            "lower": Buffer((height, filters, width * batch), mask=True),
        }

    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:
        left, right = sums
        np.greater(right, left, out=arrays["right"][2 * rows.start : 2 * rows.stop])
        np.maximum(left, right, out=left)
        upper, lower = left[0::2], left[1::2]
        np.greater(lower, upper, out=arrays["lower"][rows])
        np.maximum(upper, lower, out=out)
        np.add(out, arrays["bias"], out=out)
        np.maximum(out, arrays["zeros"], out=out)

    def open(self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> FloatArray:
        masked, total = self.before_bias(grad, rows, arrays)
        left, right = out
        upper, lower = left[0::2], left[1::2]
        np.multiply(masked, arrays["lower"][rows], out=lower)
        np.subtract(masked, lower, out=upper)
        np.multiply(left, arrays["right"][2 * rows.start : 2 * rows.stop], out=right)
        np.subtract(left, right, out=left)
        return total
