"""Texts whose quotes stand at the ends of fields alone: looked at as bytes, read by Polars."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from deltarule.memory import limit
from deltarule.tables.readers.dialects import Dialect

if TYPE_CHECKING:
    import polars as pl

CHUNK = 2**18
LARGE, HEAD, OFTEN = 2**22, 2**18, 4
"""Bytes of a text of which a part is looked at first, and how often a cell comes again there in a column of levels."""


class Scan:
    """What a look at all bytes of a text found."""

    def __init__(
        self, has_blanks: bool = False, has_line_breaks: bool = False, has_quotes: bool = False
    ) -> None:
        self.delimiters = 0
        self.is_regular = True
        self.has_blanks, self.has_line_breaks, self.has_quotes = has_blanks, has_line_breaks, has_quotes


def scanned(body: bytes, dialect: Dialect) -> Scan:
    """Return how many delimiters stand outside of quotes, and whether quotes stand at the ends of fields alone."""
    sign, quote = ord(dialect.sign), dialect.quote
    scan = Scan(has_blanks=not body.isascii())
    scan.has_quotes = quote is not None and quote.encode() in body
    may_have_blanks = any(blank in body for blank in (b" ", b"\t", b"\x0b", b"\x0c") if blank[0] != sign)
    buffer: Any = np.frombuffer(body, np.uint8)
    if not scan.has_quotes and not may_have_blanks:
        for start in range(0, len(body), CHUNK):
            scan.delimiters += int(np.count_nonzero(buffer[start : start + CHUNK] == sign))
        return scan
    mark = ord(quote) if scan.has_quotes and quote else 256
    parity, before = 0, 10
    for start in range(0, len(body), CHUNK):
        chunk = buffer[start : start + CHUNK]
        after = int(buffer[start + CHUNK]) if start + CHUNK < len(body) else 10
        is_edge = (chunk == sign) | (chunk == 10)
        previous, following = np.roll(chunk, 1), np.roll(chunk, -1)
        previous[0], following[-1] = before, after
        is_blank = (chunk <= 32) & ~is_edge
        if scan.has_quotes:
            is_quote = chunk == mark
            inside = (np.cumsum(is_quote, dtype=np.uint8) + np.uint8(parity)) & 1
            opens, closes = is_quote & (inside == 1), is_quote & (inside == 0)
            previous_fits = (previous == sign) | (previous == 10) | (previous == mark)
            following_fits = (following == sign) | (following == 10) | (following == mark)
            scan.is_regular &= not bool((opens & ~previous_fits).any() or (closes & ~following_fits).any())
            scan.has_line_breaks |= bool(((chunk == 10) & (inside == 1)).any())
            scan.delimiters += int(np.count_nonzero((chunk == sign) & (inside == 0)))
            parity = int(inside[-1])
        else:
            scan.delimiters += int(np.count_nonzero(chunk == sign))
        near = (previous == sign) | (previous == 10) | (previous == mark)
        near |= (following == sign) | (following == 10) | (following == mark)
        scan.has_blanks |= bool((is_blank & near).any())
        before = int(chunk[-1])
    scan.is_regular &= parity == 0
    return scan


def read_regular(body: bytes, dialect: Dialect, width: int, scan: Scan) -> pl.DataFrame | None:
    """Return the columns as Polars reads them; None where a row may have more or fewer fields than there are columns.

    Polars refuses rows with more fields; so where the delimiters of all rows are as many as those of so many full
    rows, none has fewer.
    """
    import polars as pl

    if not scan.is_regular:
        return None
    if limit() is not None:  # Polars, refused memory for a thread of its readers, waits for ever
        return _row_by_row(body, dialect, width)
    try:
        frame = pl.read_csv(
            body,
            has_header=False,
            separator=dialect.sign,
            quote_char=dialect.quote if scan.has_quotes else None,
            schema=_types(body, dialect, width, scan),
            infer_schema=False,
        )
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if scan.delimiters != frame.height * (width - 1) or (width == 1 and frame.to_series().null_count()):
        return None
    return frame


def _types(body: bytes, dialect: Dialect, width: int, scan: Scan) -> dict[str, Any]:
    """Return the types of columns: those of a large text whose cells come again and again are categories.

    These are read as quickly, and are coded then.
    """
    import polars as pl

    types: dict[str, Any] = {f"{n}": pl.String for n in range(width)}
    if len(body) < LARGE or scan.has_blanks or scan.has_quotes:
        return types
    head = body[: body.rindex(b"\n", 0, HEAD)] if b"\n" in body[:HEAD] else b""
    rows = [fields for _, fields in dialect.records(io.StringIO(head.decode("utf-8", "replace")))]
    for n in range(width):
        cells = [fields[n] for fields in rows if n < len(fields)]
        if len(set(cells)) * OFTEN < len(cells):
            types[f"{n}"] = pl.Categorical
    return types


def _row_by_row(body: bytes, dialect: Dialect, width: int) -> pl.DataFrame | None:
    """Return the columns without a thread."""
    import polars as pl

    rows = [fields for _, fields in dialect.records(io.StringIO(body.decode("utf-8", "replace")))]
    if any(len(fields) != width for fields in rows):
        return None
    columns = zip(*rows, strict=True)
    cells = {f"{n}": [text or None for text in column] for n, column in enumerate(columns)}
    return pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))


@dataclass(frozen=True)
class Records(Sequence[list[str]]):
    """The rows of a text, without blank lines, by the places of their bytes; read when they are asked for.

    starts, ends: (N,) the places. delimiters: (N,) how many stand in a row. lines: (N,) its first line, from 0.
    after_blank: the rows that follow blank lines. blanks: how many of those there are.
    """

    body: bytes
    dialect: Dialect
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    delimiters: NDArray[np.int64]
    lines: NDArray[np.int64]
    after_blank: list[int]
    blanks: int

    @classmethod
    def of(cls, body: bytes, dialect: Dialect, has_quotes: bool, are_blanks_rows: bool) -> Records:
        """Return the rows of a text whose quotes are regular."""
        sign, mark = ord(dialect.sign), ord(dialect.quote) if has_quotes and dialect.quote else 256
        buffer: Any = np.frombuffer(body, np.uint8)
        ends: list[NDArray[np.int64]] = []
        sums: list[NDArray[np.int64]] = []  # of delimiters, of letters that are not blank, of line breaks
        totals, parity = np.zeros(3, np.int64), 0
        for start in range(0, len(body), CHUNK):
            chunk = buffer[start : start + CHUNK]
            outside: Any = True
            if has_quotes:
                inside = (np.cumsum(chunk == mark, dtype=np.uint8) + np.uint8(parity)) & 1
                outside, parity = inside == 0, int(inside[-1])
            what = np.stack([(chunk == sign) & outside, chunk > 32, chunk == 10])
            counts = np.cumsum(what, axis=1, dtype=np.int64) + totals[:, None]
            at = np.flatnonzero(what[2] & outside)
            ends.append(at + start)
            sums.append(counts[:, at])
            totals = counts[:, -1]
        ends.append(np.array([len(body)]))
        sums.append((totals + np.array([0, 0, 1]))[:, None])
        end, per_row = np.concatenate(ends), np.concatenate(sums, axis=1)
        begin = np.concatenate([[0], end[:-1] + 1])
        delimiters, letters, breaks = np.diff(per_row, axis=1, prepend=0)
        is_blank = (letters == 0) & (delimiters == 0) & (not are_blanks_rows)
        rows = np.flatnonzero(~is_blank)
        follows = np.concatenate([[False], is_blank[:-1]])[rows]
        lines = per_row[2] - breaks
        after = np.flatnonzero(follows).tolist()
        return cls(
            body, dialect, begin[rows], end[rows], delimiters[rows], lines[rows], after, int(is_blank.sum())
        )

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[str]]: ...
    def __getitem__(self, index: int | slice) -> list[str] | list[list[str]]:
        if isinstance(index, slice):
            return [self[n] for n in range(len(self))[index]]
        text = self.body[self.starts[index] : self.ends[index]].decode("utf-8", "replace")
        return next((fields for _, fields in self.dialect.records(io.StringIO(text + "\n"))), [""])

    def with_rows(self, changed: dict[int, list[str] | None]) -> bytes:
        """Return the text with some rows written anew, or left out, and without blank lines."""
        pieces: list[bytes] = []
        gaps = (np.flatnonzero(self.starts[1:] != self.ends[:-1] + 1) + 1).tolist()
        begin = 0
        for n in sorted({*gaps, *changed, len(self)}):
            if begin < n:
                pieces.append(self.body[self.starts[begin] : self.ends[n - 1]])
            begin = n
            if n in changed:
                fields = changed[n]
                if fields is not None:
                    pieces.append(self._written(fields))
                begin = n + 1
        return b"\n".join(pieces)

    def _written(self, fields: Iterable[str]) -> bytes:
        sign, quote = self.dialect.sign, self.dialect.quote
        if quote is None:
            return sign.join(fields).encode()
        line = io.StringIO()
        csv.writer(line, delimiter=sign, quotechar=quote, lineterminator="").writerow(fields)
        return line.getvalue().encode()
