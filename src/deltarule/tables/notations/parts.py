"""Parts: the moment that the parts of a date make, which its family's pattern finds in a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltarule.tables.notations.calendars import ZONES, month_names
from deltarule.tables.notations.families import ORDERS, PATTERNS, Order, small

if TYPE_CHECKING:
    import polars as pl

PIVOT = 69
"""Years of two digits from this on are of the 20th century, as POSIX has it."""
YEARS = 1000, 2999
"""The first and last year that one is taken for."""

_NUMBER_OF = month_names()
_ALL = ["y", "m", "d", "a", "b", "name", "q", "hy", "w", "wd", "h", "mi", "s", "f", "half", "mark", "zone"]


def moments_by(texts: pl.Series, family: str, order: Order) -> pl.Series:
    """Return the moments that texts are: each part as a whole number, then a date of these, then the time of day."""
    import polars as pl

    parts = small(texts).str.extract_groups(PATTERNS[family]).struct.unnest()
    is_one = pl.any_horizontal(pl.col(name).is_not_null() for name in parts.columns)
    parts = parts.with_columns(is_one=is_one).with_columns(
        pl.lit(None, pl.String).alias(name) for name in _ALL if name not in parts.columns
    )
    if family in ORDERS:
        d, m, y = {"dmy": "aby", "mdy": "bay", "ymd": "yba"}[order]
        parts = parts.with_columns(d=d, m=m, y=y)
    month = pl.col("name").replace_strict(
        list(_NUMBER_OF), list(_NUMBER_OF.values()), default=0, return_dtype=pl.Int64
    )
    whole = parts.select(
        "is_one", "half", "mark", "zone",
        *(pl.col(name).cast(pl.Int64, strict=False) for name in ("d", "h", "mi", "s", "q", "hy", "w", "wd")),
        is_padded=pl.col("h").str.len_chars() == 2,
        m=pl.coalesce(pl.when(pl.col("name").is_not_null()).then(month), pl.col("m").cast(pl.Int64, strict=False)),
        y=_year(),
        f=(pl.lit("0") + pl.col("f").str.replace("[,:]", ".")).cast(pl.Float64, strict=False),
    )  # fmt: skip
    if family.startswith("quarter"):
        whole = whole.with_columns(m=3 * pl.col("q") - 2)
    if family.startswith("half"):
        whole = whole.with_columns(m=6 * pl.col("hy") - 5)
    date = pl.concat_str(
        pl.col("y").fill_null(1970).cast(pl.String).str.zfill(4),
        pl.col("m").fill_null(1).cast(pl.String).str.zfill(2),
        pl.col("d").fill_null(1).cast(pl.String).str.zfill(2),
        separator="-",
    ).str.to_date("%Y-%m-%d", strict=False)
    if family.startswith("week"):
        date = _of_week()
    whole = whole.with_columns(date=date, h=_hour())
    is_clock = pl.any_horizontal(pl.col(name).is_not_null() for name in ("mi", "half", "mark"))
    if family != "time":
        is_clock |= pl.col("is_padded")  # an hour alone
    is_time = (
        (pl.col("h").is_null() | is_clock)
        & pl.col("h").fill_null(0).is_between(0, 24)
        & pl.col("mi").fill_null(0).is_between(0, 59)
        & pl.col("s").fill_null(0).is_between(0, 60)
    )
    seconds = (pl.col("h").fill_null(0) * 60 + pl.col("mi").fill_null(0) - _offset()) * 60 + pl.col(
        "s"
    ).fill_null(0)
    micros = seconds * 1_000_000 + (pl.col("f").fill_null(0.0) * 1e6).round().cast(pl.Int64)
    moment = pl.col("date").cast(pl.Datetime("us")) + pl.duration(microseconds=micros)
    is_known = pl.col("is_one") & is_time & pl.col("y").fill_null(1970).is_between(*YEARS)
    return whole.select(pl.when(is_known).then(moment).alias("moment")).to_series()


def _year() -> pl.Expr:
    """Return the year, of two digits from PIVOT on one of the 20th century."""
    import polars as pl

    digits = pl.col("y").str.strip_prefix("'")
    year = digits.cast(pl.Int64, strict=False)
    century = pl.when(year >= PIVOT).then(1900).otherwise(2000)
    return pl.when(digits.str.len_chars() <= 2).then(year + century).otherwise(year)


def _hour() -> pl.Expr:
    """Return the hour of a day, from one of half a day too."""
    import polars as pl

    hour, half = pl.col("h"), pl.col("half").str.head(1)
    return (
        pl.when((half == "p") & (hour < 12))
        .then(hour + 12)
        .when((half == "a") & (hour == 12))
        .then(0)
        .otherwise(hour)
    )


def _offset() -> pl.Expr:
    """Return the minutes by which a zone is ahead of UTC."""
    import polars as pl

    zone = pl.col("zone").str.replace(r"^(?:utc|gmt)([+-])", "${1}")
    digits = zone.str.replace_all(":", "", literal=True)
    hours, minutes = (
        digits.str.slice(start, 2).cast(pl.Int64, strict=False).fill_null(0) for start in (1, 3)
    )
    sign = pl.when(digits.str.starts_with("-")).then(-1).otherwise(1)
    is_number = digits.str.contains(r"^[+-]\d").fill_null(False)
    named = zone.replace_strict(
        list(ZONES), list(ZONES.values()), default=0, return_dtype=pl.Int64
    ).fill_null(0)
    return pl.when(is_number).then(sign * (hours * 60 + minutes)).otherwise(named)


def _of_week() -> pl.Expr:
    """Return the Monday, or the weekday told, of a week of ISO 8601: the first is the one with 4 January."""
    import polars as pl

    fourth = pl.concat_str(pl.col("y").cast(pl.String), pl.lit("-01-04")).str.to_date(
        "%Y-%m-%d", strict=False
    )
    days = 7 * (pl.col("w") - 1) + pl.col("wd").fill_null(1) - fourth.dt.weekday()
    return pl.when(pl.col("w").is_between(1, 53)).then(fourth + pl.duration(days=days))
