"""Which images a step sees, and how they enter the network."""

import numpy as np
import numpy.typing as npt

from hpsearch.datasets.values import Images
from hpsearch.nn.arrays import FloatArray


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Minibatches in one pass; the last one may be short."""
    return -(-images // batch_size)


def load_batch(images: Images, chosen: npt.NDArray[np.intp] | slice, out: FloatArray) -> None:
    """Images (N, C, H, W) into a batch (H, C, W, batch); bytes 0..255 become 0..1."""
    picked = images[chosen]
    count, channels, height, width = picked.shape
    by_pixel = np.ascontiguousarray(picked.reshape(count, -1).T)  # NumPy turns a matrix fastest
    batch = by_pixel.reshape(channels, height, width, count).swapaxes(0, 1)
    if batch.dtype == np.uint8:
        np.multiply(batch, out.dtype.type(1 / 255), out=out)
    else:
        np.copyto(out, batch)
