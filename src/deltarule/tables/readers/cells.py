"""What a single cell looks like, to tell a header from rows and one delimiter from another.

Only roughly, for a few hundred rows: what a column is, `schema` finds later over all of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias, cast

Look: TypeAlias = Literal["missing", "number", "measure", "date", "boolean", "text"]

MISSING = frozenset({
    "", "na", "n/a", "nan", "-nan", "null", "none", "?", "#n/a", "<na>", "nil", "nat", "-", "--",
    "---", ".", "..", "...",
    "n.a.", "n.a", "n.d.", "nd", "n.v.", "k.a.", "missing", "unknown", "#value!", "#div/0!", "#ref!", "#null!", "#num!",
    "#name?",
})  # fmt: skip
_DIGITS = (
    r"(?:\d{1,3}(?:[.,'’ \u00a0\u2009\u202f]\d{3})+(?:[.,]\d*)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d*)?|"
    r"\d+(?:[.,]\d*)?|[.,]\d+)"
)
_NUMBER = re.compile(rf"[(+\-−–]?\s?[$€£¥₹]?\s?[+\-−–]?{_DIGITS}(?:[eE][+\-]?\d+)?\s?[$€£¥₹%‰]?\s?[)\-]?")
_MEASURE = re.compile(rf"[<>≤≥~±]?\s?{_NUMBER.pattern}\s?[^\W\d_]{{1,4}}\.?|[<>≤≥~±]\s?{_NUMBER.pattern}")
_DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ]+\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[-/. ]+[^\W\d_]{3,9}\.?[-/., ]+\d{2,4}.*|[^\W\d_]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}.*"
    r"|\d{4}-\d{2}|\d{4}-?W\d{2}|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[AaPp][Mm])?"
)
_DRAWN = re.compile(r"[-=_~─━═+|:*┼╪┬┴╤╧├┤╞╡╠╣╬╔╗╚╝┌┐└┘ \t\r]+")
_DASHES = re.compile(r"[-=_─━═]{3}|:-|-:")
SURE = 0.9
"""Share of a column's cells that must look alike."""


@lru_cache(maxsize=2**16)
def look(text: str) -> Look:
    """Return what a cell looks like.

    >>> [look(text) for text in ("1.234,5", "5 kg", "1.2.2020", "n/a", "True", "age")]
    ['number', 'measure', 'date', 'missing', 'boolean', 'text']
    """
    text = text.strip()
    small = text.lower()
    if small in MISSING:
        return "missing"
    if small in ("true", "false"):
        return "boolean"
    if len(text) > 60:
        return "text"
    if _DATE.fullmatch(text):
        return "date"
    if _NUMBER.fullmatch(text) or small in ("inf", "-inf"):
        return "number"
    return "measure" if _MEASURE.fullmatch(text) else "text"


def column_look(cells: Iterable[str]) -> Look:
    """Return what nearly all cells of a column look like, text where they differ."""
    counts = Counter(map(look, cells))
    counts.pop("missing", None)
    if not counts:
        return "missing"
    most, count = cast("tuple[Look, int]", counts.most_common(1)[0])
    return most if count >= SURE * counts.total() else "text"


def filled(row: Sequence[str]) -> int:
    """Return in how many cells of a row something stands."""
    return sum(1 for cell in row if cell.strip())


def is_rule(row: Sequence[str]) -> bool:
    """Return whether a row is a line drawn across the table, as markdown, SQL's shells and text tables do.

    >>> is_rule([":---", "---:"]), is_rule(["----+----"]), is_rule(["-", "-"]), is_rule(["---", "5"])
    (True, True, False, False)
    """
    text = " ".join(row)
    return _DRAWN.fullmatch(text) is not None and _DASHES.search(text) is not None
