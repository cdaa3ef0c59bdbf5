"""Adding up what the column taps of a convolution give to the columns of its input.

Output column j of a phase and tap v fall on input column j·step + offset, where step is stride ·
phases and offset = phase·stride + v - padding; so on column j + offset // step of those that leave
the remainder offset % step. Each remainder has its own array of slots, one for each channel, wide
enough that no shift leaves its slot: then a shift moves a whole row of all channels at once, as one
run of memory, and NumPy adds such runs three times faster than many short ones.
"""

import numpy as np

from hpsearch.nn.arrays import FloatArray
from hpsearch.nn.products import RowGeometry


class Slots:
    """The places of columns in slots of `columns` columns, for each of `step` remainders."""

    def __init__(self, geometry: RowGeometry) -> None:
        self.geometry = geometry
        self.step = geometry.stride * geometry.phases
        shifts = [self._shift(phase, v)[1] for phase, v in self._taps()]
        self.first = max(0, -min(shifts))  # where column 0 of the input stands
        widest = -(-geometry.width // self.step)
        self.columns = self.first + max(geometry.columns + max(shifts), widest)

    def add_up(self, row_grads: FloatArray, slots: FloatArray, rows: FloatArray) -> None:
        """Write rows of the input's gradient, (rows, C, W, batch).

        row_grads (phases, rows, kernel, C, columns, batch) holds values in its first columns, as
        many as the output has, and zeros behind; `slots` (step, rows, C, columns, batch) is
        scratch.
        """
        batch = rows.shape[-1]
        flat = slots.reshape(*slots.shape[:2], -1)
        values = row_grads.reshape(*row_grads.shape[:3], -1)
        flat.fill(0)
        for phase, v in self._taps():
            remainder, shift = self._shift(phase, v)
            moved = (self.first + shift) * batch
            place = flat[remainder, :, moved:]
            np.add(place, values[phase, :, v, : place.shape[-1]], out=place)
        for remainder in range(self.step):
            columns = rows[:, :, remainder :: self.step]
            stop = self.first + columns.shape[2]
            np.copyto(columns, slots[remainder, :, :, self.first : stop])

    def _taps(self) -> list[tuple[int, int]]:
        g = self.geometry
        return [(phase, v) for phase in range(g.phases) for v in range(g.kernel)]

    def _shift(self, phase: int, v: int) -> tuple[int, int]:
        """The remainder, and how many columns the shift is."""
        offset = phase * self.geometry.stride + v - self.geometry.padding
        return offset % self.step, offset // self.step
