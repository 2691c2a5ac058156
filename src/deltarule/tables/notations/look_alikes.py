"""Suspects: digits that may be dates or times, days without a year, and codes by their names.

Nothing is read so unasked; it is said, with the words that do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deltarule.tables.columns import Column
from deltarule.tables.notations import formats

if TYPE_CHECKING:
    import polars as pl

FEWEST, MANY = 5, 20
"""Different values from which on that all of them are such is no accident: of long numbers, and of short ones."""
MINUTES = 8
"""Different minutes that times of day have, where their name does not say so; amounts are rounded to fewer."""
CODES = frozenset({
    "zip", "zipcode", "postcode", "postal", "postalcode", "plz", "phone", "telephone", "tel", "telefon", "telefono",
    "fax", "mobile", "ean", "isbn", "upc", "gtin", "sku", "ssn", "iban", "fips", "npi", "barcode",
})  # fmt: skip
"""Words in the names of columns whose digits are no quantity,"""
AMOUNTS = frozenset(
    {"of", "per", "mean", "avg", "total", "count", "sum", "share", "rate", "price", "cost", "usage"}
)
"""and those beside which they are."""
TIMES = frozenset(
    {"time", "hour", "clock", "zeit", "uhrzeit", "heure", "hora", "ora", "hhmm", "departure", "arrival"}
)
"""Words of columns of times of day,"""
DAYS = frozenset({
    "date", "day", "datum", "tag", "fecha", "data", "jour", "dt", "timestamp", "when", "time", "dob", "birth", "born",
    "birthday", "created", "updated", "modified", "start", "end", "since", "until", "expiry", "expires",
})  # fmt: skip
"""and of dates."""


@dataclass(frozen=True)
class Range:
    """Whole numbers of so many digits that are dates by a format: the least and greatest, and how many are needed."""

    form: str
    least: float
    greatest: float
    fewest: int = FEWEST
    needs_name: bool = False


NOW = 9e14, 2.2e15
"""Microseconds since 1970 that are of these times: July 1998 to September 2039."""
RANGES = (
    Range("%H%M", 0, 2359, MANY),
    Range("%Y%m", 190_001, 209_912),
    Range("%G%V", 190_001, 209_953),
    Range("%y%m%d", 101, 991_231, MANY),
    Range("%d%m%y", 10_100, 311_299, MANY),
    Range("%m%d%y", 10_100, 123_199, MANY),
    Range("%Y%j", 1_900_001, 2_099_366),
    Range("%Y%m%d", 19_000_101, 20_991_231),
    *(Range(form, NOW[0] / formats.COUNTS[form][0], NOW[1] / formats.COUNTS[form][0])
      for form in ("epoch", "epoch ms", "epoch us", "epoch ns")),
    Range("excel", 20_000, 60_000, needs_name=True),
)  # fmt: skip
_YEARLESS = r"^\d{1,2}([-/.])\d{1,2}\.?$"
_NAMED = r"^(?:\d{1,2}[-/. ]?[A-Za-z]{3,9}|[A-Za-z]{3,9}[-/. ]?\d{1,2})$"


def why_code(column: Column) -> str:
    """Return why whole numbers are codes and no quantity, by the name of their column; or nothing.

    >>> why_code(Column.of("zip_code", [10115, 80331])), why_code(Column.of("phones", [1, 2]))
    ("codes, as 'zip_code' is called", '')
    """
    words = words_of(column.name)
    if CODES.isdisjoint(words) or not AMOUNTS.isdisjoint(words) or not column.is_integer:
        return ""
    values = column.present
    if not len(values) or values.min() < 0 or values.max() < 1000:
        return ""
    return f"codes, as {column.name!r} is called"


def date_in(column: Column) -> str:
    """Return the format by which numbers may be dates or times, or nothing.

    >>> date_in(Column.of("seen", np.arange(1.5e9, 1.5e9 + 1e6, 1e5)))
    'epoch'
    >>> date_in(Column.of("price", np.arange(100, 2400, 50)))
    ''
    """
    if not len(column.present):
        return ""
    least, greatest = float(column.present.min()), float(column.present.max())
    words = words_of(column.name)
    for one in RANGES:
        if not one.least <= least <= greatest <= one.greatest or (one.needs_name and DAYS.isdisjoint(words)):
            continue
        if one.form in formats.COUNTS:
            if len(column.different) >= one.fewest:
                return one.form
        elif column.is_integer and _are_dates(column.different, one, words):
            return one.form
    return ""


def _are_dates(distinct: NDArray[np.float64], one: Range, words: frozenset[str]) -> bool:
    """Return whether different whole numbers are all dates by a format, which is no accident."""
    import polars as pl

    if one.form == "%H%M" and (distinct % 100 >= 60).any():
        return False
    if len(distinct) < one.fewest:
        return False
    if one.form == "%H%M":
        return _reach_over_a_day(distinct) and (
            len(np.unique(distinct % 100)) >= MINUTES or not TIMES.isdisjoint(words)
        )
    texts = pl.Series([f"{each:.0f}" for each in distinct.tolist()])
    return formats.read_by(texts, one.form).null_count() == 0


def _reach_over_a_day(distinct: NDArray[np.float64]) -> bool:
    """Return whether numbers below 2400 reach over the hours of a day: most have three or four digits."""
    return bool(distinct[-1] >= 1000 and (distinct >= 100).mean() >= 0.5)


def date_in_texts(distinct: pl.Series) -> str:
    """Return the format by which texts that are kept may be days without a year or times of digits, or nothing.

    >>> import polars as pl
    >>> date_in_texts(pl.Series(["5/3", "25/3", "17/4", "28/6", "9/9"]))
    '%d/%m'
    """
    if len(distinct) < FEWEST:
        return ""
    if distinct.str.contains(r"^\d+$").all():
        return _digits_in(distinct)
    if distinct.str.contains(r"^(?:19|20)\d\d-\d{3}$").all():
        return "%Y-%j" if formats.read_by(distinct, "%Y-%j").null_count() == 0 else ""
    if distinct.str.contains(_YEARLESS).all():
        signs = distinct.str.extract(_YEARLESS).unique()
        sign, dot = signs[0], "." if distinct.str.ends_with(".").all() else ""
        forms = [f"%d{sign}%m{dot}", f"%m{sign}%d{dot}"] if len(signs) == 1 else []
    elif distinct.str.contains(_NAMED).all():
        sign = re.sub(r"\w", "", distinct[0])
        forms = [f"%d{sign}%B", f"%B{sign}%d"]
    else:
        return ""
    fit = [form for form in forms if formats.read_by(distinct, form).null_count() == 0]
    return fit[0] if len(fit) == 1 else ""


def date_in_decimals(distinct: pl.Series) -> str:
    """Return the format by which numbers with a zero before them, such as 05.03, may be days without a year."""
    is_few = FEWEST <= len(distinct) <= 366
    if is_few and distinct[0][2:3] == "." and distinct.str.contains(r"^\d\d\.\d\d$").all():
        return date_in_texts(distinct) if distinct.str.starts_with("0").any() else ""
    return ""


def shown(text: str, form: str) -> str:
    """Return what a text means by a format, as far as that goes.

    >>> shown("5/3", "%d/%m"), shown("930", "%H%M")
    ('5 March', '09:30')
    """
    import polars as pl

    moment = formats.read_by(pl.Series([text]), form)[0]
    if form.startswith("%H"):
        return f"{moment:%H:%M}"
    has_year = form in formats.COUNTS or any(part in form for part in ("%Y", "%y", "%G"))
    return f"{moment.day} {moment:%B}" + (f" {moment:%Y}" if has_year else "")


def _digits_in(distinct: pl.Series) -> str:
    """Return the format by which texts of as many digits each, with zeros before some, may be times or days."""
    import polars as pl

    widths = distinct.str.len_chars().unique()
    if len(widths) != 1 or len(distinct) < MANY:
        return ""
    forms = {4: ("%H%M",), 6: ("%H%M%S", "%d%m%y", "%m%d%y", "%y%m%d")}.get(int(widths[0]), ())
    fit = [form for form in forms if formats.read_by(distinct, form).null_count() == 0]
    values = distinct.cast(pl.Float64).to_numpy()
    if fit[:1] == ["%H%M"] and len(np.unique(values % 100)) < MINUTES:
        return ""
    return fit[0] if fit else ""


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name in small letters: "zipCode" has two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return frozenset(re.split(r"[\W\d_]+", parted)) - {""}
