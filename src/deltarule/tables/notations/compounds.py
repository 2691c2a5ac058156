"""Compounds: quantities in several parts, such as 1:30:00, 1h 30m, PT1H30M or 5 ft 11 in, as one number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from deltarule.tables.notations.shares import Cells

if TYPE_CHECKING:
    import polars as pl

_N = r"\d+(?:[.,]\d+)?"
_SIGN = r"^(?P<sign>[+-])? ?"
_SECOND = r"(?P<second>[0-5]\d(?:[.,]\d{1,9})?)"
_GAP = r"(?: ?(?:,|and|und|et|y) ?| )?"
_WEEKS = rf"(?:(?P<week>{_N}) ?(?:w|wks?|weeks?|wochen?){_GAP})?"
_DAYS = rf"(?:(?P<day>{_N}) ?(?:d|days?|tage?|jours?|d[ií]as?){_GAP})?"
_HOURS = rf"(?:(?P<hour>{_N}) ?(?:h|hrs?|hours?|std|stunden?|heures?|horas?)\.?{_GAP})?"
_MINUTES = rf"(?:(?P<minute>{_N}) ?(?:m|mins?|minutes?|minuten?|minutos?)\.?{_GAP})?"
_SECONDS = rf"(?:(?P<second>{_N}) ?(?:s|secs?|seconds?|sekunden?|secondes?|segundos?)\.?)?"


@dataclass(frozen=True)
class Compound:
    """A way to write a quantity in parts: its pattern, in small letters, and the size of each part in `unit`.

    is_clock: whether times of day look so too. needs_two: whether one part alone is no sign of it.
    """

    pattern: str
    sizes: dict[str, float]
    unit: str = "seconds"
    is_clock: bool = False
    needs_two: bool = False


_TIMES = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0, "week": 604_800.0}
COMPOUNDS: dict[str, Compound] = {
    "h:mm:ss": Compound(rf"{_SIGN}(?P<hour>\d{{1,5}}):(?P<minute>[0-5]\d):{_SECOND}$", _TIMES, is_clock=True),
    "m:ss": Compound(rf"{_SIGN}(?P<minute>\d{{1,5}}):{_SECOND}$", _TIMES, is_clock=True),
    "h:mm": Compound(rf"{_SIGN}(?P<hour>\d{{1,5}}):(?P<minute>[0-5]\d)$", _TIMES, is_clock=True),
    "[h:]m:ss": Compound(
        rf"{_SIGN}(?:(?P<hour>\d{{1,5}}):)?(?P<minute>[0-5]?\d):{_SECOND}$", _TIMES, is_clock=True
    ),
    "1 day 2:03:04": Compound(
        rf"{_SIGN}{_DAYS}(?:(?P<inner>[+-])?(?P<hour>\d{{1,5}}):(?P<minute>[0-5]\d):{_SECOND})?$", _TIMES
    ),
    "1h 30m": Compound(f"{_SIGN}{_WEEKS}{_DAYS}{_HOURS}{_MINUTES}{_SECONDS}$", _TIMES, needs_two=True),
    "1h30": Compound(rf"{_SIGN}(?P<hour>\d{{1,4}}) ?h ?(?P<minute>[0-5]\d)?$", _TIMES, needs_two=True),
    "PT1H30M": Compound(
        rf"{_SIGN}p(?:(?P<week>{_N})w)?(?:(?P<day>{_N})d)?"
        rf"(?:t(?:(?P<hour>{_N})h)?(?:(?P<minute>{_N})m)?(?:(?P<second>{_N})s)?)?$",
        _TIMES,
    ),
    "5 ft 11 in": Compound(
        rf"{_SIGN}(?P<foot>\d+) ?(?:ft|feet|foot|')\.?{_GAP}"
        r"(?:(?P<inch>(?:\d|1[01])(?:\.\d+)?) ?(?:in|inch|inches|\"|'')?\.?)?$",
        {"foot": 12.0, "inch": 1.0},
        "inches",
        needs_two=True,
    ),
    "11 st 4 lb": Compound(
        rf"{_SIGN}(?P<stone>\d+) ?(?:st|stone)\.?{_GAP}(?:(?P<pound>{_N}) ?(?:lbs?)?\.?)?$",
        {"stone": 14.0, "pound": 1.0},
        "pounds",
        needs_two=True,
    ),
    "2 years 3 months": Compound(
        rf"{_SIGN}(?:(?P<year>{_N}) ?(?:y|yrs?|years?|jahre?|ans?|años?){_GAP})?"
        rf"(?:(?P<month>{_N}) ?(?:m|mos?|mths?|months?|monate?|mois|mes(?:es)?))?$",
        {"year": 12.0, "month": 1.0},
        "months",
        needs_two=True,
    ),
    "52°31'12\"N": Compound(
        rf"{_SIGN}(?P<degree>{_N}) ?°(?: ?(?P<minute>{_N}) ?')?(?: ?(?P<second>{_N}) ?(?:\"|''))? ?(?P<side>[nsew])?$",
        {"degree": 1.0, "minute": 1 / 60, "second": 1 / 3600},
        "degrees",
    ),
    "[m:]ss.0": Compound(
        rf"{_SIGN}(?:(?P<minute>\d{{1,3}}):)?(?P<second>\d{{1,2}}[.,]\d{{1,3}})$", _TIMES, needs_two=True
    ),
    "5 lb 3 oz": Compound(
        rf"{_SIGN}(?P<pound>\d+) ?lbs?\.?{_GAP}(?:(?P<ounce>{_N}) ?oz\.?)?$",
        {"pound": 16.0, "ounce": 1.0},
        "ounces",
        needs_two=True,
    ),
}
"""By how one is written, what it is made of."""
NAMES = frozenset({
    "duration", "elapsed", "runtime", "length", "took", "taken", "lap", "pace", "delay", "uptime", "downtime",
    "wait", "waiting", "waited", "dauer", "durée", "duree", "duración", "duracion", "split", "lasted", "airtime",
    "playtime",
})  # fmt: skip
"""Words in the names of columns that say that a clock's time is a duration."""


@dataclass(frozen=True)
class Found:
    """How the quantities of a column are written, a number for each text, and the other way that would fit too."""

    name: str
    values: pl.Series
    other: str = ""


def found(texts: pl.Series, cells: Cells, name: str) -> Found | None:
    """Return the way in which most of a column's texts, in plain characters, are quantities in parts, or nothing.

    What a clock shows is a time of day and no duration, unless some text goes beyond 24 hours, or below nothing,
    or all stay within the first hour, or the name of the column says so.
    """
    some: list[str] = cells.some(texts).str.to_lowercase().to_list()
    counts = {name: sum(map(bool, map(pattern.match, some))) for name, pattern in _compiled().items()}
    chosen = max(counts, key=lambda each: counts[each])
    compound = COMPOUNDS[chosen]
    values = read_by(texts, chosen) if counts[chosen] else texts.clear(len(texts)).cast(float)
    if not cells.are_most(values.is_not_null().to_numpy()):
        return None
    if compound.needs_two and not _have_two(texts, compound):
        return None
    if (
        compound.is_clock
        and not cells.is_told
        and not _says_duration(name)
        and not _lasts(texts, values, chosen)
    ):
        return None
    other = "h:mm" if chosen == "m:ss" and counts["h:mm"] == counts["m:ss"] else ""
    return Found(chosen, values, other)


@cache
def _compiled() -> dict[str, re.Pattern[str]]:
    """Return the patterns compiled for some texts; Polars keeps few, and would compile them anew for each column."""
    return {name: re.compile(one.pattern) for name, one in COMPOUNDS.items()}


def read_by(texts: pl.Series, name: str) -> pl.Series:
    """Return the numbers that texts, in plain characters, are when written in one of COMPOUNDS; null where not.

    >>> import polars as pl
    >>> read_by(pl.Series(["1h 30m", "45 min", "soon"]), "1h 30m").to_list()
    [5400.0, 2700.0, None]
    """
    import polars as pl

    compound = COMPOUNDS[name]
    parts = _parts(texts, compound)
    sign = pl.col("sign").fill_null(1.0)  # -1 days +23:00:00 is an hour less than nothing
    signs = {each: sign if each == "day" else pl.coalesce("inner", sign) for each in compound.sizes}
    total = pl.sum_horizontal(pl.col(each) * size * signs[each] for each, size in compound.sizes.items())
    has_any = pl.any_horizontal(pl.col(each).is_not_null() for each in compound.sizes)
    return parts.select(pl.when(has_any).then(total).alias("number")).to_series()


def _parts(texts: pl.Series, compound: Compound) -> pl.DataFrame:
    """Return the number of each part, and the signs as 1 and -1, null where a text has none."""
    import polars as pl

    parts = texts.str.to_lowercase().str.extract_groups(compound.pattern).struct.unnest()
    if "side" in parts.columns:  # west and south are below zero
        is_below = pl.col("side").is_in(["s", "w"])
        parts = parts.with_columns(sign=pl.when(is_below).then(pl.lit("-")).otherwise("sign"))
    absent = [each for each in ("sign", "inner", *compound.sizes) if each not in parts.columns]
    return parts.with_columns(pl.lit(None, pl.String).alias(each) for each in absent).select(
        *((pl.col(each) + "1").cast(pl.Float64).alias(each) for each in ("sign", "inner")),
        *(pl.col(each).str.replace(",", ".", literal=True).cast(pl.Float64) for each in compound.sizes),
    )


def _have_two(texts: pl.Series, compound: Compound) -> bool:
    """Return whether some text has two parts."""
    import polars as pl

    count = pl.sum_horizontal(pl.col(each).is_not_null() for each in compound.sizes)
    return bool(_parts(texts, compound).select((count > 1).any()).item())


def _says_duration(name: str) -> bool:
    words = re.split(r"[\W_\d]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return not NAMES.isdisjoint(words)


def _lasts(texts: pl.Series, values: pl.Series, chosen: str) -> bool:
    """Return whether what clocks show can be no times of day."""
    known = values.drop_nulls().to_numpy()
    hours = known if chosen == "h:mm:ss" else read_by(texts, "h:mm").drop_nulls().to_numpy()
    is_short = chosen == "h:mm:ss" and (known < 3600).all()
    has_fractions = chosen == "m:ss" and texts.str.contains(r"^\d+:\d\d[.,]\d").any()
    return bool(is_short or has_fractions or (known < 0).any() or (hours > 24 * 3600).any())
