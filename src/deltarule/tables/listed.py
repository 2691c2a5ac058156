"""Features of which few are not 0, as a SciPy CSR array that says how much memory it takes, and what writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


class Listed(csr_array):  # pyright: ignore[reportMissingTypeArgument, reportUntypedBaseClass]
    """A CSR array, (N, m).

    >>> import numpy as np
    >>> Listed(np.eye(3)).nbytes  # of 3 values, 3 columns and 4 ends of rows
    52
    """

    data: Any
    indices: Any
    indptr: Any

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.data.nbytes + self.indices.nbytes + self.indptr.nbytes


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
