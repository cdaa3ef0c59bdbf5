"""How the sums of a convolution are made: the sizes, and what each of the two ways offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from hpsearch.nn.arrays import Arrays, Buffer, FloatArray

BLOCK = 196_608  # numbers made at once: more miss the cache, fewer mean more calls (measured)


@dataclass(frozen=True)
class RowGeometry:
    """The sizes of a convolution: `rows` of output, and `columns` times `phases` of them.

    With two phases the output columns stand in the order 0, 2, 4, … 1, 3, 5, …, so that the left
    and the right halves of 2 × 2 windows are whole runs of memory. So it is with four, of which the
    last columns may not be wanted.
    """

    channels: int
    height: int
    width: int
    filters: int
    kernel: int
    stride: int
    padding: int
    rows: int
    columns: int
    phases: int = 1


class Products(ABC):
    """The sums of a convolution, and their gradients, some rows at a time.

    Rows of sums are arrays (phases, rows, filters, run), where a run is columns · batch numbers.
    The weight is (filters, kernel·kernel·channels). `arrays` are the workspaces that `buffers`
    names.
    """

    keeps_gradient = False  # whether `input_gradient` needs no more than `add_gradient` was given

    def __init__(self, geometry: RowGeometry) -> None:
        self.geometry = geometry

    def take_phases(self) -> bool:
        """From now on take the columns of the input in four phases; False where it cannot."""
        return False

    @abstractmethod
    def rows_at_once(self, batch: int) -> int:
        """How many rows of sums stay in the cache together: an even number where phases are."""

    @abstractmethod
    def buffers(self, batch: int, wants_input_gradient: bool) -> Mapping[str, Buffer]:
        """The workspaces."""

    @abstractmethod
    def begin(self, x: FloatArray, weight: FloatArray, arrays: Arrays) -> None:
        """Take an input (H, C, W, batch) and the weight."""

    @abstractmethod
    def make(
        self, rows: slice, out: FloatArray, arrays: Arrays, bias: FloatArray | None = None
    ) -> None:
        """Make these rows of the sums; with the bias, (filters, run or 1), where it is given."""

    @abstractmethod
    def begin_gradient(self, arrays: Arrays) -> None:
        """Forget earlier gradients."""

    @abstractmethod
    def add_gradient(self, rows: slice, grad: FloatArray, arrays: Arrays) -> None:
        """Take the gradient of these rows of the sums."""

    @abstractmethod
    def weight_gradient(self, out: FloatArray, arrays: Arrays) -> None:
        """The weight's gradient, from all rows that were added."""

    @abstractmethod
    def input_gradient(self, grad: FloatArray, weight: FloatArray, arrays: Arrays) -> FloatArray:
        """The input's gradient (H, C, W, batch), from that of all rows of the sums."""
