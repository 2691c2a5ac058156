"""Dates and times as people write them: the notation of a column, found by all of its texts together.

Day and month are told apart by the whole column: 25/03 has its day first, and so has all that stands in its column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from deltarule.errors import OptionError
from deltarule.tables.calendars import ACCENTS, EAST, WEEKDAYS, ZONES, month_names
from deltarule.tables.characters import plain, read_apart
from deltarule.tables.shares import HALF, MOST, Cells
from deltarule.tables.stamps import UNTOUCHED, are_simple, read_simple

if TYPE_CHECKING:
    import polars as pl

PIVOT = 69
"""Years of two digits from this on are of the 20th century, as POSIX has it."""
YEARS = 1000, 2999
"""The first and last year that one is taken for."""
EPOCHS = {"epoch": 1e6, "epoch ms": 1e3}
"""Notations that are never guessed, and how many microseconds their units have."""
FEW = 100
"""Texts that are looked at before all."""
FEWEST = 5
"""Different dates from which on their order tells day from month."""

Order: TypeAlias = Literal["ymd", "dmy", "mdy"]

_Y, _M, _D = r"(?P<y>\d{4}|'?\d{2})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.)?"
_NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
_SEP = r"[-/. _]\s?"
_DAY = rf"(?:(?:{WEEKDAYS})[^\W\d_]{{0,7}}\.?,? )?"
_ZONE = rf"(?P<zone>(?:utc|gmt)?[+-]\d{{2}}:?(?:\d{{2}})?|{'|'.join(sorted(ZONES, key=len, reverse=True))})"
_CLOCK = (
    r"(?P<h>\d{1,2})(?:[:.h](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?P<f>[.,]\d{1,9})?)?)?"
    rf"(?: ?(?P<half>[ap]\.?m\.?))?(?P<mark> ?(?:h|hrs|uhr))?(?: ?{_ZONE})?(?:\[[\w/]+\])?"
)
_TIME = rf"(?:(?:[t :]|, ?| at | um | - ){_CLOCK})?"
_WEEK = r"(?:w|kw|cw|wk|week)[- ]?(?P<w>\d{1,2})"
PATTERNS: dict[str, str] = {
    "year first": rf"^{_DAY}(?P<y>\d{{4}})(?P<sep>{_SEP}){_M}{_SEP}{_D}{_TIME}$",
    "compact": (
        r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:[t _]?(?P<h>\d{2}):?(?P<mi>\d{2})(?::?(?P<s>\d{2}))?(?P<zone>z)?)?$"
    ),
    "year last": rf"^{_DAY}(?P<a>\d{{1,2}})(?P<sep>{_SEP})(?P<b>\d{{1,2}}){_SEP}{_Y}{_TIME}$",
    "compact last": r"^(?P<a>\d{2})(?P<b>\d{2})(?P<y>(?:19|20)\d{2})$",
    "day, name": rf"^{_DAY}{_D}(?: of | de |[-/. ]? ?){_NAME}(?:[-/., ]{{0,2}}| del? ){_Y}{_TIME}$",
    "name, day": rf"^{_DAY}{_NAME}[-/. ]{_D},?[-/ ]{_Y}{_TIME}$",
    "year, name": rf"^(?P<y>\d{{4}})[-/. ]{_NAME}(?:[-/. ]{_D})?{_TIME}$",
    "month": r"^(?P<y>\d{4})(?:[-/. ]| ?m)(?P<m>\d{1,2})$",
    "compact month": r"^(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])$",
    "month, year": r"^(?P<m>\d{1,2})[-/.](?P<y>\d{4})$",
    "name, year": rf"^{_NAME}(?:[-/., ]{{0,2}}| del? )(?P<y>\d{{4}}|'?\d{{2}})$",
    "week": rf"^(?P<y>\d{{4}})[-/. ]? ?{_WEEK}(?:-?(?P<wd>[1-7]))?$",
    "week, year": rf"^{_WEEK}[-/ ,]{{1,2}}'?(?P<y>\d{{4}}|\d{{2}})$",
    "quarter": r"^(?P<y>\d{4})[-/. :_]? ?(?:q|t|qtr|quarter) ?(?P<q>[1-4])$",
    "quarter, year": r"^(?:q|t|qtr|quarter) ?(?P<q>[1-4])[-/ ,]{1,2}'?(?P<y>\d{4}|\d{2})$",
    "quarter first": r"^(?P<q>[1-4])(?:\.|st|nd|rd|th)? ?(?:q|quarter|quartal)[-/ ']{0,2}(?P<y>\d{4}|\d{2})$",
    "half": r"^(?P<y>\d{4})[-/. :_]?h(?P<hy>[12])$",
    "half, year": r"^h(?P<hy>[12])[-/ ]'?(?P<y>\d{4}|\d{2})$",
    "time": rf"^{_CLOCK}$",
    "any precision": rf"^(?P<y>\d{{4}})(?:(?P<sep>[-/.])(?P<m>\d{{1,2}})(?:[-/.]{_D}{_TIME})?)?$",
}
"""By its name, a family of notations, as a regular expression over texts in lower case without accents."""
ORDERS: dict[str, tuple[Order, ...]] = {"year last": ("dmy", "mdy", "ymd"), "compact last": ("dmy", "mdy")}
"""Families whose parts may stand for day, month and year in several orders."""
_SHOWN = {
    "year first": "%Y-%m-%d", "any precision": "%Y[-%m[-%d]]", "compact": "%Y%m%d", "day, name": "%d %b %Y",
    "name, day": "%b %d, %Y", "year, name": "%Y %b %d", "month": "%Y-%m", "compact month": "%Y%m",
    "month, year": "%m/%Y", "name, year": "%b %Y", "week": "%G-W%V", "week, year": "W%V %G", "quarter": "%YQ%q",
    "quarter, year": "Q%q %Y", "quarter first": "%qQ%Y", "half": "%YH%h", "half, year": "H%h %Y", "time": "%H:%M",
}  # fmt: skip
_NUMBER_OF = month_names()
_CTIME = r"^(.*) (\d{1,2}:\d{2}(?::\d{2})?)( [a-z]{3,4})? (\d{4})( [+-]\d{4})?$"
_TIME_FIRST = r"^(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?),? (.*[-/. ]\d.*)$"


@dataclass(frozen=True)
class Notation:
    """How the dates of a column are written: a family of `PATTERNS`, and the order of day, month and year.

    sign: what stands between them; `has_time`: whether any date has a time of day.

    >>> str(Notation("year last", "dmy", "."))
    '%d.%m.%Y'
    """

    family: str
    order: Order = "ymd"
    sign: str = "-"
    has_time: bool = False

    def __str__(self) -> str:
        if self.family == "format":
            return self.sign
        parts = {"ymd": "%Y-%m-%d", "dmy": "%d-%m-%Y", "mdy": "%m-%d-%Y"}
        shown = _SHOWN.get(self.family) or parts[self.order]
        return shown.replace("-", self.sign) + (" %H:%M" if self.has_time else "")

    def read(self, texts: pl.Series) -> pl.Series:
        """Return the moments that texts are, in UTC where they carry an offset; null where one is none."""
        if self.family == "format":
            return _by_format(texts, self.sign)
        return read_apart(
            texts,
            are_simple(texts, self.family, self.sign),
            lambda simple: read_simple(simple, self.family, self.order, self.sign),
            lambda others: _moments(others, self),
        )


@dataclass(frozen=True)
class Found:
    """The notation of a column's texts, and a moment for each of them, null where it is none.

    other: another order in which all would be dates too, where the texts do not tell. how: what the choice rests on.
    said: what else a reader should know, and what the column would be else, as `--set` takes it.
    """

    notation: Notation
    values: pl.Series
    other: Notation | None = None
    how: str = ""
    said: tuple[tuple[str, str], ...] = ()


def found(
    texts: pl.Series, *, weights: pl.Series | None = None, known: Order | None = None, is_told: bool = False
) -> Found | str:
    """Return the notation in which most of a column's texts are dates, or why it is none of dates.

    The reason is nothing where they do not look like dates.

    Parameters
    ----------
    texts
        Polars strings, different from each other, without blanks at their ends and without what means missing.
    weights
        How many cells each text has; left out, one.
    known
        The order that other columns of the table have, which tells where the texts do not.
    is_told
        Whether somebody says that it is a column of dates: then some of the texts are enough.
    """
    cells = Cells.of(texts, weights, is_told)
    some = _small(cells.some(texts))
    if not is_told and some.str.contains(r"\d").sum() < HALF * len(some):
        return ""
    family = _family(some, is_told=is_told)
    if some.str.contains(PATTERNS[family]).sum() < (0 if is_told else HALF) * len(some):
        return ""
    small = _small(texts)
    is_one = small.str.contains(PATTERNS[family]).to_numpy()
    if not is_one.any():
        return ""
    if not cells.are_most(is_one):
        values = Notation(family, _orders(family)[0]).read(texts)
        return cells.nearly(values.is_not_null().to_numpy(), "dates")
    parts = cache(lambda: small.str.extract_groups(PATTERNS[family]).struct.unnest())
    sign, has_time = _sign_and_time(small, family, parts)
    orders = _orders(family)
    tried = {
        order: (
            one := Notation(family, order, "" if family == "compact last" else sign, has_time),
            one.read(texts),
        )
        for order in orders
    }
    counts = {order: cells.count(values.is_not_null().to_numpy()) for order, (_, values) in tried.items()}
    best: list[Order] = [order for order in orders if counts[order] == max(counts.values())]
    shown, how, usual = None, "", "mdy" if sign == "/" else "dmy"
    if len(best) > 1:
        best = _with_likely_years(best, parts())
        shown, how = (
            _shown({order: tried[order][1] for order in best}, parts()) if len(best) > 1 else (None, "")
        )
    if shown is None and known in best:
        how = f"as another column has {known}"
    order = next(each for each in (shown, known, usual, *best) if each in best)
    notation, values = tried[order]
    is_one = values.is_not_null().to_numpy()
    if not cells.are_most(is_one):
        return cells.nearly(is_one, "dates")
    other = next((each for each in best if not tried[each][1].equals(values, null_equal=True)), None)
    said = (
        (("taken as times of day", f"number:{_clock(small)}"),)
        if family == "time" and _may_last(small)
        else ()
    )
    return Found(notation, values, tried[other][0] if other else None, how, said)


def _sign_and_time(small: pl.Series, family: str, parts: Callable[[], pl.DataFrame]) -> tuple[str, bool]:
    """Return what stands between the parts of most dates, and whether any has a time of day."""
    sign = re.sub(r"^\d+", "", small[0])[:1]
    if are_simple(small, family, sign).all():
        return sign, bool(small.str.contains(":", literal=True).any())
    columns = parts().columns
    signs: list[str] = parts()["sep"].drop_nulls().mode().sort().to_list() if "sep" in columns else []
    has_time = "h" in columns and family != "time" and parts()["h"].is_not_null().any()
    return (signs[0].strip() or " ") if signs else "-", has_time


def _may_last(small: pl.Series) -> bool:
    """Return whether times of day may be durations: hours have one digit, and no half of the day."""
    return bool(small.str.contains(r"^\d:\d\d").any() and not small.str.contains(r"^0\d:|m\.?$").any())


def _clock(small: pl.Series) -> str:
    return "h:mm:ss" if small.str.contains(r"^\d+:\d\d:").any() else "m:ss"


def _orders(family: str) -> tuple[Order, ...]:
    return ORDERS.get(family, ("ymd",))


def _family(small: pl.Series, *, is_told: bool) -> str:
    """Return the family that most texts are in; of several, the one in which most are dates."""
    texts: list[str] = small.to_list()
    counts = {name: sum(map(bool, map(pattern.match, texts))) for name, pattern in _compiled().items()}
    if not is_told and 2 * sum(text.isdigit() for text in texts) > len(texts):  # years alone are numbers
        counts["any precision"] = 0
    best = [name for name, count in counts.items() if count == max(counts.values())]
    if len(best) == 1 or not counts[best[0]]:
        return best[0]
    return min(best, key=lambda name: Notation(name, _orders(name)[0]).read(small).null_count())


@cache
def _compiled() -> dict[str, re.Pattern[str]]:
    """Return the patterns compiled for some texts; Polars keeps few, and would compile them anew for each column."""
    return {name: re.compile(pattern) for name, pattern in PATTERNS.items()}


def _with_likely_years(orders: list[Order], parts: pl.DataFrame) -> list[Order]:
    """Return the orders in which years of two digits vary no more than days."""
    if "ymd" not in orders:
        return orders
    first, last = (parts[name].drop_nulls().n_unique() for name in ("a", "y"))
    if first >= max(3 * last, FEWEST):
        return [order for order in orders if order != "ymd"]
    return ["ymd"] if last >= max(3 * first, FEWEST) else orders


def _shown(tried: dict[Order, pl.Series], parts: pl.DataFrame) -> tuple[Order | None, str]:
    """Return the order that a column's dates themselves show, by their rows or by months alone, and how."""
    first, second = (parts[name].drop_nulls().cast(int) for name in ("a", "b"))
    for order, one, other in (("dmy", first, second), ("mdy", second, first)):
        if order in tried and (one == 1).all() and other.n_unique() >= FEWEST:
            return order, "as they are the first days of months so"
    moments = {order: values.drop_nulls() for order, values in tried.items()}
    is_sorted = {order: one.is_sorted() or one.is_sorted(descending=True) for order, one in moments.items()}
    if sum(is_sorted.values()) == 1 and len(parts) >= FEWEST:
        return next(order for order in tried if is_sorted[order]), "as the rows are in order so"
    return None, ""


_COMPACT = (
    r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?$",
    r"^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d{2}$",
    r"^(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d{2}$",
)
_COMPACT_MONTHS = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])$", r"^(?:0?[1-9]|1[0-2])\.(?:19|20)\d{2}$"


def are_compact(texts: pl.Series) -> bool:
    """Return whether all texts of digits, which most are, are a day or a month of 1900 to 2099: that is no accident."""
    count = len(texts)
    texts = texts.filter(texts.str.contains(r"^\d+\.?\d+$"))
    if not count or len(texts) < MOST * count:
        return False
    patterns = (*_COMPACT, *(_COMPACT_MONTHS if len(texts) > 1 else ()))
    few = texts.head(FEW)  # which tell most columns
    return any(bool(few.str.contains(each).all() and texts.str.contains(each).all()) for each in patterns)


def _small(texts: pl.Series) -> pl.Series:
    """Return texts in small plain letters, with the time of day behind the date."""
    if texts.str.contains(UNTOUCHED).all():
        return texts.str.to_lowercase()
    east = (
        plain(texts)
        .str.to_lowercase()
        .str.replace_many([*ACCENTS, *EAST], [*ACCENTS.values(), *EAST.values()])
    )
    return (
        east.str.replace_all(r" +", " ")
        .str.strip_chars_end("-: ")
        .str.replace(rf"^(.*\d[-/.]\d.*\d),? \(?(?:{WEEKDAYS})[a-z]{{0,7}}\.?\)?$", "${1}")
        .str.replace(r"(\d) г\.?$", "${1}")  # "of the year", in Russian
        .str.replace(_CTIME, "${1} ${4} ${2}${5}${3}")
        .str.replace(_TIME_FIRST, "${2} ${1}")
    )


def notation_of(text: str) -> Notation:
    """Return the notation that a format is: one of those that are found, "epoch", "epoch ms", or any of strptime.

    >>> notation_of("%d.%m.%Y").family, notation_of("%j of %Y").family
    ('year last', 'format')
    """
    for family in PATTERNS:
        for order in _orders(family):
            for sign in ("",) if family == "compact last" else "-/. _":
                for has_time in (False, True):
                    if str(one := Notation(family, order, sign, has_time)) == text:
                        return one
    if text not in EPOCHS and "%" not in text:
        raise OptionError(
            f"{text!r} is no notation of dates; write one such as %d/%m/%Y, or epoch for seconds since 1970."
        )
    return Notation("format", sign=text)


_ALL = ["y", "m", "d", "a", "b", "name", "q", "hy", "w", "wd", "h", "mi", "s", "f", "half", "mark", "zone"]


def _moments(texts: pl.Series, notation: Notation) -> pl.Series:
    """Return the moments that texts are: each part as a whole number, then a date of these, then the time of day."""
    import polars as pl

    parts = _small(texts).str.extract_groups(PATTERNS[notation.family]).struct.unnest()
    is_one = pl.any_horizontal(pl.col(name).is_not_null() for name in parts.columns)
    parts = parts.with_columns(is_one=is_one).with_columns(
        pl.lit(None, pl.String).alias(name) for name in _ALL if name not in parts.columns
    )
    if notation.family in ORDERS:
        d, m, y = {"dmy": "aby", "mdy": "bay", "ymd": "yba"}[notation.order]
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
        f=(pl.lit("0") + pl.col("f").str.replace(",", ".", literal=True)).cast(pl.Float64, strict=False),
    )  # fmt: skip
    if notation.family.startswith("quarter"):
        whole = whole.with_columns(m=3 * pl.col("q") - 2)
    if notation.family.startswith("half"):
        whole = whole.with_columns(m=6 * pl.col("hy") - 5)
    date = pl.concat_str(
        pl.col("y").fill_null(1970).cast(pl.String).str.zfill(4),
        pl.col("m").fill_null(1).cast(pl.String).str.zfill(2),
        pl.col("d").fill_null(1).cast(pl.String).str.zfill(2),
        separator="-",
    ).str.to_date("%Y-%m-%d", strict=False)
    if notation.family.startswith("week"):
        date = _of_week()
    whole = whole.with_columns(date=date, h=_hour())
    is_clock = pl.any_horizontal(pl.col(name).is_not_null() for name in ("mi", "half", "mark"))
    if notation.family != "time":
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


def _by_format(texts: pl.Series, text: str) -> pl.Series:
    import polars as pl

    if text in EPOCHS:
        return (texts.cast(pl.Float64, strict=False) * EPOCHS[text]).cast(pl.Int64).cast(pl.Datetime("us"))
    dates = texts.str.to_date(text, strict=False).cast(pl.Datetime("us"))
    if dates.null_count() < len(dates):
        return dates
    return texts.str.to_datetime(text, strict=False, time_unit="us")


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
