"""Stamps: dates of digits alone, as most columns of dates have them, read many times faster than others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

UNTOUCHED = r"^[0-9]+[-/.][0-9]+[-/.][0-9]+(?:[ Tt][0-9]+:[0-9:]*[0-9])?$"
"""Dates with a time or none that have nothing to be made plain but the T."""
_TWO = "[0-9]{1,2}"
_YEAR = "[12][0-9]{3}"
_CLOCK = "(?:[ Tt](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)?"
_SIMPLE = {
    "year first": ("^", _YEAR, "-", _TWO, "-", _TWO, _CLOCK, "$"),
    "year last": ("^", _TWO, "-", _TWO, "-", _YEAR, _CLOCK, "$"),
}
_DATES = {
    ("year first", "ymd"): "%Y-%m-%d",
    ("year last", "dmy"): "%d-%m-%Y",
    ("year last", "mdy"): "%m-%d-%Y",
    ("year last", "ymd"): "%y-%m-%d",
}


def are_simple(texts: pl.Series, family: str, sign: str) -> pl.Series:
    """Return which texts are dates with a year of four digits, a sign between their parts, and a time or none.

    >>> import polars as pl
    >>> are_simple(pl.Series(["5.3.2020", "05.03.2020 10:30", "05.03.20", "5. March 2020"]), "year last", ".").to_list()
    [True, True, False, False]
    """
    import polars as pl

    if family not in _SIMPLE or sign not in ("-", "/", "."):
        return pl.repeat(False, len(texts), eager=True)
    return texts.str.contains("".join(f"[{sign}]" if each == "-" else each for each in _SIMPLE[family]))


def read_simple(texts: pl.Series, family: str, order: str, sign: str) -> pl.Series:
    """Return the moments that simple texts are; null where there is no such day.

    >>> import polars as pl
    >>> read_simple(pl.Series("day", ["05.03.2020 10:30", "31.02.2020"]), "year last", "dmy", ".").to_list()
    [datetime.datetime(2020, 3, 5, 10, 30), None]
    """
    import polars as pl

    if texts.str.contains("[Tt]").any():
        texts = texts.str.replace("[Tt]", " ")
    date, text = _DATES[family, order].replace("-", sign), pl.col(texts.name).str
    ways = (
        text.to_date(date, strict=False).cast(pl.Datetime("us")),
        text.to_datetime(f"{date} %H:%M", strict=False, time_unit="us"),
        text.to_datetime(f"{date} %H:%M:%S", strict=False, time_unit="us"),
    )
    colons: list[int] = texts.str.count_matches(":", literal=True).unique().sort().to_list()
    return texts.to_frame().select(pl.coalesce(ways[n] for n in colons).alias("moment")).to_series()
