"""What writes the features of a column that are listed: which they are in a row, and what they are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OneOf:
    """Of a column's features the one that a row's code says: codes (N,), places and values by the code."""

    codes: NDArray[np.int32]
    places: NDArray[np.int32]
    values: NDArray[Any]
    width = 1

    def write(self, rows: slice, values: NDArray[Any], places: NDArray[np.int32]) -> None:
        codes = self.codes[rows]
        values[:, 0], places[:, 0] = self.values[codes], self.places[codes]


@dataclass(frozen=True)
class AllOf:
    """All of a column's features, from the `first` on: of some rows, (n, width)."""

    features: Callable[[slice], NDArray[Any]]
    first: int
    width: int

    def write(self, rows: slice, values: NDArray[Any], places: NDArray[np.int32]) -> None:
        values[:], places[:] = self.features(rows), np.arange(self.first, self.first + self.width)


@dataclass(frozen=True)
class TwoOf:
    """Of a column in bins the two nodes between which a row's value lies, see `deltarule.binned`.

    nodes: of some rows, which of 0, ..., B - 1 is the lower one, and what stands at both, (n,) and (n, 2). Node 1 is
    `first`, and 0 `zeroth`.
    """

    nodes: Callable[[slice], tuple[NDArray[np.intp], NDArray[np.float64]]]
    first: int
    zeroth: int
    width = 2

    def write(self, rows: slice, values: NDArray[Any], places: NDArray[np.int32]) -> None:
        lower, values[:] = self.nodes(rows)
        places[:, 0] = np.where(lower == 0, self.zeroth, self.first + lower - 1)
        places[:, 1] = self.first + lower
