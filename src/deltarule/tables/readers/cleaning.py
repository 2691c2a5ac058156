"""What a table has that is none of it: its header again, empty rows at its end, empty columns without a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.spelling import plural
from deltarule.tables.readers.cells import column_look, is_rule
from deltarule.tables.readers.layout import Layout
from deltarule.tables.readers.options import Reading, cut

if TYPE_CHECKING:
    import polars as pl


SAMPLE = 1000
_LINE = r"^[-=_:+─━═]+$"
TOTALS = frozenset({
    "total", "totals", "grand total", "sum", "summe", "gesamt", "total general", "totale", "average", "mean",
})  # fmt: skip


def cleaned(frame: pl.DataFrame, shape: Layout, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    """Return a table without what is none of it, and what is to be told of that."""
    told: list[str] = []
    for clean in (_without_rules, _without_headers, _without_empty_rows, _without_empty_columns):
        frame, said = clean(frame, shape, reading)
        told += said
    if frame.height > 2 and (total := _total(frame)):
        if reading.ragged == "skip":
            frame = frame.head(frame.height - 1)
            told.append(f"the last row left out, a total ({cut(total)})")
        else:
            told.append(f"the last row looks like a total ({cut(total)}; --ragged skip leaves it out)")
    return frame, told


def _without_rules(frame: pl.DataFrame, _: Layout, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    """Return a table without the lines that are drawn between its rows."""
    import polars as pl

    if reading.ragged == "fill" or frame.width < 2 or any(dtype.is_numeric() for dtype in frame.dtypes):
        return frame, []
    texts = [each for each, dtype in frame.schema.items() if dtype == pl.String or dtype == pl.Categorical]
    rows = _drawn(frame[texts[0]]).arg_true().to_numpy() if texts else np.arange(frame.height)
    for each in texts[1:]:
        if not len(rows):
            return frame, []
        rows = rows[_drawn(frame[each][rows]).to_numpy()]
    rows = [n for n in rows.tolist() if is_rule([str(cell or "") for cell in frame.row(n)])]
    if not rows:
        return frame, []
    is_kept = np.ones(frame.height, bool)
    is_kept[rows] = False
    said = f"{plural(len(rows), 'row')} of dashes left out, first row {rows[0] + 1:,} (--ragged fill keeps such rows)"
    return frame.filter(pl.Series(is_kept)), [said]


def _drawn(column: pl.Series) -> pl.Series:
    """Return in which cells nothing stands but dashes and the like."""
    import polars as pl

    if column.dtype != pl.Categorical:
        return column.is_null() | column.str.contains(_LINE)
    lines = [text for text in column.unique().cast(pl.String).drop_nulls() if re.match(_LINE, text)]
    return column.is_null() | column.cast(pl.String).is_in(lines) if lines else column.is_null()


def _without_headers(frame: pl.DataFrame, shape: Layout, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    import polars as pl

    names = frame.columns[frame.width - len(shape.header or []) :]
    header = {
        name: cell.strip() for name, cell in zip(names, shape.header or [], strict=True) if cell.strip()
    }
    if len(header) < 2:
        return frame, []
    rows: Any = slice(None)  # all
    for name, cell in header.items():
        column = frame[name]
        if not (column.dtype == pl.String or column.dtype == pl.Categorical):
            return frame, []
        is_name = (column[rows] == cell).fill_null(False).to_numpy()
        rows = np.arange(frame.height)[rows][is_name]
        if not len(rows):
            return frame, []
    is_kept = np.ones(frame.height, bool)
    is_kept[rows] = False
    first = f"first row {rows[0] + 1:,}"
    others = frame.head(SAMPLE).filter(pl.Series(is_kept[:SAMPLE]))
    if all(column_look(others[name].cast(pl.String).drop_nulls()) in ("text", "missing") for name in header):
        said = f"{plural(len(rows), 'row')} like the header, {first}"
        if reading.ragged != "skip":
            return frame, [f"{said} (--ragged skip leaves such rows out)"]
    said = f"{plural(len(rows), 'row')} left out: the header again, {first} (--no-header keeps such rows)"
    return frame.filter(pl.Series(is_kept)), [said]


def _without_empty_rows(frame: pl.DataFrame, _: Layout, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    last = 0
    while reading.ragged != "fill" and last < frame.height - 1 and frame[frame.height - 1 - last, 0] is None:
        if any(value is not None for value in frame.row(frame.height - 1 - last)):
            break
        last += 1
    if not last:
        return frame, []
    return frame.head(frame.height - last), [
        f"{plural(last, 'empty row')} at the end left out (--ragged fill keeps them)"
    ]


def _without_empty_columns(frame: pl.DataFrame, shape: Layout, _: Reading) -> tuple[pl.DataFrame, list[str]]:
    """Return a table without columns of neither name nor values, and what is to be told of those without a name."""
    if shape.header is None:
        return frame, []
    cells = [""] * (frame.width - len(shape.header)) + [cell.strip() for cell in shape.header]
    unnamed = [each for each, cell in zip(frame.columns, cells, strict=True) if not cell]
    empty = [each for each in unnamed if frame[each].null_count() == frame.height]
    told: list[str] = []
    if empty and len(empty) < frame.width:
        frame = frame.drop(empty)
        told.append(f"{plural(len(empty), 'column')} with neither name nor values left out")
    kept = [each for each in unnamed[shape.has_row_names :] if each in frame.columns]
    if kept:
        shown = ", ".join(kept[:3]) + (", ..." if len(kept) > 3 else "")
        told.append(f"the header has no name for {plural(len(kept), 'column')}: called {shown}")
    return frame, told


def _total(frame: pl.DataFrame) -> str:
    """Return the word of the last row that sums up, if there is one."""
    for value in frame.row(-1)[:3]:
        if isinstance(value, str) and value.strip(" :.").lower() in TOTALS:
            column = next(each for each in frame.columns if frame[each][-1] == value)
            return value if int((frame[column] == value).sum()) == 1 else ""
    return ""
