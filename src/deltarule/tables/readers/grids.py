"""Rows of Python's values, as sheets and databases give them, to a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from deltarule.errors import DataError
from deltarule.tables.readers.cleaning import cleaned
from deltarule.tables.readers.layout import layout
from deltarule.tables.readers.options import Read, Reading, refuse_no_rows
from deltarule.tables.readers.values import column, plain, shown

LOOKED_AT = 500
"""Rows at the head by which the table's place and header are found."""


def _without_margins(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return the rows of a grid without columns in which nothing stands."""
    width = max(map(len, rows), default=0)
    is_full = [False] * width
    for row in rows:
        for n, value in enumerate(row):
            if value is not None and value != "":
                is_full[n] = True
    return [[value for value, is_kept in zip(row, is_full, strict=False) if is_kept] for row in rows]


def read_grid(rows: Sequence[Sequence[Any]], name: str, reading: Reading) -> Read:
    """Return the table in a grid of cells, None or "" where nothing stands; the header is found as in a text."""
    import polars as pl

    rows = _without_margins(rows)
    head = [[shown(value).strip() for value in row] for row in islice(rows, LOOKED_AT)]
    start = None
    if reading.skip is not None:
        start = next((n for n in range(min(reading.skip, len(head)), len(head)) if any(head[n])), len(head))
    shape = layout(head, reading, name, start)
    body = [row for row in rows[shape.first :] if any(value is not None and value != "" for value in row)]
    refuse_no_rows(len(body), name)
    width = shape.width
    columns = zip(*([*row, *[None] * (width - len(row))][:width] for row in body), strict=True)
    frame = pl.DataFrame([column(each, values) for each, values in zip(shape.names, columns, strict=True)])
    frame, told = cleaned(frame, shape, reading)
    frame, said = plain(frame, reading)
    if frame.width == 0:
        raise DataError(f"{name} has no column that a table may have.")
    return Read(frame, [*shape.notices, *told, *said])
