"""The rows of a text one by one, as Python's csv reads them, and those that are not like the others."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.tables.numbering import Numbering
from deltarule.tables.readers.cells import filled
from deltarule.tables.readers.dialects import Dialect
from deltarule.tables.readers.options import Reading, cut

MOST_OPEN = 20
"""Lines with open quotes that are left out; each takes another look at the text."""


@dataclass
class Odd:
    """A row with more or fewer fields than there are columns."""

    row: int
    line: int
    fields: list[str]
    is_after_blank: bool
    is_wanted: bool = True

    def __str__(self) -> str:
        return Numbering(self.line - self.row).name(self.row)

    def shown(self, sign: str) -> str:
        return cut(sign.join(self.fields))


class Rows(list[list[str]]):
    """All rows, the first line of each, (N,), those that follow blank lines, and how many lines are blank."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect
        self.lines: NDArray[np.int64] = np.zeros(0, np.int64)
        self.after_blank: list[int] = []
        self.blanks = 0


def closed_rows(
    body: bytes, dialect: Dialect, width: int, reading: Reading, name: str, lines_before: int
) -> tuple[Rows, list[Odd], list[str]]:
    """Return all rows, those of another length, and what is to be told of lines with open quotes that are left out.

    Raises
    ------
    DataError
        A quote is not closed, and `reading` does not say that such rows are left out; or too many are not.
    """
    are_blanks_rows = width == 1 and reading.ragged == "fill"
    told, gone = list[str](), list[int]()
    while True:
        try:
            rows, odd = _rows(body, dialect, width, are_blanks_rows)
            rows.lines += lines_before
            for line in gone:
                rows.lines[rows.lines >= line] += 1
            for each in odd:
                each.line = int(rows.lines[each.row])
            return rows, odd, told
        except _OpenQuoteError as error:
            at, lines = _open_at(body, dialect, error.last), body.decode("utf-8", "replace").split("\n")
            line = at + lines_before + len(gone)
            shown = f"(line {line:,}, {cut(lines[at - 1])})"
            if reading.ragged != "skip" or len(told) >= MOST_OPEN:
                letters = "read quotes as letters (--quote none), or "
                is_wide = any(line.count(dialect.sign) >= width for line in lines)  # without quotes
                raise DataError(
                    f"{name}: a quote that opens in row {error.row:,} {shown} is not closed where a field ends; mend "
                    f"it, or {'' if is_wide else letters}leave such rows out (--ragged skip)."
                ) from None
            gone.append(line)
            told.append(f"row {error.row + len(told):,} {shown} left out: a quote in it is not closed")
            body = "\n".join([*lines[: at - 1], *lines[at:]]).encode()


class _OpenQuoteError(Exception):
    def __init__(self, row: int, last: int) -> None:
        super().__init__()
        self.row, self.last = row, last


def _rows(body: bytes, dialect: Dialect, width: int, are_blanks_rows: bool) -> tuple[Rows, list[Odd]]:
    """Return all rows, read one by one, and those that have more or fewer fields than there are columns."""
    rows, odd, starts = Rows(dialect), list[Odd](), list[int]()
    is_after_blank, line = False, 0
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="\n")
    try:
        for line, row in dialect.records(lines, is_strict=True):
            if len(row) <= 1 and not filled(row):
                if not are_blanks_rows:
                    rows.blanks, is_after_blank = rows.blanks + 1, True
                    continue
                row = [""]
            if is_after_blank:
                rows.after_blank.append(len(rows))
            if len(row) != width:
                odd.append(Odd(len(rows), line, row, is_after_blank))
            rows.append(row)
            starts.append(line)
            is_after_blank = False
    except csv.Error:
        raise _OpenQuoteError(len(rows) + 1, line) from None
    rows.lines = np.array(starts, np.int64)
    return rows, odd


def _open_at(body: bytes, dialect: Dialect, last: int) -> int:
    """Return the line, from 1, at which the record begins that follows the one that begins in line `last`."""
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="\n")
    return next((start for start, _ in dialect.records(lines) if start > last), max(last, 1))
