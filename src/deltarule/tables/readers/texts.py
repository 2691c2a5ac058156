"""Text files to columns of text: by Polars where every row is regular, else row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.errors import DataError
from deltarule.memory import require
from deltarule.tables.readers.cleaning import cleaned
from deltarule.tables.readers.contents import refuse_foreign_text
from deltarule.tables.readers.decoding import decoded
from deltarule.tables.readers.dialects import Dialect, found
from deltarule.tables.readers.irregular import read_irregular
from deltarule.tables.readers.layout import Layout, layout
from deltarule.tables.readers.options import Read, Reading, cut, refuse_no_rows

if TYPE_CHECKING:
    import polars as pl

BYTES_A_BYTE, BYTES_A_FIELD = 2, 20
"""The least memory that a text's bytes and fields take while they are read."""
HEAD, FARTHEST = 2**18, 2**26
"""Bytes that are looked at: at first, and where they hold few lines."""
FEW_LINES = 20
CHUNK = 2**18
WIDE = 1000
BLANK_SIGNS = " \t\n\x0b\x0c\r\u00a0\u2007\u202f\u3000\ufeff"
_SOMETHING = re.compile(rb"\S")


def read_text(content: bytes, name: str, reading: Reading) -> Read:
    """Return the table in a text: columns of text without blanks at their ends, null where nothing stands.

    Raises
    ------
    DataError
        It is no text, or no table; the message names the row, counted from 1 below the header.
    """
    content, told = decoded(content, name, reading.encoding)
    if not _SOMETHING.search(content):
        raise DataError(f"{name} is empty; expected a table with a header line.")
    head = _head(content, name)
    refuse_foreign_text(head, name)
    dialect, said = found(head, reading)
    told += said
    content = dialect.set_apart(content)
    head = dialect.set_apart(head.encode()).decode()
    records = list(dialect.records(head.split("\n")))
    if head.lower().lstrip('"').startswith("sep="):
        del records[0]
    if len(head.encode()) < len(content) and len(records) > 2:
        del records[-1]  # which may be cut
    start = None
    if reading.skip is not None:
        start = next((n for n, (line, _) in enumerate(records) if line > reading.skip), len(records))
        start = next((n for n in range(start, len(records)) if any(records[n][1])), start)
    shape = layout([row for _, row in records], reading, name, start)
    told += shape.notices
    line = records[shape.first][0] if shape.first < len(records) else None
    if line is None:
        refuse_no_rows(0, name)
    offset = _offset(content, (line or 1) - 1)
    body = content[offset : _end(content)]
    refuse_no_rows(int(_SOMETHING.search(body) is not None), name)
    frame = _regular(body, dialect, shape, name)
    if frame is None:
        frame, said, has_line_breaks = read_irregular(body, dialect, shape, reading, name, (line or 1) - 1)
        told += said
        scan = _Scan(has_blanks=True, has_line_breaks=has_line_breaks, has_quotes=True)
    else:
        frame, scan = frame
    frame, said = _finished(frame, shape, reading, dialect, scan)
    refuse_no_rows(frame.height, name)
    return Read(frame, told + said)


def _head(content: bytes, name: str) -> str:
    """Return the first lines of a text."""
    size = HEAD
    while content.count(b"\n", 0, size) < FEW_LINES and size < min(len(content), FARTHEST):
        size *= 4
    head = content[:size]
    if len(head) < len(content):
        last = head.rfind(b"\n") + 1
        if len(content) - last > FARTHEST and content.find(b"\n", last, last + FARTHEST) < 0:
            line = content.count(b"\n", 0, last) + 1
            raise DataError(
                f"{name} has a line of more than {FARTHEST // 10**6:,} MB, line {line:,}; expected a "
                "table with a line a row, "
                "and line breaks between."
            )
        head = head[:last]
    return head.decode("utf-8", "replace")


def _end(content: bytes) -> int:
    """Return the place behind the last line that is not blank."""
    end = len(content)
    while end and content[end - 1] == 10:
        end -= 1
    return end


def _offset(content: bytes, lines: int) -> int:
    """Return the place at which a line begins, counted from 0."""
    offset = 0
    for _ in range(lines):
        offset = content.index(b"\n", offset) + 1
    return offset


class _Scan:
    """What a look at all bytes of a text found."""

    def __init__(
        self, has_blanks: bool = False, has_line_breaks: bool = False, has_quotes: bool = False
    ) -> None:
        self.delimiters = 0
        self.is_regular = True
        self.has_blanks, self.has_line_breaks, self.has_quotes = has_blanks, has_line_breaks, has_quotes


def _scanned(body: bytes, dialect: Dialect) -> _Scan:
    """Return how many delimiters stand outside of quotes, and whether quotes stand at the ends of fields alone."""
    sign, quote = ord(dialect.sign), dialect.quote
    scan = _Scan(has_blanks=not body.isascii())
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


def _regular(body: bytes, dialect: Dialect, shape: Layout, name: str) -> tuple[pl.DataFrame, _Scan] | None:
    """Return the columns as Polars reads them; None where a row may have more or fewer fields than there are names.

    Polars refuses rows with more fields; so where the delimiters of all rows are as many as those of so many full
    rows, none has fewer.
    """
    import polars as pl

    scan = _scanned(body, dialect)
    require(BYTES_A_BYTE * len(body) + BYTES_A_FIELD * scan.delimiters, f"the table {name}")
    if not scan.is_regular or (shape.header and len(shape.header) > shape.width):
        return None
    try:
        frame = pl.read_csv(
            body,
            has_header=False,
            separator=dialect.sign,
            quote_char=dialect.quote if scan.has_quotes else None,
            schema={f"{n}": pl.String for n in range(shape.width)},
            infer_schema=False,
        )
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if scan.delimiters != frame.height * (shape.width - 1):
        return None
    if shape.width == 1 and frame.to_series().null_count():
        return None
    return frame, scan


def _finished(
    frame: pl.DataFrame, shape: Layout, reading: Reading, dialect: Dialect, scan: _Scan
) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns under their names, without blanks around texts, and what is to be told of the rows."""
    import polars as pl

    told: list[str] = []
    frame.columns = shape.names
    if scan.has_line_breaks and reading.quote is None and frame.width > 1:
        told += _swallowed(frame, dialect)
    if scan.has_blanks:
        frame = _mapped(frame, pl.all().str.strip_chars(BLANK_SIGNS))
    if nothing := [*([""] if scan.has_blanks or scan.has_quotes else []), *reading.missing]:
        frame = _mapped(frame, pl.when(~pl.all().is_in(nothing)).then(pl.all()).name.keep())
    frame, said = cleaned(frame, shape, reading)
    return frame, told + said


def _mapped(frame: pl.DataFrame, expression: pl.Expr) -> pl.DataFrame:
    """Return what an expression makes of every column; of very many a part at a time, which Polars is faster at."""
    import polars as pl

    if frame.width <= WIDE:
        return frame.with_columns(expression)
    parts = [frame[:, n : n + WIDE].with_columns(expression) for n in range(0, frame.width, WIDE)]
    return pl.concat(parts, how="horizontal")


def _swallowed(frame: pl.DataFrame, dialect: Dialect) -> list[str]:
    """Tell of a cell that holds lines that look like rows, as where a quote was opened by mistake.

    Such a cell of column j begins with what its line lacks of a row, w - 1 - j delimiters, goes on with whole rows and ends
    with j delimiters.
    """
    last = frame.width - 1
    if last > WIDE // 10:
        return []
    sign = re.escape(dialect.sign)
    field = f"[^\n{sign}]*"
    for j, column in enumerate(frame.columns):
        begin, end = f"{field}(?:{sign}{field}){{{last - j}}}", f"{field}(?:{sign}{field}){{{j}}}"
        is_like_rows = frame[column].str.contains(
            f"^{begin}(?:\n{field}(?:{sign}{field}){{{last}}})*\n{end}$"
        )
        if is_like_rows.any():
            at = int(is_like_rows.arg_max() or 0)
            text = str(frame[column][at])
            return [
                f"row {at + 1:,} holds {text.count(chr(10)) + 1:,} lines in one cell of {column!r} that look like "
                f"rows ({cut(text)}): if a quote was opened by mistake, --quote none reads quotes as letters"
            ]
    return []
