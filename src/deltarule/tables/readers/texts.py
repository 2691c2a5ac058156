"""Text files to columns of text: by Polars where every row is regular, else row by row."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from deltarule.errors import DataError
from deltarule.memory import require
from deltarule.spelling import plural
from deltarule.tables.numbering import Numbering
from deltarule.tables.readers.cleaning import cleaned
from deltarule.tables.readers.contents import refuse_foreign_text, refuse_merge
from deltarule.tables.readers.decoding import decoded
from deltarule.tables.readers.dialects import Dialect, found
from deltarule.tables.readers.irregular import read_irregular
from deltarule.tables.readers.layout import Layout, layout
from deltarule.tables.readers.options import Read, Reading, cut, refuse_no_rows
from deltarule.tables.readers.quoting import unescaped, unwrapped
from deltarule.tables.readers.regular import Records, Scan, read_regular, scanned

if TYPE_CHECKING:
    import polars as pl

BYTES_A_BYTE, BYTES_A_FIELD = 2, 20
"""The least memory that a text's bytes and fields take while they are read."""
HEAD, FARTHEST = 2**18, 2**26
"""Bytes that are looked at: at first, and where they hold few lines."""
FEW_LINES = 20
WIDE = 1000
BLANK_SIGNS = " \t\n\x0b\x0c\r\u00a0\u2007\u202f\u3000\ufeff"
_SOMETHING = re.compile(rb"\S")


def read_text(content: bytes, name: str, reading: Reading) -> Read:
    """Return the table in a text: columns of text without blanks at their ends, null where nothing stands.

    Raises
    ------
    DataError
        It is no text, or no table; the message names the row, counted from 1 below the header, and the line.
    """
    content, told = decoded(content, name, reading.encoding)
    if not _SOMETHING.search(content):
        raise DataError(f"{name} is empty; expected a table with a header line.")
    head = _head(content, name)
    refuse_foreign_text(head, name)
    content, said = unwrapped(content, head, reading)
    head = _head(content, name) if said else head
    dialect, said_of_it = found(head, reading)
    content, escapes = unescaped(content, dialect)
    head = _head(content, name) if escapes else head
    told += said + said_of_it + escapes
    content = dialect.set_apart(content)
    head = dialect.set_apart(head.encode()).decode()
    records = list(dialect.records(io.StringIO(head)))
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
    if shape.first >= len(records):
        refuse_no_rows(0, name)
    first_line = records[shape.first][0]
    offset = _offset(content, first_line - 1)
    body = content[offset : _end(content)]
    refuse_no_rows(int(_SOMETHING.search(body) is not None), name)
    scan = scanned(body, dialect)
    require(BYTES_A_BYTE * len(body) + BYTES_A_FIELD * scan.delimiters, f"the table {name}")
    is_whole = not shape.header or len(shape.header) <= shape.width
    frame, lines = read_regular(body, dialect, shape.width, scan) if is_whole else None, first_line
    if frame is None:
        refuse_merge(content, name)
        frame, lines, said = read_irregular(body, dialect, shape, reading, name, first_line - 1, scan)
        told += said
        scan.has_blanks = scan.has_quotes = True  # as far as is known
    elif scan.has_line_breaks:
        lines = Records.of(body, dialect, scan.has_quotes, are_blanks_rows=False).lines + first_line
    read = _finished(Read(frame, told, Numbering(lines)), shape, reading, dialect, scan)
    refuse_no_rows(read.frame.height, name)
    return read


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


def _finished(read: Read, shape: Layout, reading: Reading, dialect: Dialect, scan: Scan) -> Read:
    """Return the columns under their names, without blanks around texts, and what is to be told of the rows."""
    import polars as pl

    frame, told = read.frame, list(read.notices)
    frame.columns = shape.names
    if scan.has_line_breaks and reading.quote is None and frame.width > 1:
        told += _swallowed(frame, dialect, read.numbering)
    if scan.has_blanks:
        frame = _mapped(frame, pl.all().str.strip_chars(BLANK_SIGNS))
    if nothing := [*([""] if scan.has_blanks or scan.has_quotes else []), *reading.missing]:
        frame = _mapped(frame, pl.when(~pl.all().is_in(nothing)).then(pl.all()).name.keep())
    return cleaned(Read(frame, told, read.numbering), shape, reading)


def _mapped(frame: pl.DataFrame, expression: pl.Expr) -> pl.DataFrame:
    """Return what an expression makes of every column; of very many a part at a time, which Polars is faster at."""
    import polars as pl

    if frame.width <= WIDE:
        return frame.with_columns(expression)
    parts = [frame[:, n : n + WIDE].with_columns(expression) for n in range(0, frame.width, WIDE)]
    return pl.concat(parts, how="horizontal")


def _swallowed(frame: pl.DataFrame, dialect: Dialect, numbering: Numbering) -> list[str]:
    """Tell of a cell that holds lines that look like rows, as where a quote was opened by mistake.

    Such a cell of column j begins with what its line lacks of a row, w - 1 - j delimiters, goes on with whole rows
    and ends with j delimiters.
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
                f"{numbering.name(at)} holds {plural(text.count(chr(10)) + 1, 'line')} in one cell of {column!r} that "
                f"look like rows ({cut(text)}): if a quote was opened by mistake, --quote none reads quotes as letters"
            ]
    return []
