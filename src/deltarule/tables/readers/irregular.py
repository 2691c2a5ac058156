"""Texts whose rows differ in length, or whose quotes do not stand at the ends of fields: read row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.memory import require
from deltarule.spelling import plural
from deltarule.tables.readers.cells import column_look, filled, look
from deltarule.tables.readers.dialects import USUAL, Dialect, is_comment
from deltarule.tables.readers.layout import Layout
from deltarule.tables.readers.options import Reading, cut
from deltarule.tables.readers.regular import Records, Scan, read_regular, scanned
from deltarule.tables.readers.singly import Odd, Rows, closed_rows

if TYPE_CHECKING:
    import polars as pl

BYTES_A_FIELD = 70
"""The least memory that a field takes as an object of Python's, and again as a text of Polars'."""
SAMPLE, MOST_TABLES = 200, 50


def read_irregular(
    body: bytes, dialect: Dialect, shape: Layout, reading: Reading, name: str, lines_before: int, scan: Scan
) -> tuple[pl.DataFrame, NDArray[np.int64], list[str]]:
    """Return the columns as text, the line of every row, and what is to be told of rows that were mended or left out.

    Rows that are too short end in missing values; the surplus of those that are too long must be empty.

    Raises
    ------
    DataError
        A row is too long, a quote is not closed, or a second table begins.
    """
    import polars as pl

    width = shape.width
    if scan.is_regular:
        are_blanks_rows = width == 1 and reading.ragged == "fill"
        records = Records.of(body, dialect, scan.has_quotes, are_blanks_rows)
        told, changed = _mended(records, _odd_of(records, width, lines_before), shape, reading, name)
        mended = records.with_rows(changed)
        frame = read_regular(mended, dialect, width, scanned(mended, dialect))
        if frame is not None:
            return frame, np.delete(records.lines, _left_out(changed)) + 1 + lines_before, told
    require(len(body) + BYTES_A_FIELD * (scan.delimiters + body.count(b"\n")), f"the table {name}")
    rows, odd, open_ = closed_rows(body, dialect, width, reading, name, lines_before)
    scan.has_line_breaks |= body.count(b"\n") + 1 > len(rows) + rows.blanks
    told, changed = _mended(rows, odd, shape, reading, name)
    told += open_
    for n, fields in changed.items():
        rows[n] = fields or []
    columns = zip(*filter(None, rows), strict=True)
    frame = pl.DataFrame([pl.Series(f"{n}", column, pl.String) for n, column in enumerate(columns)])
    return frame, np.delete(rows.lines, _left_out(changed)), told


def _left_out(changed: dict[int, list[str] | None]) -> list[int]:
    return [n for n, fields in changed.items() if fields is None]


def _of_width(fields: list[str], width: int) -> list[str]:
    return [*fields, *[""] * (width - len(fields))][:width]


def _odd_of(records: Records, width: int, lines_before: int) -> list[Odd]:
    """Return the rows with more or fewer fields than there are columns."""
    after_blank = set(records.after_blank)
    return [
        Odd(n, int(records.lines[n]) + 1 + lines_before, records[n], n in after_blank)
        for n in np.flatnonzero(records.delimiters != width - 1).tolist()
    ]


def _mended(
    rows: Records | Rows, odd: list[Odd], shape: Layout, reading: Reading, name: str
) -> tuple[list[str], dict[int, list[str] | None]]:
    """Return what is to be told of odd rows, and what each of them becomes, None where it is left out."""
    if reading.ragged == "refuse" and odd:
        raise _too_many_or_few(odd[0], shape.width, rows.dialect, name)
    if reading.ragged is None:
        refuse_second_table(rows, odd, rows.after_blank, shape, name)
    told = _headers_again(odd, shape)
    told += _sorted_out(
        [each for each in odd if each.is_wanted], len(rows), shape.width, rows.dialect, reading, name
    )
    if shape.width == 1 and rows.blanks:
        told.append(
            f"{plural(rows.blanks, 'blank line')} left out (--ragged fill keeps them as missing values)"
        )
    width = shape.width
    return told, {each.row: _of_width(each.fields, width) if each.is_wanted else None for each in odd}


def refuse_second_table(
    rows: Sequence[list[str]], odd: Sequence[Odd], after_blank: Sequence[int], shape: Layout, name: str
) -> None:
    """Raise a DataError where another header follows a blank line."""
    if len(after_blank) > MOST_TABLES:  # blank lines set nothing apart here
        return
    by_row = {each.row: each for each in odd}
    seen = max(5, SAMPLE * 100 // max(shape.width, 100))
    for place, start in enumerate(after_blank):
        end = after_blank[place + 1] if place + 1 < len(after_blank) else len(rows)
        widths = {len(by_row[n].fields) if n in by_row else shape.width for n in range(start, end)}
        is_other = end - start > 1 and len(widths) == 1 and widths.pop() not in (1, shape.width)
        if not is_other and start not in by_row and rows[start] != shape.header:
            above = [_of_width(row, shape.width) for row in rows[max(start - seen, 0) : start]]
            numeric = [
                n for n in range(shape.width) if column_look(row[n] for row in above) in ("number", "date")
            ]
            is_other = bool(numeric) and all(look(rows[start][n]) == "text" for n in numeric)
        if is_other:
            fields = by_row[start].fields if start in by_row else rows[start]
            line = _line_of(start, rows, by_row)
            raise DataError(
                f"{name} holds two tables: after {plural(start, 'row')} and a blank line another begins "
                f"({cut(','.join(fields))}"
                f"{f', line {line:,}' if line else ''}); put each into a file of its own "
                "(--ragged fill reads all as one)."
            )


def _line_of(row: int, rows: Sequence[list[str]], by_row: dict[int, Odd]) -> int:
    return by_row[row].line if row in by_row else 0


def _headers_again(odd: Sequence[Odd], shape: Layout) -> list[str]:
    """Mark the odd rows that are the header again, and return what is to be told of them."""
    header = [cell.strip() for cell in shape.header or [] if cell.strip()]
    again = [each for each in odd if [cell.strip() for cell in each.fields if cell.strip()] == header]
    for each in again:
        each.is_wanted = False
    if not again:
        return []
    first = f"first line {again[0].line:,}"
    return [f"{plural(len(again), 'row')} left out: the header again, {first} (--no-header keeps such rows)"]


def _sorted_out(
    odd: Sequence[Odd], height: int, width: int, dialect: Dialect, reading: Reading, name: str
) -> list[str]:
    """Mark the odd rows that are left out, and return what is to be told of all of them."""
    sign = dialect.shown_sign
    comments = [each for each in odd if is_comment(each.fields[0]) and len(each.fields) < max(width, 2)]
    if reading.ragged == "fill":
        comments = []
    rest = [each for each in odd if each not in comments]
    _refuse_other_delimiter(rest, width, dialect, reading, name)
    footers = [] if reading.ragged is not None else footers_of(rest, comments, height, width)
    rest = [each for each in rest if each not in footers]
    long = [each for each in rest if len(each.fields) > width]
    surplus = [each for each in long if not filled(each.fields[width:])]
    long = [each for each in long if each not in surplus]
    if long and reading.ragged is None:
        raise _too_many_or_few(long[0], width, dialect, name)
    short = [each for each in rest if len(each.fields) < width]
    if short and sign == " " and reading.ragged is None:  # which of its fields it lacks, nobody knows
        raise _too_many_or_few(short[0], width, dialect, name)
    for each in short:
        if "\n" in each.fields[-1] and dialect.quote:
            raise DataError(
                f"{name}: {each} ends within a text of "
                f"{plural(each.fields[-1].count(chr(10)) + 1, 'line')}, {each.shown(sign)}: a quote is opened "
                "or closed by mistake; mend "
                "it, or read quotes as letters (--quote none)."
            )
    told: list[str] = []
    groups = [(comments, "comment"), (footers, "note after the table")]
    if reading.ragged == "skip":
        groups.append((short + long, "row of another length"))
    for group, what in groups:
        for each in group:
            each.is_wanted = False
        if group:
            what = what if len(group) == 1 else what.replace(what.split()[0], what.split()[0] + "s", 1)
            told.append(
                f"{len(group):,} {what} left out, first line {group[0].line:,} "
                f"({group[0].shown(sign)}; --ragged fill keeps "
                "such lines as rows)"
            )
    if reading.ragged != "skip":
        told += _filled(short, long, width, sign)
    return told


def _refuse_other_delimiter(
    odd: Sequence[Odd], width: int, dialect: Dialect, reading: Reading, name: str
) -> None:
    """Raise a DataError for a row whose fields another delimiter sets apart, as where two files were joined."""
    others = [sign for sign in USUAL if sign != dialect.delimiter]
    for each in odd if reading.ragged is None and width > 2 else ():
        sign = next((sign for sign in others if each.fields[0].count(sign) == width - 1), None)
        if len(each.fields) == 1 and sign is not None:
            raise DataError(
                f"{name}: {each} is set apart by {sign!r}, and the rows above it by "
                f"{dialect.delimiter!r}: {cut(each.fields[0])}; write all with one, or leave such rows out "
                "(--ragged skip)."
            )


def _filled(short: Sequence[Odd], long: Sequence[Odd], width: int, sign: str) -> list[str]:
    told: list[str] = []
    if short:
        told.append(
            f"{plural(len(short), 'row')} with fewer than {plural(width, 'field')}, first "
            f"{short[0]}, {short[0].shown(sign)}; what they lack counts as missing "
            "(--ragged skip leaves such "
            "rows out, --ragged refuse refuses them)"
        )
    if long:
        told.append(
            f"{plural(len(long), 'row')} with more than {plural(width, 'field')}, first "
            f"{long[0]}, {long[0].shown(sign)}; the surplus is left out (--ragged skip leaves such rows out)"
        )
    return told


def footers_of(odd: Sequence[Odd], comments: Sequence[Odd], height: int, width: int) -> list[Odd]:
    """Return the short rows at the end that are no rows: a source, a sum, a note."""
    if width < 2:
        return []
    beyond = {each.row for each in comments}
    by_row = {each.row: each for each in odd}
    footers: list[Odd] = []
    n = height - 1
    while n in by_row or n in beyond:
        if n in by_row:
            footers.append(by_row[n])
        n -= 1
    footers.reverse()
    while footers and not _is_note(footers[0], width):
        footers.pop(0)
    return footers


def _is_note(row: Odd, width: int) -> bool:
    if len(row.fields) >= width:
        return False
    text = row.fields[0].strip()
    return look(text) == "text" and (
        row.is_after_blank or (filled(row.fields) == 1 and (width > 2 or " " in text))
    )


def _too_many_or_few(row: Odd, width: int, dialect: Dialect, name: str) -> DataError:
    sign = dialect.shown_sign
    return DataError(
        f"{name}: {row} has {plural(len(row.fields), 'field')} and "
        f"the table {plural(width, 'column')}: "
        f"{row.shown(sign)}; mend that line (a stray delimiter, or a text that wants quotes), or leave such rows out "
        "(--ragged skip), or cut and fill them (--ragged fill)."
    )
