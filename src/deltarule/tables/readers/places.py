"""Texts whose columns stand at fixed places: found by the places that nearly all lines leave blank."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from deltarule.tables.readers.cells import column_look

FEWEST = 3
RARE = 0.1
"""Share of lines up to which what stands at a place is no column's: titles, notes, longer texts."""
_GAP = re.compile(r"\S\s{2,}\S")


def places_of(lines: Sequence[str]) -> tuple[int, ...]:
    """Return the places at which columns begin, from 0; none where there are none.

    A column has a name in the first line; what has none belongs to the column before it.

    >>> places_of(["town      n", "New York  5", "Oslo     12"])
    (0, 9)
    """
    if len(lines) < FEWEST or any("\t" in line for line in lines):
        return ()
    size = max(map(len, lines))
    filled = np.zeros(size, np.int64)
    for line in lines:
        filled[: len(line)] += [not letter.isspace() for letter in line]
    header = lines[0].ljust(size)
    is_column = filled > RARE * len(lines)
    is_column |= [not letter.isspace() for letter in header]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_column, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    starts = tuple(begin for begin, end in pairs if header[begin:end].strip())
    rows = [row for row in (cut_at(line, starts) for line in lines) if row is not None]
    if len(starts) < 2 or not header[: starts[0] + 1].strip() or len(rows) < (1 - RARE) * len(lines):
        return ()
    columns = list(zip(*rows[1:], strict=True))
    has_numbers = any(column_look(column) in ("number", "date") for column in columns)
    return starts if has_numbers and all(any(column) for column in columns) else ()


def cut_at(line: str, starts: Sequence[int]) -> list[str] | None:
    """Return the cells of a line; None where one goes over the next column's place, or two stand in one.

    >>> cut_at("New York  5", (0, 9)), cut_at("Source: the office", (0, 9))
    (['New York', '5'], None)
    """
    if any(line[at - 1 : at].strip() for at in starts[1:]):
        return None
    cells = [line[begin:end].strip() for begin, end in zip(starts, [*starts[1:], None], strict=False)]
    return None if any(map(_GAP.search, cells)) else cells
