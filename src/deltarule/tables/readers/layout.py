"""Where a table begins among the first rows of a text or a sheet, how wide it is, and its header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from deltarule.errors import DataError
from deltarule.spelling import plural
from deltarule.tables.readers.cells import filled, is_rule, look
from deltarule.tables.readers.dialects import is_comment
from deltarule.tables.readers.header import judge, names_of, told_verdict
from deltarule.tables.readers.headings import Headings, headings
from deltarule.tables.readers.options import Reading, cut

TITLES = 100
"""Rows that may stand before a table."""


@dataclass(frozen=True)
class Layout:
    """names: of the columns. first: the place of the first row of data among the rows looked at.

    header: the cells of the header line, if there is one.
    """

    names: list[str]
    first: int
    header: list[str] | None
    notices: list[str]

    @property
    def has_row_names(self) -> bool:
        """Whether the rows have one field more than the header, as R writes it."""
        return self.header is not None and len(self.header) < len(self.names)

    @property
    def width(self) -> int:
        return len(self.names)


def layout(rows: Sequence[list[str]], reading: Reading, name: str, start: int | None = None) -> Layout:
    """Return where the table begins; `start` is told where looking shall not find it.

    >>> layout([["Sales"], [], ["shop", "sold"], ["a", "1"], ["b", "2"]], Reading(), "f.csv").names
    ['shop', 'sold']
    """
    told: list[str] = []
    if reading.header is None and all(is_comment(row[0]) for row in rows if filled(row)):
        raise DataError(f"{name} holds comments and no table (--header takes the first of them as names).")
    width, typical = _shape(rows[start or 0 :])
    if start is None:
        start, skipped = _start(rows, width, typical)
        if skipped:
            shown = ", ".join(cut(",".join(row).rstrip(",") or "", 40) for row in skipped[:2])
            told.append(
                f"{plural(len(skipped), 'line')} before the table left out ({shown}"
                f"{', ...' if len(skipped) > 2 else ''}; --skip 0 --no-header keeps them as rows)"
            )
    if start >= len(rows):
        raise DataError(f"{name} has no rows after the first {plural(start, 'line')}; skip fewer (--skip).")
    first = rows[start]
    cells, under = _uncommented(first), Headings(first)
    if reading.header is not False and reading.ragged != "fill":
        rest = rows[start + 1 :]
        bare = cells if len(cells) == width else first
        header = _aligned(bare, rest, width)
        under = headings(header, rest, start)
        if len(header) > len(bare) and not under.names[0]:
            under.names = bare if under.names == header else under.names[1:]
    body = [row for row in rows[start + 1 + under.used :] if filled(row) and not is_rule(row)]
    verdict = judge(_aligned(cells, body, width), body, reading.names)
    if cells != first:
        if len(cells) == width and verdict.is_header:
            told.append(
                f"the comment {cut(','.join(first))} is taken as the header (--no-header takes it as a row)"
            )
        else:
            cells = first
    is_header = verdict.is_header if reading.header is None else reading.header
    told += told_verdict(verdict, cells, reading.header is not None or (not body and is_header))
    if not is_header:
        return Layout([f"x{n}" for n in range(1, max(width, len(first)) + 1)], start, None, told)
    if under.used:
        cells, told = under.names, told + under.notices
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) < width and body and not any(cell.strip() for row in body for cell in row[len(cells) :]):
        cells = [*cells, *[""] * (width - len(cells))]
    names, said = names_of(cells, width, name, _have_names(cells, body, width))
    return Layout(names, start + 1 + under.used, cells, told + said)


def _shape(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    """Return how many fields most rows have, and in how many of them something stands."""
    body = [row for row in rows if filled(row)]
    first, body = len(body[0]) if body else 0, body[1:] or body
    body = [row for row in body if len(row) > 1] or body  # others are titles, notes and sums
    if not body:
        return 0, 0.0
    widths = Counter(map(len, body))
    width = max(widths, key=lambda each: (widths[each], each == first, each))
    counts = sorted(filled(row) for row in body if len(row) == width)
    return width, counts[len(counts) // 2]


def _start(rows: Sequence[list[str]], width: int, typical: float) -> tuple[int, list[list[str]]]:
    """Return the place of the table's first row, and the rows before it that are not blank."""
    last = min(len(rows) - 1, TITLES)
    n = 0
    while n < last and (not filled(rows[n]) or _is_before(rows, n, width, typical)):
        n += 1
    if n == TITLES:  # nothing tells where
        n = next(n for n, row in enumerate(rows) if filled(row))
    return n, [row for row in rows[:n] if filled(row)]


def _is_before(rows: Sequence[list[str]], n: int, width: int, typical: float) -> bool:
    """Return whether a row is a comment or a title before the table."""
    row = rows[n]
    following = [each for each in rows[n + 1 :] if filled(each)]
    if not following:
        return False
    is_header_next = len(following) > 1 and judge(following[0], following[1:]).is_header
    if is_comment(row[0]):
        cells = _uncommented(row)
        is_header = len(cells) == width and judge(cells, following).is_header
        return is_header_next or not is_header
    if width < 2 or typical < 2:
        return False
    if len(row) == 1 and width == 2:  # a title, or R's header of one name
        return len(following[0]) == 1 or is_header_next
    if len(row) == 1 or filled(row) == 1:
        return filled(row) == 1 and bool(row[0].strip()) and look(row[0]) == "text"
    at = next((m for m, each in enumerate(following) if _extent(each) >= width - 1), None)
    if at is None or _extent(row) >= width - 1:
        return False
    header, *body = following[at:]
    is_whole = filled(header) == _extent(header)  # or else the row may be the upper line of a header
    return bool(body) and is_whole and _has_text(header) and judge(header, body).is_header


def _extent(row: Sequence[str]) -> int:
    """Return how many cells a row has up to the last in which something stands."""
    return max((n for n, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _has_text(row: Sequence[str]) -> bool:
    return any(look(cell) == "text" for cell in row)


def _uncommented(row: list[str]) -> list[str]:
    """Return a row without the sign of comments before it."""
    if not row or not is_comment(row[0]):
        return row
    bare = row[0].lstrip().lstrip("#/%!-").strip()
    return [bare, *row[1:]] if bare else row[1:]


def _have_names(cells: Sequence[str], body: Sequence[list[str]], width: int) -> bool:
    """Return whether the rows have one field more than the header, and it names each of them, as R writes it."""
    names = [row[0] for row in body if len(row) == width and row[-1].strip()]
    return len(cells) == width - 1 and bool(names) and len(set(names)) == len(names)


def _aligned(cells: list[str], body: Sequence[list[str]], width: int) -> list[str]:
    """Return a header over its columns: with a place for the rows' names where it has one name fewer."""
    return ["", *cells] if _have_names(cells, body, width) else cells
