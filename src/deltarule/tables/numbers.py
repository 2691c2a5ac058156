"""Numbers as people write them: the notation of a column, found by all of its texts together, and the numbers by it.

A text is a sign, a body of digits, and what stands beside it: a currency, a percent sign, a unit.

    (1.234,50 €)  ->  minus; 1234.50 by thousands "." and decimal ","; €
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError

if TYPE_CHECKING:
    import polars as pl

MOST = 0.9
"""Where at least this share of a column's texts are numbers in one notation, it is a column of numbers."""
EXACT = 2**53
"""Whole numbers beyond this do not come back from float64."""

_BLANKS = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"
_MINUSES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d"
_QUOTES = "\u2018\u2019\u02bc\u00b4\u2032`"
_ZEROS = "\uff10\u0660\u06f0\u0966"
"""The zeros of other digits that are read: full width, Arabic, Persian, Devanagari."""
_PLAIN = {
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys(_MINUSES, "-"),
    **dict.fromkeys(_QUOTES, "'"),
    **{chr(ord(zero) + n): str(n) for zero in _ZEROS for n in range(10)},
    "\uff0b": "+",
    "\u066b": ",",
    "\u066c": "'",
}
"""By a character, the plain one that means the same in a number."""

_CODES = [
    "AED",
    "ARS",
    "AUD",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CZK",
    "DKK",
    "EUR",
    "GBP",
    "HKD",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "JPY",
    "KRW",
    "MXN",
    "MYR",
    "NOK",
    "NZD",
    "PHP",
    "PLN",
    "RON",
    "RUB",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TRY",
    "TWD",
    "UAH",
    "USD",
    "VND",
    "ZAR",
    "Fr.",
    "kr",
    "kr.",
    "Kč",
    "zł",
    "Ft",
    "Rs",
    "Rs.",
]
_CURRENCY = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|{'|'.join(re.escape(code) for code in _CODES)})"
_UNIT = r"(?:%|‰|[\p{L}µ°\"][\p{L}./²³·*^°µ%-]{0,11}[23]?(?: [\p{L}./²³]{1,12})?)"

PATTERN = (
    rf"^(?P<open>\()?(?P<sign>[+-] ?)?(?P<before>{_CURRENCY})? ?(?P<inner>[+-])?"
    rf"(?P<body>[.,]?\d(?:[\d.,']| \d)*)(?P<power>[eE][+-]?\d{{1,3}})?"
    rf" ?(?P<after>{_CURRENCY}|{_UNIT})?(?P<last>-)?(?P<close>\))?$"
)
"""A number with all that may stand beside it, as a regular expression of Polars, over texts in plain characters."""

MULTIPLES = {
    "": 1.0, "k": 1e3, "m": 1e6, "mio": 1e6, "mln": 1e6, "million": 1e6, "millions": 1e6, "bn": 1e9, "b": 1e9,
    "billion": 1e9, "billions": 1e9, "thousand": 1e3,
}  # fmt: skip
"""What may stand after a number, beside a currency before it."""
FAMILIES: tuple[dict[str, float], ...] = (
    {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15, "bytes": 1.0, "byte": 1.0},
    {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40},
    {"nm": 1e-9, "µm": 1e-6, "μm": 1e-6, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "dm": 0.1, "m": 1.0, "km": 1e3},
    {"in": 1.0, '"': 1.0, "inch": 1.0, "inches": 1.0, "ft": 12.0, "yd": 36.0, "mi": 63_360.0},
    {"ns": 1e-9, "µs": 1e-6, "μs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0,
     "seconds": 1.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0,
     "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86_400.0, "day": 86_400.0, "days": 86_400.0},
    {"µg": 1e-6, "μg": 1e-6, "mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6},
    {"oz": 1.0, "lb": 16.0, "lbs": 16.0},
    {"ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l": 1.0, "hl": 100.0},
    {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    {"mW": 1e-3, "w": 1.0, "kw": 1e3, "MW": 1e6, "gw": 1e9},
    {"wh": 1.0, "kwh": 1e3, "MWh": 1e6, "gwh": 1e9},
    {"mv": 1e-3, "v": 1.0, "kv": 1e3},
    MULTIPLES,
    {"st": 1.0, "nd": 1.0, "rd": 1.0, "th": 1.0},
)  # fmt: skip
"""Units of one kind, with their sizes; in lower case but where that tells them apart. The last are ends of ordinals."""


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    unit: what stands beside them; `sizes`: by a unit, how many of `unit` it is.

    >>> str(Notation(decimal=",", thousands=".", unit="€"))
    '1.234,56 €'
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    sizes: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        return f"1{self.thousands}234{self.decimal}56" + (f" {self.unit}" if self.unit else "")

    @property
    def body(self) -> str:
        """The regular expression of a body."""
        point = re.escape(self.decimal)
        groups = rf"[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+|" if self.thousands else ""
        if self.thousands == ",":  # 12,34,567 in India
            groups += r"[1-9]\d?(?:,\d{2})+,\d{3}|"
        return rf"^(?:(?:{groups}\d+)(?:{point}\d*)?|{point}\d+)$"

    def read(self, texts: pl.Series) -> pl.Series:
        """Return the numbers that texts are in this notation; null where one is none, or has another unit."""
        return self.read_parts(_parts(texts))

    def read_parts(self, parts: pl.DataFrame) -> pl.Series:
        """Return the numbers that the parts of texts are; null where one is none, or has another unit."""
        import polars as pl

        sizes = dict(self.sizes) or {self.unit: 1.0}
        size = pl.col("unit").replace_strict(
            [*sizes, *(() if "" in sizes else ("",))],
            [*sizes.values(), *(() if "" in sizes else (1.0,))],
            default=None,
            return_dtype=pl.Float64,
        )
        number = self.numbers() * size * pl.col("factor")
        return parts.select(pl.when(number.is_finite()).then(number).alias("number")).to_series()

    def numbers(self) -> pl.Expr:
        """Return the numbers that bodies are, null where one is none in this notation."""
        import polars as pl

        plain = pl.col("body")
        if self.thousands:
            plain = plain.str.replace_all(self.thousands, "", literal=True)
        plain = plain.str.replace(self.decimal, ".", literal=True) + pl.col("power").fill_null("")
        number = pl.when(pl.col("body").str.contains(self.body)).then(plain.cast(pl.Float64, strict=False))
        return pl.when(pl.col("is_negative")).then(-number).otherwise(number)


@dataclass(frozen=True)
class Found:
    """The notation of a column's texts.

    values: a number for each text, null where it is none. `other`: another notation in which all would be numbers too,
    and others, where the texts do not tell.
    """

    notation: Notation
    values: pl.Series
    other: Notation | None = None


NOTATIONS = tuple(
    Notation(decimal, thousands)
    for decimal, thousands in product(".,", ("", ",", ".", " ", "'"))
    if decimal != thousands
)


def found(
    texts: pl.Series,
    *,
    weights: NDArray[np.int64] | None = None,
    has_decimal_comma: bool = False,
    is_told: bool = False,
) -> Found | str:
    """Return the notation in which most of a column's texts are numbers, or why it is none of numbers.

    Parameters
    ----------
    texts
        Polars strings, different from each other, without blanks at their ends and without what means missing.
    weights
        How many cells each text has; left out, one.
    has_decimal_comma
        Whether other columns of the table have: then "1,234" is a little more than one.
    is_told
        Whether somebody says that it is a column of numbers: then some of the texts are enough, and none is a key.
    """
    import polars as pl

    weigh = np.ones(len(texts), np.int64) if weights is None else weights
    least = 0.0 if is_told else MOST * weigh.sum()
    parts = _parts(texts)

    def are_most(read: pl.Series) -> bool:
        is_one = read.is_not_null().to_numpy()
        return bool(is_one.sum() >= min(1 if is_told else 2, len(texts)) and weigh[is_one].sum() >= least)

    if not are_most(parts["body"]):
        return "not numbers"
    tried = parts.select(notation.numbers().alias(str(n)) for n, notation in enumerate(NOTATIONS))
    counts = [float(weigh[column.is_not_null().to_numpy()].sum()) for column in tried]
    best = [n for n, count in enumerate(counts) if count == max(counts)]
    preferred = [n for n in best if (NOTATIONS[n].decimal == ",") == has_decimal_comma]
    plain = [n for n in best if NOTATIONS[n] == Notation()]
    chosen = (plain or preferred or best)[0]
    if not are_most(tried[str(chosen)]):
        return "not numbers"
    parts = parts.with_columns(body=pl.when(tried[str(chosen)].is_not_null()).then("body"))
    reason = _keys(parts, NOTATIONS[chosen])
    if reason and not is_told:
        return reason
    units = _units(parts.with_columns(weight=weigh))
    if isinstance(units, str):
        return units
    notation = replace(NOTATIONS[chosen], unit=units[0], sizes=units[1])
    values = notation.read_parts(parts)
    if not are_most(values):
        return "several units"
    other = next((n for n in best if not tried[str(n)].equals(tried[str(chosen)], null_equal=True)), None)
    return Found(notation, values, None if other is None else NOTATIONS[other])


def notation_of(text: str) -> Notation:
    """Return the notation that 1234.56 is written in.

    >>> notation_of("1.234,56 €")
    Notation(decimal=',', thousands='.', unit='€', sizes=())
    """
    match = re.fullmatch(r"1([,. \']?)234(?:([.,])56)?(?: (\S.*))?", text.strip())
    if match is None or match[1] == (match[2] or "."):
        raise OptionError(
            f"{text!r} is no notation of numbers; write 1234.56 as the column does, such as 1.234,56 or 1,234.56 $."
        )
    return Notation(match[2] or ("," if match[1] == "." else "."), match[1], match[3] or "")


def _parts(texts: pl.Series) -> pl.DataFrame:
    """Return the parts of texts: body, power, unit, factor, is_negative; nulls where a text is no number."""
    import polars as pl

    plain = texts.str.replace_many(list(_PLAIN), list(_PLAIN.values())).str.strip_chars()
    parts = plain.str.extract_groups(PATTERN).struct.unnest()
    signs = [pl.col(name).str.strip_chars() for name in ("sign", "inner", "last")]
    count = pl.sum_horizontal(sign.is_not_null() for sign in signs)
    is_number = (pl.col("open").is_not_null() == pl.col("close").is_not_null()) & (
        count + pl.col("open").is_not_null() <= 1
    )
    after = pl.col("after").str.strip_chars_end(".").fill_null("")
    size = after.str.to_lowercase().replace_strict(
        list(MULTIPLES), list(MULTIPLES.values()), default=None, return_dtype=pl.Float64
    )
    has_both = pl.col("before").is_not_null() & (after != "")
    return parts.select(
        body=pl.when(is_number & (~has_both | size.is_not_null())).then("body"),
        power="power",
        unit=pl.coalesce("before", after),
        factor=pl.when(has_both).then(size).otherwise(1.0),
        is_negative=pl.col("open").is_not_null()
        | pl.any_horizontal((sign == "-").fill_null(False) for sign in signs),
    )


def _keys(parts: pl.DataFrame, notation: Notation) -> str:
    """Return why numbers of a column are rather keys, whose texts would not come back; or nothing."""
    import polars as pl

    plain = parts.filter(pl.col("body").is_not_null() & (pl.col("unit") == ""))
    whole = plain.filter(pl.col("body").str.contains(r"^\d+$") & pl.col("power").is_null())["body"]
    padded = whole.filter(whole.str.contains(r"^0+[1-9]"))
    if len(padded):
        return f"texts such as {padded[0]!r}, whose zeros a number would lose"
    long = whole.filter(whole.cast(pl.Float64) > EXACT)
    if len(long):
        return f"texts such as {long[0]!r}, with more digits than a number keeps"
    power = plain.filter(pl.col("power").is_not_null())
    if len(power) and len(whole) and not plain["body"].str.contains(notation.decimal, literal=True).any():
        return f"texts such as {power['body'][0] + power['power'][0]!r} beside whole numbers"
    return ""


def _units(parts: pl.DataFrame) -> tuple[str, tuple[tuple[str, float], ...]] | str:
    """Return the unit of a column and the sizes of all that are brought to it, or why there is none."""
    import polars as pl

    counts = (
        parts.filter(pl.col("body").is_not_null()).group_by("unit", maintain_order=True).agg(pl.sum("weight"))
    )
    found: dict[str, float] = dict(counts.sort("weight", descending=True, maintain_order=True).iter_rows())
    bare = found.pop("", 0.0)
    if sum(found.values()) < (1.0 - MOST) * bare:  # slips
        return "", ()
    unit = next(iter(found))
    spelled = {each: _spelled(each) for each in found}
    if len(set(spelled.values())) == 1:
        return unit, tuple((each, 1.0) for each in found)
    for family in FAMILIES:
        sizes = {each: family.get(each) or family.get(each.lower()) for each in found}
        known = {each: size for each, size in sizes.items() if size is not None}
        if len(known) == len(found) and (not bare or "" in family):
            base = 1.0 if "" in family else known[unit]
            return "" if "" in family else unit, tuple((each, size / base) for each, size in known.items())
    if found[unit] + bare >= MOST * (sum(found.values()) + bare):
        return unit, tuple((each, 1.0) for each in found if spelled[each] == spelled[unit])
    return f"several units: {', '.join(map(repr, list(found)[:3]))}"


def _spelled(unit: str) -> str:
    """Return a unit without case and without the s of a plural."""
    return unit.casefold().removesuffix("s") if len(unit) > 3 else unit.casefold()
