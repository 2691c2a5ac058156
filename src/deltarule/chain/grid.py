"""Numbers and matrices as a person reads them: rounded, and elided where they are large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.network import Floats

ELIDED = "..."
MOST, EDGES = 12, 6
"""Rows or columns that are all shown, and how many of more."""
WIDTH = 72
"""Characters of a row that may stand in a terminal."""


def shown(value: float, digits: int) -> str:
    """Return a number in so many significant digits.

    >>> shown(-0.0, 6), shown(0.0123456789, 6), shown(1e-9, 6)
    ('0', '0.0123457', '1e-09')
    """
    return f"{value + 0.0:.{digits}g}"


def rounded(values: NDArray[Any], digits: int) -> Floats:
    """Return the numbers that `shown` shows."""
    return np.array([float(shown(float(value), digits)) for value in values.ravel()]).reshape(values.shape)


@dataclass(frozen=True)
class Grid:
    """A matrix as text: `rows` of numbers, with "..." for rows and columns left out; `shape` counts all."""

    rows: tuple[tuple[str, ...], ...]
    shape: tuple[int, int]

    @property
    def is_elided(self) -> bool:
        return any(cell == ELIDED for row in self.rows for cell in row)


def grid(matrix: Floats, digits: int) -> Grid:
    """Return a matrix as text; like NumPy's, a large one shows its edges, as many columns of them as fit."""
    rows = _edges(matrix.shape[0], EDGES if matrix.shape[0] > MOST else MOST)
    for most in (MOST, 8, EDGES, 4, 2):
        columns = _edges(matrix.shape[1], min(most, EDGES) if matrix.shape[1] > MOST else most)
        cells = tuple(
            tuple(ELIDED if i is None or j is None else shown(float(matrix[i, j]), digits) for j in columns)
            for i in rows
        )
        widest = sum(max(map(len, column)) + 2 for column in zip(*cells, strict=True))
        if widest <= WIDTH:
            break
    return Grid(cells, (matrix.shape[0], matrix.shape[1]))


def _edges(n: int, most: int) -> list[int | None]:
    """Return the places from 0 to n - 1, or those at both ends with None between."""
    if n <= most + 1:  # dots take a place too
        return list(range(n))
    half = most // 2
    return [*range(half), None, *range(n - half, n)]
