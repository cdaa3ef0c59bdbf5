"""Layers that run joined: a convolution whose rows are finished while they are in the cache.

docs/networks.md says what each step saves. The functions are those of the layers they stand for,
and the convolution keeps its parameters.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Shape
from hpsearch.nn.layers.base import Layer, inside
from hpsearch.nn.layers.convolution import Convolution
from hpsearch.nn.products import Products
from hpsearch.nn.rows import RowProducts
from hpsearch.nn.winograd import WinogradProducts, in_tiles, suits


@dataclass(frozen=True)
class Block:
    """Some rows of the output, the rows of the sums for them, and their places in the arrays."""

    rows: slice
    made: slice
    sums: FloatArray
    output: FloatArray
    grad_sums: FloatArray


class FinishedConvolution(Layer):
    """A convolution, and what follows it, on a block of output rows at a time.

    `finish` makes the block from its sums, `open` the sums' gradient from the block's.
    """

    bias_in_sums = False  # whether `finish` wants the bias in the sums

    def __init__(
        self,
        convolution: Convolution,
        output_shape: Shape,
        products: Products,
        output_phases: int = 1,
    ) -> None:
        """With several output phases the output is (phases, H, F, columns, batch).

        It is 0 where the last columns are not wanted.
        """
        super().__init__(convolution.site, output_shape)
        self.wants_input_gradient = convolution.wants_input_gradient
        self.convolution = convolution
        self.products = products
        self.geometry = products.geometry
        self.ratio = self.geometry.rows // output_shape[1]  # rows of sums for one of output
        self.phases = max(1, self.geometry.phases // self.ratio)  # that its columns are made in
        self.output_phases = output_phases  # that they are given in

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        g, (filters, height, width) = self.geometry, self.output_shape
        row = (filters, -(-width // self.output_phases) * batch)
        at_once = self.products.rows_at_once(batch)
        kept = g.rows if self._keeps_gradient() else at_once
        made = 0 if self._makes_output() else at_once
        block = (self.output_phases, at_once // self.ratio, *row)
        return {
            **self.products.buffers(batch, self.wants_input_gradient),
            "made": Buffer((g.phases, made, g.filters, g.columns * batch)),
            "grad_made": Buffer((g.phases, kept, g.filters, g.columns * batch)),
            "output": Buffer((self.output_phases, height, *row)),
            "grad": Buffer(block),
            "alive": Buffer(block, mask=True),
            "bias": Buffer((filters, g.columns * batch)),
            "zeros": Buffer((filters, g.columns * batch), initial=0),
            "ones": Buffer(row[1:], initial=1),
        }

    @abstractmethod
    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:
        """Make these rows of the output, (output phases, rows, filters, run), from their sums.

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
        bias = arrays["bias"] if self.bias_in_sums else None
        for block in arrays.once("blocks of rows", lambda: list(self._blocks(arrays))):
            self.products.make(block.made, block.sums, arrays, bias)
            finish(block.sums, block.output, block.rows, arrays)
        output: FloatArray = arrays["output"]
        if self.output_phases > 1:
            return output.reshape(*output.shape[:3], -1, x.shape[-1])
        return output.reshape(inside(self.output_shape, x.shape[-1]))

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        gradients = self.convolution.gradients
        self.products.begin_gradient(arrays)
        gradients["bias"].fill(0)
        upstream = grad_output.reshape(arrays["output"].shape)
        for block in arrays.once("blocks of rows", lambda: list(self._blocks(arrays))):
            opened = self.open(upstream[:, block.rows], block.grad_sums, block.rows, arrays)
            gradients["bias"] += opened
            self.products.add_gradient(block.made, block.grad_sums, arrays)
        self.products.weight_gradient(gradients["weight"], arrays)
        if not self.wants_input_gradient:
            return grad_output
        weight = self.convolution.parameters["weight"]
        return self.products.input_gradient(arrays["grad_made"], weight, arrays)

    def before_bias(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> FloatArray:
        """Make the gradient where the output is above 0; gives its sum for each filter."""
        alive = arrays["alive"][:, : grad.shape[1]]
        np.greater(arrays["output"][:, rows], 0, out=alive)
        np.multiply(grad, alive, out=out)
        total: FloatArray = (out @ arrays["ones"]).sum(axis=(0, 1))
        return total

    def finish_columns(self, values: FloatArray, out: FloatArray, arrays: Arrays) -> None:
        """Take the ReLU, and put the columns where the output wants them.

        The values, (phases, rows, filters, run), are overwritten.
        """
        place = out if self._keeps_phases() else values
        np.maximum(values, arrays["zeros"], out=place)
        if not self._keeps_phases():
            for columns, part, wanted in self._columns(out, place):
                np.copyto(columns[:, :, :wanted], part[:, :, :wanted])
                columns[:, :, wanted:] = 0
        elif unwanted := self.output_shape[2] % self.phases:
            out[unwanted:, :, :, -(out.shape[3] // self.geometry.columns) :] = 0

    def spread(self, rows: FloatArray, out: FloatArray) -> None:
        """The columns of these rows of the output where they are made; 0 where none is wanted."""
        for columns, part, wanted in self._columns(rows, out):
            np.copyto(part[:, :, :wanted], columns[:, :, :wanted])
            part[:, :, wanted:] = 0

    def _columns(
        self, rows: FloatArray, values: FloatArray
    ) -> Iterator[tuple[FloatArray, FloatArray, int]]:
        """Every so many columns in the output, in what was made, and how many are wanted."""
        batch, width = values.shape[-1] // self.geometry.columns, self.output_shape[2]
        given, made = (part.reshape(*part.shape[:3], -1, batch) for part in (rows, values))
        step = max(len(given), len(made))
        for first in range(step):
            row, column = first % len(given), first // len(given)
            phase, tile = first % len(made), first // len(made)
            yield (
                given[row, :, :, column :: step // len(given)],
                made[phase, :, :, tile :: step // len(made)],
                -((first - width) // step),
            )

    def _keeps_phases(self) -> bool:
        return self.output_phases == self.phases

    def _keeps_gradient(self) -> bool:
        """Whether that of all sums must stay until the input's gradient is made."""
        return self.wants_input_gradient and not self.products.keeps_gradient

    def _makes_output(self) -> bool:
        """Whether the sums are made in the place of the output."""
        return self.bias_in_sums and self._keeps_phases()

    def _blocks(self, arrays: Arrays) -> Iterator[Block]:
        rows, at_once = self.output_shape[1], arrays["alive"].shape[1]
        for start in range(0, rows, at_once):
            stop = min(start + at_once, rows)
            made = slice(start * self.ratio, stop * self.ratio)
            here, output = slice(0, made.stop - made.start), arrays["output"][:, start:stop]
            yield Block(
                rows=slice(start, stop),
                made=made,
                sums=output if self._makes_output() else arrays["made"][:, here],
                output=output,
                grad_sums=arrays["grad_made"][:, made if self._keeps_gradient() else here],
            )


class ConvolutionReLU(FinishedConvolution):
    """max(convolution(x), 0)."""

    bias_in_sums = True

    def __init__(self, convolution: Convolution, output_phases: int = 1) -> None:
        geometry = convolution.geometry
        products: Products = RowProducts(in_tiles(geometry) if output_phases > 1 else geometry)
        if suits(geometry):
            products = WinogradProducts(in_tiles(geometry))
        super().__init__(convolution, convolution.output_shape, products, output_phases)

    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:  # noqa: ARG002  # keeps no mask
        self.finish_columns(sums, out, arrays)

    def open(self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> FloatArray:
        if self._keeps_phases():
            return self.before_bias(grad, out, rows, arrays)
        masked = arrays["grad"][:, : grad.shape[1]]
        total = self.before_bias(grad, masked, rows, arrays)
        self.spread(masked, out)
        return total


class ConvolutionMaxPooling(FinishedConvolution):
    """The maximum over 2 × 2 windows of a convolution, and of that and 0: the ReLU.

    The maximum is taken before bias and ReLU: the same function on a quarter of the numbers. Where
    sums are equal, the first column and then the first row takes the gradient.
    """

    def __init__(self, convolution: Convolution, output_phases: int = 1) -> None:
        filters, height, width = convolution.output_shape
        whole = replace(convolution.geometry, rows=height // 2 * 2)
        products: Products = RowProducts(replace(whole, columns=width // 2, phases=2))
        if suits(convolution.geometry):
            products = WinogradProducts(in_tiles(whole))
        halved = (filters, height // 2, width // 2)
        super().__init__(convolution, halved, products, output_phases)

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        buffers = super().buffers(batch)
        filters, height, _ = self.output_shape
        run = self.geometry.columns * batch
        rows_at_once = self.products.rows_at_once(batch) // 2
        spread = 0 if self._keeps_phases() else rows_at_once
        return {
            **buffers,
            "right": Buffer((self.phases, 2 * height, filters, run), mask=True),
            "lower": Buffer((self.phases, height, filters, run), mask=True),
            "spread": Buffer((self.phases, spread, filters, run)),
        }

    def finish(self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> None:
        left, right = sums[0::2], sums[1::2]
        np.greater(right, left, out=arrays["right"][:, 2 * rows.start : 2 * rows.stop])
        np.maximum(left, right, out=left)
        upper, lower = left[:, 0::2], left[:, 1::2]
        np.greater(lower, upper, out=arrays["lower"][:, rows])
        np.maximum(upper, lower, out=upper)
        np.add(upper, arrays["bias"], out=upper)
        self.finish_columns(upper, out, arrays)

    def finish_evaluated(
        self,
        sums: FloatArray,
        out: FloatArray,
        rows: slice,  # noqa: ARG002  # keeps no mask
        arrays: Arrays,
    ) -> None:
        left, right = sums[0::2], sums[1::2]
        np.maximum(left, right, out=left)
        upper, lower = left[:, 0::2], left[:, 1::2]
        np.maximum(upper, lower, out=upper)
        np.add(upper, arrays["bias"], out=upper)
        self.finish_columns(upper, out, arrays)

    def open(self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays) -> FloatArray:
        masked = arrays["grad"][:, : grad.shape[1]]
        total = self.before_bias(grad, masked, rows, arrays)
        spread = masked
        if not self._keeps_phases():
            spread = arrays["spread"][:, : grad.shape[1]]
            self.spread(masked, spread)
        left, right = out[0::2], out[1::2]
        upper, lower = left[:, 0::2], left[:, 1::2]
        np.multiply(spread, arrays["lower"][:, rows], out=lower)
        np.subtract(spread, lower, out=upper)
        np.multiply(left, arrays["right"][:, 2 * rows.start : 2 * rows.stop], out=right)
        np.subtract(left, right, out=left)
        return total
