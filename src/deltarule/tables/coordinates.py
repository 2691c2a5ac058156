"""Coordinates: where a number lies, bin by bin, so that a first layer learns any function of it that is linear in each.

With edges e_0 < e_1 < ... < e_B,

    c_b(x) = (x - e_{b-1}) / (e_b - e_{b-1}), at least 0 and at most 1,     b = 1, ..., B

(piecewise-linear encoding, Gorishniy et al. 2022). A weighted sum of the c_b is a continuous function that is linear
between edges, and whose rise in bin b is the weight of c_b.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deltarule.tables.columns import Column
from deltarule.tables.encoders import RowByRow
from deltarule.tables.scaling import Floats, ends

SIZE = 0.5
"""What the coordinates are multiplied by, so that weight decay asks for proof of each."""
MANY, BINS = 128, 48
"""So many different values have an edge each; of more, about so many bins are made."""
ROWS_A_BIN = 30
"""At least, as a rule: on 29 tables of 120 to 5,000 rows 10 had 2% more error; 20, 40 and 80 had as much."""
SOME = 200_000
"""Values that edges are chosen by."""


@dataclass(frozen=True)
class Coordinates(RowByRow):
    """SIZE (c_b(x) - their mean in training), which is 0 for what is missing.

    >>> encoder = Coordinates.fit(Column.of("age", np.repeat([20.0, 30.0, 50.0], 20)))
    >>> encoder.features
    ('age from 20 to 30', 'age from 30 to 50')
    >>> 2 * encoder.encode(Column.of("age", [20.0, 25.0, 40.0, 99.0, None])) + encoder.means
    array([[0.        , 0.        ],
           [0.5       , 0.        ],
           [1.        , 0.5       ],
           [1.        , 1.        ],
           [0.66666667, 0.33333333]])
    """

    kinds = ("number", "boolean")
    edges: tuple[float, ...]
    means: tuple[float, ...]

    @classmethod
    def fit(cls, column: Column) -> Coordinates:
        _, _, present = ends(column.values[~column.is_missing])
        present = present[:: max(len(present) // SOME, 1)]
        edges = tuple(edges_of(present).tolist())
        whole = cls(column.name, marks_missing=False, marks_unread=False, edges=edges, means=())
        means = whole._coordinates(present).mean(axis=0)
        return cls(
            column.name, marks_missing=False, marks_unread=False, edges=edges, means=tuple(means.tolist())
        )

    @property
    def own_features(self) -> tuple[str, ...]:
        named = [f"{edge:.12g}" for edge in self.edges]
        return tuple(f"{self.name} from {low} to {high}" for low, high in pairwise(named))

    def own_encode(self, column: Column) -> Floats:
        encoded = self._coordinates(column.values)
        encoded -= np.array(self.means)
        encoded *= SIZE
        encoded[column.is_missing] = 0.0
        return encoded

    def nodes_of(self, column: Column) -> Callable[[slice], tuple[NDArray[np.intp], Floats]]:
        """Return what gives of any rows the edge below each value, from 0, and what H has at it and the next, (n, 2).

        Of X = H A, see `deltarule.binned`; both are 0 for what is missing.
        """
        column = self._as_in_training(column)

        def nodes(rows: slice) -> tuple[NDArray[np.intp], Floats]:
            below, position = self._placed(column.values[rows])
            both = SIZE * np.stack([1.0 - position, position], axis=1)
            both[column.is_missing[rows]] = 0.0
            return below, both

        return nodes

    def _coordinates(self, values: Floats) -> Floats:
        """Return c_b(x), (N, B)."""
        below, position = self._placed(values)
        bins = np.arange(len(self.edges) - 1)
        return np.where(bins == below[:, None], position[:, None], bins < below[:, None])

    def _placed(self, values: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return the edge below each value, from 0, and the value's position in its bin, from 0 to 1."""
        edges = np.array(self.edges)
        halves = edges * 0.5  # whose differences do not overflow
        below = np.clip(np.searchsorted(edges, values, "right") - 1, 0, len(edges) - 2)
        with np.errstate(invalid="ignore"):  # of what is missing
            position = (values * 0.5 - halves[below]) / (halves[below + 1] - halves[below])
        return below, np.clip(position, 0.0, 1.0)

    def describe(self) -> str:
        return "in bins"

    def _converted(self, column: Column) -> Column:
        """Read numbers that come as text."""
        return column.as_numbers() if column.kind == "text" else super()._converted(column)


def edges_of(values: Floats) -> Floats:
    """Return the edges of bins, (B + 1,), ascending, of finite values, (N,).

    A value that fills a bin by itself is an edge; the others lie at quantiles of the rest.

    >>> edges_of(np.repeat([0.0, 1.0, 2.0, 4.0], [970, 10, 10, 10])).tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    different, counts = np.unique(values, return_counts=True)
    N = len(values)
    bins = min(MANY if len(different) <= MANY else BINS, max(N // ROWS_A_BIN, 2))
    if len(different) <= bins:
        return different
    own = different[counts * bins >= N]
    rest = np.repeat(different, np.where(counts * bins >= N, 0, counts))
    shares = np.linspace(0.0, 1.0, max(bins - len(own), 1) + 1)[1:-1]
    between = rest[(shares * len(rest)).astype(np.intp)] if len(rest) else rest
    return np.unique(np.concatenate([own, between, different[[0, -1]]]))
