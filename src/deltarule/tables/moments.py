"""Dates and times as people write them: the notation of a column, found by all of its texts together.

Day and month are told apart by the whole column: 25/03 has its day first, and so has all that stands in its column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError

if TYPE_CHECKING:
    import polars as pl

MOST = 0.9
"""Where at least this share of a column's texts are dates in one notation, it is a column of dates."""
PIVOT = 69
"""Years of two digits from this on are of the 20th century, as POSIX has it."""
YEARS = 1000, 2999
"""The first and last year that one is taken for."""
MONTHS = (
    "jan january januar janvier enero gennaio januari",
    "feb february februar fevrier febrero febbraio februari",
    "mar march marz maerz mars marzo maart mrz",
    "apr april avril abril aprile avr abr",
    "may mai mayo maggio mei",
    "jun june juni juin junio giugno",
    "jul july juli juillet julio luglio",
    "aug august aout agosto augustus ago",
    "sep sept september septembre septiembre settembre set",
    "oct october oktober octobre octubre ottobre okt",
    "nov november novembre noviembre",
    "dec december dezember decembre diciembre dicembre dez dic",
)
"""Names of the months without accents: English, German, French, Spanish, Italian, Dutch."""
_NUMBER_OF = {name: month for month, names in enumerate(MONTHS, 1) for name in names.split()}
_ACCENTS = dict(zip("äáàâéèêëíïóöôúüûç", "aaaaeeeeiiooouuuc", strict=True))

EPOCHS = {"epoch": 1e6, "epoch ms": 1e3}
"""Notations that are never guessed, and how many microseconds their units have."""

Order: TypeAlias = Literal["ymd", "dmy", "mdy"]

_Y, _M, _D = r"(?P<y>\d{4}|'?\d{2})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?"
_NAME = r"(?P<name>[\p{L}]{3,10})\.?"
_SEP = r"[-/. ]\s?"
_DAY = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim)[\p{L}]{0,7}\.?,? )?"
)
_TIME = (
    r"(?:(?:[t ]|, ?| at )(?P<h>\d{1,2})[:.h](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?P<f>[.,]\d{1,9})?)?"
    r"(?: ?(?P<half>[ap]\.?m\.?))? ?(?P<zone>z|utc|gmt|[+-]\d{2}:?(?:\d{2})?)?)?"
)
PATTERNS: dict[str, str] = {
    "year first": rf"^{_DAY}(?P<y>\d{{4}})(?P<sep>{_SEP}){_M}{_SEP}{_D}{_TIME}$",
    "compact": (
        r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:[t _]?(?P<h>\d{2}):?(?P<mi>\d{2})(?::?(?P<s>\d{2}))?(?P<zone>z)?)?$"
    ),
    "year last": rf"^{_DAY}(?P<a>\d{{1,2}})(?P<sep>{_SEP})(?P<b>\d{{1,2}}){_SEP}{_Y}{_TIME}$",
    "day, name": rf"^{_DAY}{_D}(?: of)?[-/. ]? ?{_NAME}[-/., ]{{0,2}}{_Y}{_TIME}$",
    "name, day": rf"^{_DAY}{_NAME}[-/. ]{_D},?[-/ ]{_Y}{_TIME}$",
    "year, name": rf"^(?P<y>\d{{4}})[-/. ]{_NAME}(?:[-/. ]{_D})?{_TIME}$",
    "month": r"^(?P<y>\d{4})(?:[-/. ]| ?m)(?P<m>\d{1,2})$",
    "month, year": r"^(?P<m>\d{1,2})[-/](?P<y>\d{4})$",
    "name, year": rf"^{_NAME}[-/., ]{{0,2}}(?P<y>\d{{4}}|'?\d{{2}})$",
    "week": r"^(?P<y>\d{4})[-/. ]?w(?P<w>\d{1,2})(?:-?(?P<wd>[1-7]))?$",
    "quarter": r"^(?P<y>\d{4})[-/. ]?q(?P<q>[1-4])$",
    "quarter, year": r"^q(?P<q>[1-4])[-/ ]?'?(?P<y>\d{4}|\d{2})$",
    "time": r"^(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?P<f>[.,]\d{1,9})?)?(?: ?(?P<half>[ap]\.?m\.?))?$",
}
"""By its name, a family of notations, as a regular expression of Polars over texts in lower case without accents."""
_SHOWN = {
    "year first": "%Y-%m-%d", "compact": "%Y%m%d", "day, name": "%d %b %Y", "name, day": "%b %d, %Y",
    "year, name": "%Y %b %d", "month": "%Y-%m", "month, year": "%m/%Y", "name, year": "%b %Y",
    "week": "%G-W%V", "quarter": "%YQ%q",
    "quarter, year": "Q%q %Y", "time": "%H:%M",
}  # fmt: skip


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
        return _by_format(texts, self.sign) if self.family == "format" else _moments(texts, self)


@dataclass(frozen=True)
class Found:
    """The notation of a column's texts, and a moment for each of them, null where it is none.

    other: another order in which all would be dates too, where the texts do not tell.
    """

    notation: Notation
    values: pl.Series
    other: Notation | None = None


def found(
    texts: pl.Series,
    *,
    weights: NDArray[np.int64] | None = None,
    known: Order | None = None,
    is_told: bool = False,
) -> Found | None:
    """Return the notation in which most of a column's texts are dates, or nothing.

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
    weigh = np.ones(len(texts), np.int64) if weights is None else weights
    plain = _plain(texts)
    shares = {
        name: float(weigh[plain.str.contains(pattern).to_numpy()].sum()) for name, pattern in PATTERNS.items()
    }
    family = max(shares, key=lambda name: shares[name])
    least = 0.0 if is_told else MOST * weigh.sum()
    if shares[family] < least or shares[family] == 0:
        return None
    parts = plain.str.extract_groups(PATTERNS[family]).struct.unnest()
    sign = (parts["sep"].drop_nulls().mode()[0].strip() or " ") if "sep" in parts.columns else "-"
    has_time = "h" in parts.columns and family != "time" and parts["h"].is_not_null().any()
    orders: list[Order] = ["dmy", "mdy", "ymd"] if family == "year last" else ["ymd"]
    tried = {order: (one := Notation(family, order, sign, has_time), one.read(texts)) for order in orders}
    counts = {
        order: float(weigh[values.is_not_null().to_numpy()].sum()) for order, (_, values) in tried.items()
    }
    best = [order for order in orders if counts[order] == max(counts.values())]
    usual: Order = "mdy" if sign == "/" else "dmy"
    order = next(each for each in (known, usual, *best) if each in best)
    if counts[order] < least or counts[order] == 0:
        return None
    notation, values = tried[order]
    other = next((each for each in best if not tried[each][1].equals(values, null_equal=True)), None)
    return Found(notation, values, tried[other][0] if other else None)


def are_compact(texts: pl.Series) -> bool:
    """Return whether all texts are eight digits that are a day of 1900 to 2099, which is no accident."""
    fits = texts.str.contains(r"^(?:19|20)\d{6}$").all()
    return bool(len(texts)) and fits and not texts.str.to_date("%Y%m%d", strict=False).has_nulls()


def _plain(texts: pl.Series) -> pl.Series:
    lower = texts.str.to_lowercase().str.replace_many(list(_ACCENTS), list(_ACCENTS.values()))
    return (
        lower.str.replace_all(r"[\u00a0\u2009\u202f]", " ")
        .str.replace_all(r"[\u2010-\u2015\u2212]", "-")
        .str.strip_chars()
    )


def notation_of(text: str) -> Notation:
    """Return the notation that a format is: one of those that are found, "epoch", "epoch ms", or any of strptime.

    >>> notation_of("%d.%m.%Y").family, notation_of("%j of %Y").family
    ('year last', 'format')
    """
    for family in PATTERNS:
        orders: tuple[Order, ...] = ("dmy", "mdy", "ymd") if family == "year last" else ("ymd",)
        for order in orders:
            for sign in "-/. ":
                for has_time in (False, True):
                    if str(one := Notation(family, order, sign, has_time)) == text:
                        return one
    if text not in EPOCHS and "%" not in text:
        raise OptionError(
            f"{text!r} is no notation of dates; write one such as %d/%m/%Y, or epoch for seconds since 1970."
        )
    return Notation("format", sign=text)


_ALL = ["y", "m", "d", "a", "b", "name", "q", "w", "wd", "h", "mi", "s", "f", "half", "zone"]


def _moments(texts: pl.Series, notation: Notation) -> pl.Series:
    """Return the moments that texts are: each part as a whole number, then a date of these, then the time of day."""
    import polars as pl

    parts = _plain(texts).str.extract_groups(PATTERNS[notation.family]).struct.unnest()
    is_one = pl.any_horizontal(pl.col(name).is_not_null() for name in parts.columns)
    parts = parts.with_columns(is_one=is_one).with_columns(
        pl.lit(None, pl.String).alias(name) for name in _ALL if name not in parts.columns
    )
    if notation.family == "year last":
        d, m, y = {"dmy": "aby", "mdy": "bay", "ymd": "yba"}[notation.order]
        parts = parts.with_columns(d=d, m=m, y=y)
    month = pl.col("name").replace_strict(
        list(_NUMBER_OF), list(_NUMBER_OF.values()), default=0, return_dtype=pl.Int64
    )
    whole = parts.select(
        "is_one", "half", "zone",
        *(pl.col(name).cast(pl.Int64, strict=False).alias(name) for name in ("d", "h", "mi", "s", "q", "w", "wd")),
        m=pl.coalesce(pl.when(pl.col("name").is_not_null()).then(month), pl.col("m").cast(pl.Int64, strict=False)),
        y=_year(),
        f=(pl.lit("0") + pl.col("f").str.replace(",", ".", literal=True)).cast(pl.Float64, strict=False),
    )  # fmt: skip
    if notation.family.startswith("quarter"):
        whole = whole.with_columns(m=3 * pl.col("q") - 2)
    date = pl.concat_str(
        pl.col("y").fill_null(1970).cast(pl.String).str.zfill(4),
        pl.col("m").fill_null(1).cast(pl.String).str.zfill(2),
        pl.col("d").fill_null(1).cast(pl.String).str.zfill(2),
        separator="-",
    ).str.to_date("%Y-%m-%d", strict=False)
    if notation.family == "week":
        date = _of_week()
    whole = whole.with_columns(date=date, h=_hour())
    is_time = (
        pl.col("h").fill_null(0).is_between(0, 24)
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

    digits = pl.col("zone").str.replace_all(":", "", literal=True)
    hours, minutes = (
        digits.str.slice(start, 2).cast(pl.Int64, strict=False).fill_null(0) for start in (1, 3)
    )
    sign = pl.when(digits.str.starts_with("-")).then(-1).otherwise(1)
    is_number = digits.str.contains(r"^[+-]\d").fill_null(False)
    return pl.when(is_number).then(sign * (hours * 60 + minutes)).otherwise(0)


def _of_week() -> pl.Expr:
    """Return the Monday, or the weekday told, of a week of ISO 8601: the first is the one with 4 January."""
    import polars as pl

    fourth = pl.concat_str(pl.col("y").cast(pl.String), pl.lit("-01-04")).str.to_date(
        "%Y-%m-%d", strict=False
    )
    days = 7 * (pl.col("w") - 1) + pl.col("wd").fill_null(1) - fourth.dt.weekday()
    return pl.when(pl.col("w").is_between(1, 53)).then(fourth + pl.duration(days=days))
