"""What a table has that is none of it: its header again, empty rows at its end, empty columns without a name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.spelling import plural
from deltarule.tables.readers.cells import column_look, is_rule
from deltarule.tables.readers.layout import Layout
from deltarule.tables.readers.options import Read, Reading, cut

if TYPE_CHECKING:
    import polars as pl


SAMPLE = 1000
_LINE = r"^[-=_:+─━═]+$"
TOTALS = frozenset({
    "total", "totals", "grand total", "sum", "summe", "gesamt", "total general", "totale", "average", "mean",
})  # fmt: skip


def cleaned(read: Read, shape: Layout, reading: Reading) -> Read:
    """Return a table without what is none of it, which is told."""
    for clean in (_without_rules, _without_headers, _without_empty_rows, _without_empty_columns):
        read = clean(read, shape, reading)
    frame = read.frame
    if frame.height > 2 and (total := _total(frame)):
        if reading.ragged == "skip":
            frame = frame.head(frame.height - 1)
            return _having(read, frame, f"the last row left out, a total ({cut(total)})")
        return _having(
            read, frame, f"the last row looks like a total ({cut(total)}; --ragged skip leaves it out)"
        )
    return read


def _having(read: Read, frame: pl.DataFrame, said: str) -> Read:
    return replace(read, frame=frame, notices=[*read.notices, said])


def _without(read: Read, rows: list[int], said: str) -> Read:
    """Return a table without some of its rows, which is told."""
    import polars as pl

    is_kept = np.ones(read.frame.height, bool)
    is_kept[rows] = False
    kept = _having(read, read.frame.filter(pl.Series(is_kept)), said)
    return replace(kept, numbering=read.numbering.having(is_kept))


def _without_rules(read: Read, _: Layout, reading: Reading) -> Read:
    """Return a table without the lines that are drawn between its rows."""
    frame = read.frame
    if reading.ragged == "fill" or frame.width < 2 or any(dtype.is_numeric() for dtype in frame.dtypes):
        return read
    texts = [each for each, dtype in frame.schema.items() if _is_text(dtype)]
    rows = _drawn(frame[texts[0]]).arg_true().to_numpy() if texts else np.arange(frame.height)
    for each in texts[1:]:
        if not len(rows):
            return read
        rows = rows[_drawn(frame[each][rows]).to_numpy()]
    rows = [n for n in rows.tolist() if is_rule([str(cell or "") for cell in frame.row(n)])]
    if not rows:
        return read
    first = read.numbering.name(rows[0])
    return _without(
        read,
        rows,
        f"{plural(len(rows), 'row')} of dashes left out, first {first}; --ragged fill keeps such rows",
    )


def _is_text(dtype: pl.DataType) -> bool:
    """Return whether cells of a type are texts."""
    import polars as pl

    return dtype == pl.String or dtype == pl.Categorical


def _drawn(column: pl.Series) -> pl.Series:
    """Return in which cells nothing stands but dashes and the like."""
    import polars as pl

    if column.dtype != pl.Categorical:
        return column.is_null() | column.str.contains(_LINE)
    lines = [text for text in column.unique().cast(pl.String).drop_nulls() if re.match(_LINE, text)]
    return column.is_null() | column.cast(pl.String).is_in(lines) if lines else column.is_null()


def _without_headers(read: Read, shape: Layout, reading: Reading) -> Read:
    import polars as pl

    frame = read.frame
    names = frame.columns[frame.width - len(shape.header or []) :]
    header = {
        name: cell.strip() for name, cell in zip(names, shape.header or [], strict=True) if cell.strip()
    }
    if len(header) < 2:
        return read
    rows: Any = slice(None)  # all
    for name, cell in header.items():
        column = frame[name]
        if not _is_text(column.dtype):
            return read
        is_name = (column[rows] == cell).fill_null(False).to_numpy()
        rows = np.arange(frame.height)[rows][is_name]
        if not len(rows):
            return read
    first = f"first {read.numbering.name(int(rows[0]))}"
    others = frame.head(SAMPLE).filter(~pl.int_range(pl.len()).is_in(rows.tolist()))
    if all(column_look(others[name].cast(pl.String).drop_nulls()) in ("text", "missing") for name in header):
        said = f"{plural(len(rows), 'row')} like the header, {first}"
        if reading.ragged != "skip":
            return _having(read, frame, f"{said}; --ragged skip leaves such rows out")
    said = f"{plural(len(rows), 'row')} left out: the header again, {first}; --no-header keeps such rows"
    return _without(read, rows.tolist(), said)


def _without_empty_rows(read: Read, _: Layout, reading: Reading) -> Read:
    frame, last = read.frame, 0
    while reading.ragged != "fill" and last < frame.height - 1 and frame[frame.height - 1 - last, 0] is None:
        if any(value is not None for value in frame.row(frame.height - 1 - last)):
            break
        last += 1
    if not last:
        return read
    said = f"{plural(last, 'empty row')} at the end left out (--ragged fill keeps them)"
    return _having(read, frame.head(frame.height - last), said)


def _without_empty_columns(read: Read, shape: Layout, _: Reading) -> Read:
    """Return a table without columns of neither name nor values, and what is to be told of those without a name."""
    if shape.header is None:
        return read
    frame = read.frame
    cells = [""] * (frame.width - len(shape.header)) + [cell.strip() for cell in shape.header]
    unnamed = [each for each, cell in zip(frame.columns, cells, strict=True) if not cell]
    empty = [each for each in unnamed if frame[each].null_count() == frame.height]
    told = list(read.notices)
    if empty and len(empty) < frame.width:
        frame = frame.drop(empty)
        told.append(f"{plural(len(empty), 'column')} with neither name nor values left out")
    kept = [each for each in unnamed[shape.has_row_names :] if each in frame.columns]
    if kept:
        shown = ", ".join(kept[:3]) + (", ..." if len(kept) > 3 else "")
        told.append(f"the header has no name for {plural(len(kept), 'column')}: called {shown}")
    return replace(read, frame=frame, notices=told)


def _total(frame: pl.DataFrame) -> str:
    """Return the word of the last row that sums up, if there is one."""
    for value in frame.row(-1)[:3]:
        if isinstance(value, str) and value.strip(" :.").lower() in TOTALS:
            column = next(each for each in frame.columns if frame[each][-1] == value)
            return value if int((frame[column] == value).sum()) == 1 else ""
    return ""
