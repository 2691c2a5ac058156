"""Dates and times as people write them: the notation of a column, found by all of its texts together.

Day and month are told apart by the whole column: 25/03 has its day first, and so has all that stands in its column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from deltarule.errors import OptionError
from deltarule.spelling import plural
from deltarule.tables.notations import formats
from deltarule.tables.notations.characters import read_apart
from deltarule.tables.notations.families import ORDERS, PATTERNS, SHOWN, Order, small
from deltarule.tables.notations.parts import moments_by
from deltarule.tables.notations.shares import MOST, Cells
from deltarule.tables.notations.stamps import are_simple, read_simple

if TYPE_CHECKING:
    import polars as pl

FEW = 0.25
"""The share of the texts that must look like dates in one notation, so that dates are looked for at all."""
FIRST = 100
"""Texts that are looked at before all."""
FEWEST = 5
"""Different dates from which on their order tells day from month."""


@dataclass(frozen=True)
class Notation:
    """How the dates of a column are written: a family of `PATTERNS`, and the order of day, month and year.

    sign: what stands between them; `has_time`: whether any date has a time of day. also: another
    notation, for texts that are no dates in this one.

    >>> str(Notation("year last", "dmy", "."))
    '%d.%m.%Y'
    """

    family: str
    order: Order = "ymd"
    sign: str = "-"
    has_time: bool = False
    also: str = ""

    def __str__(self) -> str:
        if self.also:
            return f"{replace(self, also='')} or {self.also}"
        if self.family == "format":
            return self.sign
        parts = {"ymd": "%Y-%m-%d", "dmy": "%d-%m-%Y", "mdy": "%m-%d-%Y"}
        shown = SHOWN.get(self.family) or parts[self.order]
        return shown.replace("-", self.sign) + (" %H:%M" if self.has_time else "")

    def read(self, texts: pl.Series) -> pl.Series:
        """Return the moments that texts are, in UTC where they carry an offset; null where one is none."""
        if self.also:
            moments = replace(self, also="").read(texts)
            return moments.zip_with(moments.is_not_null(), notation_of(self.also).read(texts))
        if self.family == "format":
            return formats.read_by(texts, self.sign)
        return read_apart(
            texts,
            are_simple(texts, self.family, self.sign),
            lambda simple: read_simple(simple, self.family, self.order, self.sign),
            lambda others: moments_by(others, self.family, self.order),
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
    one = _found_in(texts, cells, known)
    if one is None or not one.values.null_count():
        return one or ""
    is_one = one.values.is_not_null()
    rest = Cells(texts.filter(~is_one), cells.weights[(~is_one).to_numpy()])
    also = _found_in(rest.texts, rest, None)
    if also is not None and rest.are_most(also.values.is_not_null().to_numpy()):
        both = _both(one, also, texts, int(rest.count(also.values.is_not_null().to_numpy())))
        first, second = (each.notation.family.partition(", day")[0] for each in (one, also))
        if first != second or is_told:
            one = both
        elif cells.are_most(both.values.is_not_null().to_numpy()) and not cells.are_most(is_one.to_numpy()):
            return (
                f"day and month stand in both orders, as in {texts.filter(is_one)[0]!r} and {rest.texts[0]!r}"
            )
    is_one = one.values.is_not_null().to_numpy()
    return one if cells.are_most(is_one) else cells.nearly(is_one, "dates")


def _both(one: Found, also: Found, texts: pl.Series, count: int) -> Found:
    """Return what is found of texts of which some are in another notation than most."""
    notation = replace(one.notation, also=str(also.notation))
    said = (f"in two notations, {plural(count, 'cell')} as {also.notation}", "category")
    other = None
    if one.other is not None:
        other = replace(one.other, also=str(also.notation))
    elif also.other is not None:
        other = replace(notation, also=str(also.other))
    return replace(one, notation=notation, values=notation.read(texts), other=other, said=(*one.said, said))


def _found_in(texts: pl.Series, cells: Cells, known: Order | None) -> Found | None:
    """Return the notation in which most of those texts are dates that are, if these are not too few."""
    some = small(cells.some(texts))
    if not cells.is_told and some.str.contains(r"\d").sum() < FEW * len(some):
        return None
    family = _family(some, is_told=cells.is_told)
    if some.str.contains(PATTERNS[family]).sum() < (0 if cells.is_told else FEW) * len(some):
        return None
    plain = small(texts)
    if not plain.str.contains(PATTERNS[family]).any():
        return None
    parts = cache(lambda: plain.str.extract_groups(PATTERNS[family]).struct.unnest())
    sign, has_time = _sign_and_time(plain, family, parts)
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
    other = next((each for each in best if not tried[each][1].equals(values, null_equal=True)), None)
    return Found(notation, values, tried[other][0] if other else None, how, _said(family, texts, plain))


def _said(family: str, texts: pl.Series, plain: pl.Series) -> tuple[tuple[str, str], ...]:
    """Return what times may be else, and months."""
    if family == "time" and _may_last(plain):
        return (("taken as times of day", f"number:{_clock(plain)}"),)
    if family == "name, year" and plain.str.contains(r"[^\d'](?:0?[1-9]|[12]\d|3[01])$").all():
        gap = re.sub(r"[\w']", "", plain[0])
        return ((f"{texts[0]!r} taken as a month of a year, and not as a day of one", f"date:%B{gap}%d"),)
    return ()


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
    few = texts.head(FIRST)  # which tell most columns
    return any(bool(few.str.contains(each).all() and texts.str.contains(each).all()) for each in patterns)


def notation_of(text: str) -> Notation:
    """Return the notation that a format is: one of those that are found, "epoch", "excel", or any of strptime.

    >>> notation_of("%d.%m.%Y").family, notation_of("%j of %Y").family
    ('year last', 'format')
    """
    first, _, also = text.partition(" or ")
    if also:
        return replace(notation_of(first.strip()), also=str(notation_of(also.strip())))
    for family in PATTERNS:
        for order in _orders(family):
            for sign in ("",) if family == "compact last" else "-/. _:":
                for has_time in (False, True):
                    if str(one := Notation(family, order, sign, has_time)) == text:
                        return one
    if not formats.is_known(text):
        raise OptionError(
            f"{text!r} is no notation of dates; write one such as %d/%m/%Y, or epoch for seconds since 1970."
        )
    return Notation("format", sign=text)
