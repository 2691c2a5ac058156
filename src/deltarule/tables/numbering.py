"""Numbering: what messages call rows, by their number below the header and by the line of the file where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """Some rows of a whole of N: index as NumPy takes it."""

    whole: Numbering
    index: NDArray[Any] | slice
    N: int

    def place(self, row: int) -> int:
        """Return the place in the whole of one of these rows, both from 0."""
        if isinstance(self.index, slice):
            return range(self.N)[self.index][row]
        index = np.flatnonzero(self.index) if self.index.dtype == bool else self.index
        return int(index[row])


@dataclass(frozen=True)
class Numbering:
    """What the rows of a table, or of a part of one, are called; both numbers count from 1.

    lines: of a table that a text holds, the line of its first row, or that of every row, (N,); None of other tables.
    part: of which rows of another table these are.

    >>> of_file = Numbering(lines=2)
    >>> of_file.name(3), of_file.rows(np.array([False, True, True]), 3).name(1)
    ('row 4 (line 5)', 'row 3 (line 4)')
    >>> Numbering().rows(slice(1000, None), 2000).name(233)
    'row 1,234'
    """

    lines: int | NDArray[np.int64] | None = None
    part: Part | None = None

    def rows(self, index: NDArray[Any] | slice, N: int) -> Numbering:
        """Return the numbering of some rows of N."""
        return Numbering(part=Part(self, index, N))

    def having(self, is_kept: NDArray[np.bool_]) -> Numbering:
        """Return the numbering of a table from which rows are left out that are none of it: the others count anew."""
        if self.lines is None:
            return self
        lines = self.lines + np.arange(len(is_kept)) if isinstance(self.lines, int) else self.lines
        return Numbering(lines[is_kept])

    def number(self, row: int) -> int:
        """Return the number, from 1, of the row at a place from 0."""
        return row + 1 if self.part is None else self.part.whole.number(self.part.place(row))

    def line(self, row: int) -> int | None:
        """Return the line, from 1, of the row at a place from 0, where there is one."""
        if self.part is not None:
            return self.part.whole.line(self.part.place(row))
        if self.lines is None:
            return None
        return self.lines + row if isinstance(self.lines, int) else int(self.lines[row])

    def name(self, row: int) -> str:
        """Return what messages call the row at a place from 0."""
        line = self.line(row)
        return f"row {self.number(row):,}" + ("" if line is None else f" (line {line:,})")

    def within_brackets(self, row: int) -> str:
        """Return the same as it stands in brackets."""
        line = self.line(row)
        return f"row {self.number(row):,}" + ("" if line is None else f", line {line:,}")
