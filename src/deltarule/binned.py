"""Numbers in bins, as X = H A: of a row of H two numbers are not 0 for each number, whatever its bins are.

A number in bins has B features, c_b - mean_b, where c_b is 1 for the bins below its own, the position f in its own, and
0 for those above (see `deltarule.tables.coordinates`). A weighted sum of them is linear between the ends of a bin:

    sum_b w_b (c_b - mean_b) = (1 - f) V_{b-1} + f V_b,     V_0 = -sum_b w_b mean_b,     V_b = V_{b-1} + w_b

in bin b. So H has 1 - f and f, a number's V are prefix sums of its weights, and with G_n = dL/dV_n

    dL/dw_b = sum_{n >= b} G_n - mean_b sum_n G_n.

The first layer's products, forward and back, are with H; A, which makes V of weights and dL/dw of G, sees no examples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Binned:
    """X, (N, m), of which some features are numbers in bins.

    places, values
        (N, k): what of H, (N, m + n), may not be 0, row by row, no place twice in one: first the features as they are,
        then the ends b = 1, ..., B of each number's bins where its features are in X, and the ends b = 0 of all n
        numbers after these. The last 2 n of a row are the numbers' own, in their order.
    spans
        int64, (n, 2): the first feature of each number, and the end of its features, which are the last of X.
    means
        (m,) mean_b of the features that are bins; 0 for the others.

    >>> places = np.array([[2, 0], [2, 0], [0, 1], [0, 1]])  # in two bins, whose ends are 2, 0 and 1
    >>> values = np.array([[1.0, 0.0], [0.75, 0.25], [0.0, 1.0], [0.0, 0.0]])
    >>> Binned(places, values, np.array([[0, 2]]), np.zeros(2)).toarray()
    array([[0.  , 0.  ],
           [0.25, 0.  ],
           [1.  , 1.  ],
           [0.  , 0.  ]])
    """

    places: NDArray[np.int32]
    values: NDArray[Any]
    spans: NDArray[np.int64]
    means: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.values), len(self.means)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(array.nbytes for array in (self.places, self.values, self.spans, self.means))

    def __getitem__(self, rows: Any) -> Binned:
        """Return some rows: a slice, numbers or a mask."""
        return replace(self, places=self.places[rows], values=self.values[rows])

    def astype(self, dtype: Any) -> Binned:
        return replace(self, values=self.values.astype(dtype), means=self.means.astype(dtype))

    @property
    def nodes(self) -> Binned:
        """H, of which nothing is in bins."""
        m = len(self.means) + len(self.spans)
        return Binned(self.places, self.values, self.spans[:0], np.zeros(m, self.dtype))

    @property
    def plain(self) -> Binned:
        """The features that are not in bins, the first of X."""
        m = int(self.spans[0, 0]) if len(self.spans) else len(self.means)
        k = self.places.shape[1] - 2 * len(self.spans)
        return Binned(self.places[:, :k], self.values[:, :k], self.spans[:0], self.means[:m])

    def sums(self, W: NDArray[Any]) -> NDArray[Any]:
        """Return W A^T, (n_1, m + n), of weights W, (n_1, m): of each number's its V, the others as they are.

        >>> X = Binned(np.zeros((0, 2), np.int32), np.zeros((0, 2)), np.array([[0, 2]]), np.array([0.5, 0.25]))
        >>> X.sums(np.array([[2.0, 4.0]]))  # V_1, V_2, V_0
        array([[ 0.,  4., -2.]])
        """
        m = len(self.means)
        V = np.empty((len(W), m + len(self.spans)), W.dtype)
        V[:, :m] = W
        for n, (first, end) in enumerate(self.spans):
            w = W[:, first:end]
            V[:, m + n] = -(w @ self.means[first:end])
            V[:, first:end] = V[:, [m + n]] + np.cumsum(w, axis=1)
        return V

    def toarray(self) -> NDArray[Any]:
        """Return X as a matrix."""
        m = len(self.means)
        H = np.zeros((len(self.values), m + len(self.spans)), self.dtype)
        H[np.arange(len(H))[:, None], self.places] = self.values
        for n, (first, end) in enumerate(self.spans):
            rises = np.cumsum(H[:, first:end][:, ::-1], axis=1)[:, ::-1]
            H[:, first:end] = rises - np.outer(rises[:, 0] + H[:, m + n], self.means[first:end])
        return np.ascontiguousarray(H[:, :m])
