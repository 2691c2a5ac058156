"""Whether the first row of a table names its columns, and the names, each once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deltarule.errors import DataError
from deltarule.spelling import plural
from deltarule.tables.readers.cells import column_look, look
from deltarule.tables.readers.options import cut

MOST_CELLS, MOST_ROWS = 200_000, 1000
"""Cells that are looked at, in no more rows than these."""
YEARS = range(1500, 2200)
UNNAMED = "unnamed"
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Verdict:
    """Whether the first row is a header, and whether a reader should be told of the choice."""

    is_header: bool
    is_sure: bool


def judge(first: Sequence[str], body: Sequence[Sequence[str]], names: Collection[str] = ()) -> Verdict:
    """Return whether the first row names the columns, by comparing it with the rows below it.

    A text over numbers is a name; a number over numbers is a cell, and so is a text that comes again below it.
    Numbers are names where they count or are years, and the numbers below them are of another kind.

    >>> judge(["x", "y"], [["1", "a"], ["2", "b"]]).is_header
    True
    >>> judge(["0.56", "a"], [["1.27", "b"], ["0.8", "a"]]).is_header
    False
    >>> judge(["town", "2019", "2020"], [["Rome", "0.5", "1.5"], ["Bern", "2.5", "3.5"]]).is_header
    True
    """
    if names and len({cell.strip() for cell in first} & set(names)) > len(names) / 2:
        return Verdict(True, True)
    most = min(max(5, MOST_CELLS // max(len(first), 1)), MOST_ROWS)
    body = [row for row in body[:most] if row != first]  # headers come again
    if not body:
        return Verdict(any(look(cell) == "text" for cell in first), True)
    columns = [[row[n].strip() for row in body if n < len(row)] for n in range(len(first))]
    votes = [_vote(cell.strip(), column) for cell, column in zip(first, columns, strict=True)]
    names_, cells, mild = votes.count("name"), votes.count("cell"), votes.count("perhaps a name")
    numbers = [n for n, vote in enumerate(votes) if vote == "cell" and look(first[n]) == "number"]
    if numbers and len(numbers) >= cells - 1 and _are_labels(numbers, first, body, columns):
        return Verdict(True, names_ > 0)
    if names_ and cells:
        return Verdict(names_ > cells, False)
    return Verdict(not cells, bool(names_ or cells or mild))


def _vote(cell: str, column: Sequence[str]) -> str:
    """Return what a cell of the first row is by the column below it: name, cell, perhaps a name, or nothing."""
    kind, above = column_look(column), look(cell)
    if above == "missing" or kind == "missing":
        return ""
    if kind != "text":
        if above == kind:
            return "cell"
        return "name" if above in ("text", "date", "measure") and not _is_odd(cell, above, kind) else ""
    present = [text for text in column if text]
    if cell in present:
        return "cell"
    shapes = Counter(_shape(text) for text in present)
    shape, count = shapes.most_common(1)[0]
    if count >= 0.95 * len(present) and len(present) > 1 and any(c == "9" for c in shape):
        if _shape(cell) != shape:
            return "perhaps a name"
        letters = {_letters(text) for text in present}
        return (
            "name" if len(letters) == 1 and _letters(cell) not in letters else "cell"
        )  # c10 over v01, v02, ...
    return "perhaps a name" if len(set(present)) <= 0.7 * len(present) else ""


def _is_odd(cell: str, above: str, kind: str) -> bool:
    """Return whether a cell is rather a value that is unlike its column: <0.5 or 5 kg over numbers."""
    return (
        above == "measure"
        and kind == "number"
        and (cell[0] in "<>≤≥~±" or not re.search(r"\d(st|nd|rd|th)$", cell))
    )


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


def _letters(text: str) -> str:
    return re.sub(r"\d", "", text)


def _are_labels(
    numbers: Sequence[int],
    first: Sequence[str],
    body: Sequence[Sequence[str]],
    columns: Sequence[Sequence[str]],
) -> bool:
    """Return whether numbers over numbers count, or are years, unlike those below them."""
    values = _whole(first, numbers)
    if not values:
        return False
    steps = _steps(values)
    alike = sum(len(_steps(_whole(row, numbers))) == 1 for row in body)
    if len(values) > 2 and len(steps) == 1 and alike > len(body) / 2:  # so do the rows
        return False
    are_years = len(values) > 1 and all(v in YEARS for v in values) and (min(steps) > 0 or max(steps) < 0)
    do_count = len(values) > 2 and len(steps) == 1 and 0 not in steps
    if not (are_years or do_count):
        return False
    unlike = sum(_is_unlike(value, columns[n]) for value, n in zip(values, numbers, strict=True))
    return unlike > 0.7 * len(values)


def _whole(row: Sequence[str], places: Sequence[int]) -> list[int]:
    """Return the whole numbers in these places of a row, none where one is something else."""
    texts = [row[n].strip() for n in places if n < len(row)]
    return [int(text) for text in texts] if all(text.isdecimal() and len(text) < 10 for text in texts) else []


def _steps(values: Sequence[int]) -> set[int]:
    return {b - a for a, b in pairwise(values)}


def _is_unlike(value: int, column: Sequence[str]) -> bool:
    """Return whether a whole number lies outside of a column, or stands over decimals."""
    below = [float(text) for text in column if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text)]
    others = len([text for text in column if look(text) == "number"]) - len(below)
    if not below or others:
        return bool(others)
    has_decimals = sum(not v.is_integer() for v in below) > len(below) / 2
    return has_decimals or not min(below) <= value <= max(below)


def names_of(
    header: Sequence[str], width: int, name: str, has_row_names: bool = False
) -> tuple[list[str], list[str]]:
    """Return a name for each column, every one once, and what is to be told of them.

    >>> names_of(["", "a", "a"], 3, "f.csv")[0]
    ['unnamed', 'a', 'a_2']
    """
    told: list[str] = []
    given = [_SPACE.sub(" ", cell.strip(" \t\n\ufeff\u00a0\u200b")) for cell in header]
    if has_row_names:
        given = ["", *given]
        told.append(
            f"the header has one name fewer than the rows have fields, as R writes it: the first column, of the "
            f"rows' names, is called {UNNAMED}"
        )
    elif len(given) < width:
        raise DataError(
            f"{name}: the header names {plural(len(given), 'column')} and most rows have "
            f"{plural(width, 'field')}; mend the header, or "
            'read it as a row (--no-header), or name what is between the fields, as in --delimiter ";".'
        )
    taken, renamed = {each for each in given if each}, list[str]()
    names: list[str] = []
    seen: set[str] = set()
    for number, each in enumerate(given, start=1):
        base = each or (UNNAMED if number == 1 else f"{UNNAMED}_{number}")
        unique, n = base, 2
        while unique in seen or (unique != each and unique in taken):
            unique, n = f"{base}_{n}", n + 1
        seen.add(unique)
        names.append(unique)
        if each and unique != each:
            renamed.append(f"column {number} is called {unique}")
    if renamed:
        twice = [each for each, count in Counter(given).items() if each and count > 1]
        told.append(f"the header names {', '.join(map(cut, twice[:3]))} more than once: {_listed(renamed)}")
    return names, told


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - 3:,} more" if len(words) > 3 else ""
    return ", ".join(words[:3]) + more


def told_verdict(verdict: Verdict, first: Sequence[str], is_told: bool) -> list[str]:
    """Return what is to be told of a choice that was not asked for."""
    if is_told:
        return []
    shown = ", ".join(cell.strip() for cell in first[:4]) + (", ..." if len(first) > 4 else "")
    if not verdict.is_header:
        return [
            f"no header line: the first row ({cut(shown)[1:-1]}) is like the others, so the columns are called x1 to "
            f"x{len(first)} (--header takes it as names)"
            if len(first) > 1
            else f"no header line: the first row ({cut(shown)[1:-1]}) is like the others, so the column is called x1 "
            "(--header takes it as a name)"
        ]
    if verdict.is_sure:
        return []
    return [f"the first row ({cut(shown)[1:-1]}) is taken as the header (--no-header takes it as a row)"]
