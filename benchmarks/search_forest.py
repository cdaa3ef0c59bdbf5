"""Extremely randomized trees (Geurts et al. 2006), looked up one point at a time, quickly."""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesRegressor

TREES = 60
Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


class Forest:
    """Fitted trees as arrays: a point is looked up in a tenth of a millisecond.

    inputs: (rows, features). outputs: (rows, columns). leaf: rows in a leaf, at least.
    """

    def __init__(self, inputs: Array, outputs: Array, leaf: int) -> None:
        fitted = ExtraTreesRegressor(
            TREES, min_samples_leaf=leaf, max_features=0.7, random_state=0
        ).fit(inputs, outputs.squeeze())
        trees = [each.tree_ for each in fitted.estimators_]
        nodes = max(tree.node_count for tree in trees)
        self._trees = np.arange(TREES)
        self._right_of = np.zeros((TREES, nodes, 2), np.intp)
        self._feature = np.full((TREES, nodes), -1)
        self._threshold = np.zeros((TREES, nodes))
        for index, tree in enumerate(trees):
            here = slice(0, tree.node_count)
            self._right_of[index, here, 0] = tree.children_left
            self._right_of[index, here, 1] = tree.children_right
            self._feature[index, here] = tree.feature
            self._threshold[index, here] = tree.threshold
        self._members = self._rows_by_leaf(fitted.apply(inputs))
        self._means = np.zeros((TREES, nodes, outputs.shape[1]))
        for index, leaves in enumerate(self._members):
            for node, rows in leaves.items():
                self._means[index, node] = outputs[rows].mean(axis=0)

    @staticmethod
    def _rows_by_leaf(leaves: Places) -> list[dict[int, Places]]:
        return [
            {int(leaf): np.flatnonzero(column == leaf) for leaf in np.unique(column)}
            for column in leaves.T
        ]

    def leaves(self, point: Array) -> Places:
        """The leaf of a point (features,) in each tree."""
        point = point.astype(np.float32)  # as the trees were fitted
        node = np.zeros(TREES, np.intp)
        while True:
            feature = self._feature[self._trees, node]
            inner = feature >= 0
            if not inner.any():
                return node
            right = (point[feature] > self._threshold[self._trees, node]).astype(np.intp)
            node = np.where(inner, self._right_of[self._trees, node, right], node)

    def mean(self, leaves: Places) -> Array:
        """Of the outputs, over all trees."""
        return np.asarray(self._means[self._trees, leaves].mean(axis=0))

    def alike(self, leaves: Places, tree: int) -> Places:
        """The rows that share a point's leaf in one tree."""
        return self._members[tree][int(leaves[tree])]
