"""A trained network, for use."""

import numpy as np

from hpsearch.datasets.values import Images
from hpsearch.nn import Network
from hpsearch.nn.arrays import FloatArray, Labels
from hpsearch.training.evaluation import BATCH, score_batches


class Model:
    """Answers which class an image shows. Not for several threads at once.

    input_shape: channels, height, width. class_names: empty if classes are just numbers.
    """

    def __init__(
        self,
        network: Network,
        input_shape: tuple[int, int, int],
        classes: int,
        class_names: tuple[str, ...] = (),
    ) -> None:
        self.network = network
        self.input_shape = input_shape
        self.classes = classes
        self.class_names = class_names

    def name_of(self, label: int) -> str:
        """The name of a class, or its number if classes have no names."""
        return self.class_names[label] if self.class_names else str(label)

    def probabilities(self, images: Images) -> FloatArray:
        """Probabilities (N, classes) for images (N, C, H, W), uint8 0..255 or float32 0..1.

        Raises ValueError where the images have another shape.
        """
        if images.ndim != 4 or images.shape[1:] != self.input_shape:
            raise ValueError(
                f"images must be (N, {', '.join(map(str, self.input_shape))}), not {images.shape}"
            )
        if len(images) == 0:
            return np.zeros((0, self.classes), self.network.dtype)
        batches = [scores.T.copy() for scores in score_batches(self.network, images, BATCH)]
        scores = np.concatenate(batches)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def predict(self, images: Images) -> Labels:
        """The most likely class (N,) of each image."""
        classes: Labels = self.probabilities(images).argmax(axis=1).astype(np.int64)
        return classes
