"""Layers that run joined: a convolution whose rows are finished while they are in the cache.

docs/networks.md says what each step saves. The functions are those of the layers they stand for,
and the convolution keeps its parameters.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray, Shape, Step, fill
from hpsearch.nn.convolutions.products import Products
from hpsearch.nn.convolutions.tiles import SIZE, Tiling
from hpsearch.nn.layers.base import Layer, inside
from hpsearch.nn.layers.convolution import Convolution

Finish = Callable[[FloatArray, FloatArray, slice, Arrays], Iterator[Step]]


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
        tiling: Tiling | None = None,
    ) -> None:
        """With a tiling the output is in tiles, (6, H, F, tiles, batch), and so is its gradient."""
        super().__init__(convolution.site, output_shape)
        self.wants_input_gradient = convolution.wants_input_gradient
        self.convolution = convolution
        self.products = products
        self.geometry = products.geometry
        self.ratio = self.geometry.rows // output_shape[1]  # rows of sums for one of output
        self.phases = max(1, self.geometry.phases // self.ratio)  # that its columns are made in
        self.tiling = tiling
        self.output_phases = 1 if tiling is None else tiling.step  # that they are given in
        self.own = slice(0, 1) if tiling is None else tiling.own  # where these are in the output

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        g, (filters, height, width) = self.geometry, self.output_shape
        row = (filters, -(-width // self.output_phases) * batch)
        at_once = self.products.rows_at_once(batch)
        kept = g.rows if self._keeps_gradient() else at_once
        made = 0 if self._makes_output() else at_once
        block = (self.output_phases, at_once // self.ratio, *row)
        return {
            **self.products.buffers(batch, self.wants_input_gradient),
            "made": Buffer((g.phases, made, g.filters, g.columns * batch), scratch=True),
            "grad_made": Buffer((g.phases, kept, g.filters, g.columns * batch), scratch=True),
            "output": Buffer((1 if self.tiling is None else SIZE, height, *row)),
            "grad": Buffer(block, scratch=True),
            "alive": Buffer(block, mask=True, scratch=True),
            "bias": Buffer((filters, g.columns * batch), scratch=True),
            "bias_gradients": Buffer((self.output_phases, height, filters), scratch=True),
            "zeros": Buffer((filters, g.columns * batch), initial=0),
            "ones": Buffer(row[1:], initial=1),
        }

    @abstractmethod
    def finish(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        """Make these rows of the output, (output phases, rows, filters, run), from their sums.

        The sums, (phases, rows · ratio, filters, run), may be overwritten.
        """

    @abstractmethod
    def open(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        """Make the gradient of the sums from that of these rows.

        What the bias gets of it for each row is written to `bias_gradients`.
        """

    def finish_evaluated(
        self, sums: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        """As `finish`, where no backward follows."""
        return self.finish(sums, out, rows, arrays)

    def forward(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        arrays.run("forward", x, lambda: self._forward(x, arrays, self.finish))
        return self._output(arrays)

    def evaluate(self, x: FloatArray) -> FloatArray:
        arrays = self.workspace.at(x.shape[-1], x.dtype)
        arrays.run("evaluate", x, lambda: self._forward(x, arrays, self.finish_evaluated))
        return self._output(arrays)

    def backward(self, grad_output: FloatArray) -> FloatArray:
        """As of every layer; overwrites a gradient in tiles."""
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        arrays.run("backward", grad_output, lambda: self._backward(grad_output, arrays))
        return arrays["grad_input"] if self.wants_input_gradient else grad_output

    def _output(self, arrays: Arrays) -> FloatArray:
        return arrays.once("output as seen", lambda: self._as_seen(arrays))

    def _as_seen(self, arrays: Arrays) -> FloatArray:
        output, batch = arrays["output"], arrays["bias"].shape[-1] // self.geometry.columns
        if self.tiling is not None:
            return output.reshape(*output.shape[:3], -1, batch)
        return output.reshape(inside(self.output_shape, batch))

    def _forward(self, x: FloatArray, arrays: Arrays, finish: Finish) -> Iterator[Step]:
        parameters, bias = self.convolution.parameters, arrays["bias"]
        weight = parameters["weight"]
        yield partial(np.copyto, bias, parameters["bias"][:, None])
        yield from self.products.take_weight(weight, arrays)
        for block in self._blocks(arrays):
            yield from self.products.make(
                block.made, x, weight, block.sums, arrays, bias if self.bias_in_sums else None
            )
            yield from finish(block.sums, block.output, block.rows, arrays)
            if self.tiling is not None:
                yield from self.tiling.lend(arrays["output"][:, block.rows], x.shape[-1])

    def _backward(self, grad_output: FloatArray, arrays: Arrays) -> Iterator[Step]:
        gradients = self.convolution.gradients
        upstream = grad_output.reshape(arrays["output"].shape)
        for block in self._blocks(arrays):
            grad = upstream[:, block.rows]
            if self.tiling is not None:
                yield from self.tiling.collect(grad, grad_output.shape[-1])
            yield from self.open(grad[self.own], block.grad_sums, block.rows, arrays)
            yield from self.products.take_gradient(block.made, block.grad_sums, arrays)
            if self.wants_input_gradient:
                yield from self.products.pass_on(block.made, arrays["grad_made"], arrays)
        by_row = arrays["bias_gradients"].reshape(-1, len(gradients["bias"]))
        yield partial(np.sum, by_row, axis=0, out=gradients["bias"])
        yield from self.products.weight_gradient(gradients["weight"], arrays)

    def before_bias(
        self, grad: FloatArray, out: FloatArray, rows: slice, arrays: Arrays
    ) -> Iterator[Step]:
        """Make the gradient where the output is above 0, and its sums for the bias."""
        alive = arrays["alive"][:, : grad.shape[1]]
        yield partial(np.greater, arrays["output"][self.own, rows], 0, out=alive)
        yield partial(np.multiply, grad, alive, out=out)
        yield partial(np.matmul, out, arrays["ones"], out=arrays["bias_gradients"][:, rows])

    def finish_columns(self, values: FloatArray, out: FloatArray, arrays: Arrays) -> Iterator[Step]:
        """Take the ReLU, and put the columns where the output wants them.

        The values, (phases, rows, filters, run), are overwritten.
        """
        place = out if self._keeps_phases() else values
        yield partial(np.maximum, values, arrays["zeros"], out=place)
        if not self._keeps_phases():
            yield from self.put_columns(place, out)
        elif unwanted := self.output_shape[2] % self.phases:
            batch = out.shape[3] // self.geometry.columns
            yield from fill(out[unwanted:, :, :, -batch:])

    def put_columns(self, values: FloatArray, out: FloatArray) -> Iterator[Step]:
        """The columns where the output wants them; 0 where none is."""
        for columns, part, wanted in self._columns(out, values):
            yield partial(np.copyto, columns[:, :, :wanted], part[:, :, :wanted])
            yield from fill(columns[:, :, wanted:])

    def spread(self, rows: FloatArray, out: FloatArray) -> Iterator[Step]:
        """The columns of these rows of the output where they are made; 0 where none is wanted."""
        for columns, part, wanted in self._columns(rows, out):
            yield partial(np.copyto, part[:, :, :wanted], columns[:, :, :wanted])
            yield from fill(part[:, :, wanted:])

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
        """Whether the output has its columns where they are made."""
        columns = -(-self.output_shape[2] // self.output_phases)
        return (self.output_phases, columns) == (self.phases, self.geometry.columns)

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
            here = slice(0, made.stop - made.start)
            output = arrays["output"][self.own, start:stop]
            yield Block(
                rows=slice(start, stop),
                made=made,
                sums=output if self._makes_output() else arrays["made"][:, here],
                output=output,
                grad_sums=arrays["grad_made"][:, made if self._keeps_gradient() else here],
            )
