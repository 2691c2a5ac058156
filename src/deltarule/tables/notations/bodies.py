"""Bodies: the parts of a text that is a number: its digits, a sign, a power, a multiple, a currency or unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deltarule.tables.notations.characters import fractions, plain
from deltarule.tables.notations.measures import CURRENCIES, MULTIPLES

if TYPE_CHECKING:
    import polars as pl

_CURRENCY = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|{'|'.join(re.escape(code) for code in CURRENCIES)})"
_SCALE = rf"(?i:{'|'.join(sorted(MULTIPLES, key=len, reverse=True))})"
_UNIT = r"(?:%|‰|[\p{L}µ°\"][\p{L}./²³·*^°µ%-]{0,11}[23]?(?:/\d{1,3}\p{L}{1,4}| [\p{L}./²³]{1,12})?|/ ?\p{L}{1,8})"
_POWER = r"[eE][+-]?\d{1,3}|[dD][+-]\d{2,3}| ?[x×·*] ?10\^?[+-]?\d{1,3}| ?[x×·*] ?10[⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}"
_RAISED = dict(zip("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789", strict=True))

NO_UNITS = ("am", "pm", "a.m", "p.m", "uhr")
"""What may stand after digits and makes no number of them."""
PATTERN = (
    rf"^(?P<open>\()?(?P<sign>[+-] ?)?(?P<before>{_CURRENCY})? ?(?P<second>\()?(?P<inner>[+-] ?)?"
    rf"(?P<body>[.,]?\d(?:[\d.,']| \d)*)(?P<power>{_POWER})?"
    rf"(?: ?(?P<scale>{_SCALE})\.? ?(?P<money>{_CURRENCY})| ?(?P<after>{_CURRENCY}|{_UNIT}))?"
    rf"(?P<last> ?-)?(?P<close>\))?(?: ?(?P<outer>{_CURRENCY}|%))?$"
)
"""A number with all that may stand beside it, as a regular expression of Polars, over texts in plain characters."""


def amounts(texts: pl.Series) -> pl.Series:
    """Return texts in plain characters, with fractions as decimals, and cents and the like that are not written."""
    whole = fractions(plain(texts)).str.replace(r"^(.*\d[.,])-{1,2}(\D*)$", "${1}00${2}")  # 12,- and 5.--
    return whole.str.replace(r"^(.*\d)[/:]-(\D*)$", "${1}${2}")  # 500/- and 99:-


def parts_of(texts: pl.Series) -> pl.DataFrame:
    """Return the parts of texts: body, power, unit, factor, is_negative; nulls where a text is no number."""
    import polars as pl

    parts = amounts(texts).str.extract_groups(PATTERN).struct.unnest()
    signs = [pl.col(name).str.strip_chars() for name in ("sign", "inner", "last")]
    opened = pl.sum_horizontal(pl.col(name).is_not_null() for name in ("open", "second"))
    count = pl.sum_horizontal(sign.is_not_null() for sign in signs)
    after = pl.col("after").str.strip_chars_end(".").fill_null("")
    per = pl.when(after.str.starts_with("/")).then(after).otherwise(pl.lit(""))  # $50/month
    has_both = pl.col("before").is_not_null() & (after != "") & (per == "")
    scale = pl.coalesce("scale", pl.when(has_both).then(after))
    money = pl.coalesce("before", "money", "outer") + per
    size = scale.str.to_lowercase().replace_strict(
        list(MULTIPLES), list(MULTIPLES.values()), default=None, return_dtype=pl.Float64
    )
    named = pl.sum_horizontal(pl.col(name).is_not_null() for name in ("before", "money", "outer"))
    is_one = (named <= 1) & (scale.is_null() | size.is_not_null()) & ~after.str.to_lowercase().is_in(NO_UNITS)
    is_number = (opened == pl.col("close").is_not_null().cast(pl.UInt32)) & (count + opened <= 1) & is_one
    power = (
        pl.col("power")
        .str.replace(r"^ ?[x×·*] ?10\^?|^[dD]", "e")
        .str.replace_many(list(_RAISED), list(_RAISED.values()))
    )
    return parts.select(
        body=pl.when(is_number & (pl.col("outer").is_null() | (after == ""))).then("body"),
        power=power,
        unit=pl.coalesce(money, after),
        factor=size.fill_null(1.0),
        is_negative=(opened > 0) | pl.any_horizontal((sign == "-").fill_null(False) for sign in signs),
        is_minus_last=pl.col("last").is_not_null(),
        is_bracketed=opened > 0,
    )
