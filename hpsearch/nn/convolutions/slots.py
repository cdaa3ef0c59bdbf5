"""Adding up what the column taps of a convolution give to the columns of its input.

Output column j of a phase and tap v fall on input column j·step + offset, where step is stride ·
phases and offset = phase·stride + v - padding; so on column j + offset // step of those that leave
the remainder offset % step. Each remainder has its own array of slots, one for each channel, wide
enough that no shift leaves its slot: then a shift moves a whole row of all channels at once, as one
run of memory, and NumPy adds such runs three times faster than many short ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpsearch.nn.arrays import FloatArray, Step, add, fill
from hpsearch.nn.convolutions.products import RowGeometry


@dataclass(frozen=True)
class Move:
    """What one tap of the columns of one phase gives: to which slots, moved by how many columns."""

    phase: int
    tap: int
    remainder: int
    shift: int


class Slots:
    """The places of columns in slots of `columns` columns, for each of `step` remainders."""

    def __init__(self, geometry: RowGeometry) -> None:
        self.geometry = geometry
        self.step = geometry.stride * geometry.phases
        moves = [
            self._move(phase, v) for phase in range(geometry.phases) for v in range(geometry.kernel)
        ]
        shifts = [move.shift for move in moves]
        self.first = max(0, -min(shifts))  # where column 0 of the input stands
        widest = -(-geometry.width // self.step)
        self.columns = self.first + max(geometry.columns + max(shifts), widest)
        self.moves = [[m for m in moves if m.remainder == r] for r in range(self.step)]

    def add_up(self, row_grads: FloatArray, slots: FloatArray, rows: FloatArray) -> Iterator[Step]:
        """Write rows of the input's gradient, (rows, C, W, batch).

        row_grads (phases, rows, kernel, C, columns, batch) holds values in its first columns, as
        many as the output has, and zeros behind; `slots` (step, rows, C, columns, batch) is
        scratch.
        """
        batch = rows.shape[-1]
        flat = slots.reshape(*slots.shape[:2], -1)
        values = row_grads.reshape(*row_grads.shape[:3], -1)
        for remainder, moves in enumerate(self.moves):
            sums = flat[remainder]
            if not moves:
                yield from fill(sums)
            for position, move in enumerate(moves):
                moved = (self.first + move.shift) * batch
                place = sums[:, moved:]
                value = values[move.phase, :, move.tap, : place.shape[-1]]
                # of the columns before the first one's place none is read
                yield add(place, value) if position else partial(np.copyto, place, value)
            columns = rows[:, :, remainder :: self.step]
            stop = self.first + columns.shape[2]
            yield partial(np.copyto, columns, slots[remainder, :, :, self.first : stop])

    def _move(self, phase: int, tap: int) -> Move:
        offset = phase * self.geometry.stride + tap - self.geometry.padding
        return Move(phase, tap, offset % self.step, offset // self.step)
