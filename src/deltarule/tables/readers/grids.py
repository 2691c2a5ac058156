"""Rows of Python's values, as sheets and databases give them, to a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any

from deltarule.errors import DataError
from deltarule.spelling import plural
from deltarule.tables.readers.cleaning import cleaned
from deltarule.tables.readers.irregular import footers_of, refuse_second_table
from deltarule.tables.readers.layout import Layout, layout
from deltarule.tables.readers.options import Read, Reading, refuse_no_rows
from deltarule.tables.readers.singly import Odd
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


def _rows(
    rows: Sequence[Sequence[Any]], shape: Layout, reading: Reading, name: str
) -> tuple[list[Sequence[Any]], list[str]]:
    """Return the rows in which something stands, without notes after the table, and what is to be told of these.

    Raises
    ------
    DataError
        Another table follows after an empty row.
    """
    places = [n for n, row in enumerate(rows) if any(value is not None and value != "" for value in row)]
    body = [rows[n] for n in places]
    after_blank = [n for n, (a, b) in enumerate(pairwise(places), start=1) if b > a + 1]
    if not after_blank or reading.ragged == "fill":
        return body, []
    texts = [[shown(value).strip() for value in row] for row in body]
    odd: list[Odd] = []
    for n in range(after_blank[0], len(texts)):
        fields = texts[n][: max((k for k, cell in enumerate(texts[n], start=1) if cell), default=0)]
        if len(fields) < shape.width:
            odd.append(Odd(n, shape.first + places[n] + 1, fields, n in after_blank))
    if reading.ragged is None:
        refuse_second_table(texts, odd, after_blank, shape, name)
    notes = footers_of(odd, [], len(body), shape.width)
    if not notes:
        return body, []
    left_out = {each.row for each in notes}
    told = (
        f"{plural(len(notes), 'note')} after the table left out, first row {notes[0].line:,} of the sheet "
        f"({notes[0].shown(', ')}; --ragged fill keeps such rows)"
    )
    return [row for n, row in enumerate(body) if n not in left_out], [told]


def read_grid(rows: Sequence[Sequence[Any]], name: str, reading: Reading) -> Read:
    """Return the table in a grid of cells, None or "" where nothing stands; the header is found as in a text."""
    import polars as pl

    rows = _without_margins(rows)
    head = [[shown(value).strip() for value in row] for row in islice(rows, LOOKED_AT)]
    start = None
    if reading.skip is not None:
        start = next((n for n in range(min(reading.skip, len(head)), len(head)) if any(head[n])), len(head))
    shape = layout(head, reading, name, start)
    body, noted = _rows(rows[shape.first :], shape, reading, name)
    refuse_no_rows(len(body), name)
    width = shape.width
    columns = zip(*([*row, *[None] * (width - len(row))][:width] for row in body), strict=True)
    frame = pl.DataFrame([column(each, values) for each, values in zip(shape.names, columns, strict=True)])
    read = cleaned(Read(frame, [*shape.notices, *noted]), shape, reading)
    frame, said = plain(read.frame, reading)
    if frame.width == 0:
        raise DataError(f"{name} has no column that a table may have.")
    return Read(frame, [*read.notices, *said])
