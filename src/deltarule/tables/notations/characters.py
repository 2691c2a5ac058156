"""Characters: the plain ones for what looks or means the same in numbers and dates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

_BLANKS = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"
_MINUSES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = "\u2018\u2019\u02bc\u00b4\u2032\uff07`"
_INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_ZEROS = "\uff10\u0660\u06f0\u0966\u09e6\u0e50"
"""The zeros of other digits that are read: full width, Arabic, Persian, Devanagari, Bengali, Thai."""
_FULL = "\uff05\uff04\uffe5\uff08\uff09\uff0e\uff0c\uff0b\uff1a\uff0f"
PLAIN = {
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys(_MINUSES, "-"),
    **dict.fromkeys(_QUOTES, "'"),
    **dict.fromkeys("\u2033\u201c\u201d", '"'),
    **dict.fromkeys(_INVISIBLE, ""),
    **{chr(ord(zero) + n): str(n) for zero in _ZEROS for n in range(10)},
    **dict(zip(_FULL, "%$¥().,+:/", strict=True)),
    **{
        chr(n): unicodedata.normalize("NFKC", chr(n))
        for n in (0x2103, 0x2109, 0x2113, *range(0x3380, 0x33E0))
    },
    "\u066a": "%",
    "\u066b": ",",
    "\u066c": "'",
}
"""By a character, the plain one that means the same."""


def plain(texts: pl.Series) -> pl.Series:
    """Return texts in plain characters, without blanks at their ends.

    >>> import polars as pl
    >>> plain(pl.Series(["\uff11\uff12\uff0e\uff15", "\u22123\u202f000 "])).to_list()
    ['12.5', '-3 000']
    """
    if texts.str.contains(r"[^ -_a-~]").any():  # most columns have none to replace
        texts = texts.str.replace_many(list(PLAIN), list(PLAIN.values()))
    return texts.str.strip_chars()


_FRACTION = re.compile(r"(\d*) ?([\u00bc-\u00be\u2150-\u215e])|(\d+) (\d{1,2})/(\d{1,2})(?!\d)")


def fractions(texts: pl.Series) -> pl.Series:
    """Return texts with the fractions of their numbers as decimals.

    >>> import polars as pl
    >>> fractions(pl.Series(["\u00bd", "8\u00bd", "1 3/4", "1/2"])).to_list()
    ['0.5', '8.5', '1.75', '1/2']
    """
    import polars as pl

    is_one = texts.str.contains(_FRACTION.pattern.replace("(?!\\d)", r"(?:\D|$)"))
    if not is_one.any():
        return texts
    return texts.zip_with(
        ~is_one, pl.Series([_decimal(text) if one else "" for text, one in zip(texts, is_one, strict=True)])
    )


def _decimal(text: str) -> str:
    def number(match: re.Match[str]) -> str:
        if match[2]:
            return f"{int(match[1] or 0) + unicodedata.numeric(match[2]):.15g}"
        return f"{int(match[3]) + int(match[4]) / max(int(match[5]), 1):.15g}"

    return _FRACTION.sub(number, text)


def read_apart(
    texts: pl.Series,
    is_simple: pl.Series,
    read_simple: Callable[[pl.Series], pl.Series],
    read_others: Callable[[pl.Series], pl.Series],
) -> pl.Series:
    """Return what texts are by two readings, in their order: a quick one of those that are simple, and another."""
    import polars as pl

    if not is_simple.any():
        return read_others(texts)
    if is_simple.all():
        return read_simple(texts)
    both = pl.concat([read_simple(texts.filter(is_simple)), read_others(texts.filter(~is_simple))])
    return both.gather(np.argsort(np.concatenate([is_simple.arg_true(), (~is_simple).arg_true()])))
