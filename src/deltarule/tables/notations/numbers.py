"""Numbers as people write them: the notation of a column, found by all of its texts together, and the numbers by it.

A text is a sign, a body of digits, and what stands beside it: a currency, a percent sign, a unit.

    (1.234,50 €)  ->  minus; 1234.50 by thousands "." and decimal ","; €
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, cast

from deltarule.errors import OptionError
from deltarule.tables.columns import EXACT
from deltarule.tables.notations import compounds
from deltarule.tables.notations.bodies import PATTERN, amounts, parts_of
from deltarule.tables.notations.characters import plain, read_apart
from deltarule.tables.notations.keys import FEW, doubts, marked, why_keys
from deltarule.tables.notations.measures import shift_of, sizes_of, spelled
from deltarule.tables.notations.remarks import around, without
from deltarule.tables.notations.shares import HALF, MOST, Cells

if TYPE_CHECKING:
    import polars as pl

SIMPLE = r"^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)$"
"""A number as most tables have it."""
LARGE = 5_000
"""So many different texts are looked at for what some of them show first."""


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    unit: what stands beside them; `sizes`: by a unit, how many of `unit` it is; units that they do not have and that
    are of the same kind are brought to it too. compound: the way to write quantities in parts, in place of all that.
    ahead, behind: whether remarks stand there, which are left out.

    >>> str(Notation(decimal=",", thousands=".", unit="€"))
    '1.234,56 €'
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    sizes: tuple[tuple[str, float], ...] = ()
    compound: str = ""
    ahead: bool = False
    behind: bool = False

    def __str__(self) -> str:
        if self.compound:
            return self.compound
        ahead, behind = ("..." if any_one else "" for any_one in (self.ahead, self.behind))
        unit = f" {self.unit}" if self.unit else ""
        return f"{ahead}1{self.thousands}234{self.decimal}56{behind}{unit}"

    @property
    def body(self) -> str:
        """The regular expression of a body."""
        point = re.escape(self.decimal)
        groups = rf"[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+|" if self.thousands else ""
        if self.thousands == ",":  # 12,34,567 in India
            groups += r"[1-9]\d?(?:,\d{2})+,\d{3}|"
        return rf"^(?:(?:{groups}\d+)(?:{point}\d*)?|{point}\d+)$"

    def read(self, texts: pl.Series) -> pl.Series:
        """Return the numbers that texts are in this notation; null where one is none, or has a unit of another kind."""
        import polars as pl

        if self.compound:
            return compounds.read_by(plain(texts), self.compound)
        if self.ahead or self.behind:
            bare = without(texts, ahead=self.ahead, behind=self.behind)
            return replace(self, ahead=False, behind=False).read(bare)
        size = dict(self.sizes).get("", 1.0)
        return read_apart(
            texts,
            texts.str.contains(SIMPLE if self.decimal == "." else r"^\d+$"),
            lambda simple: simple.cast(pl.Float64) * size,
            lambda others: self.read_parts(parts_of(others)),
        )

    def read_parts(self, parts: pl.DataFrame) -> pl.Series:
        """Return the numbers that the parts of texts are; null where one is none, or has a unit of another kind."""
        import polars as pl

        sizes = {"": 1.0, **(dict(self.sizes) or {self.unit: 1.0})}
        for unit in parts["unit"].drop_nulls().unique().to_list():
            more = None if unit in sizes else sizes_of({self.unit: 1, unit: 1}, has_bare=False)
            sizes |= {unit: more[unit]} if more else {}
        size = pl.col("unit").replace_strict(
            list(sizes), list(sizes.values()), default=None, return_dtype=pl.Float64
        )
        shifts = {unit: shift_of(unit, self.unit) for unit in sizes if unit}
        shift = pl.col("unit").replace_strict(
            list(shifts), list(shifts.values()), default=0.0, return_dtype=pl.Float64
        )
        number = self.numbers() * size * pl.col("factor") + (shift if any(shifts.values()) else 0.0)
        return parts.select(pl.when(number.is_finite()).then(number).alias("number")).to_series()

    def beside(self, texts: pl.Series, weights: pl.Series) -> Notation:
        """Return this notation with the unit that a column's texts have, where it says none itself."""
        if self.unit or self.compound or self.behind:
            return self
        texts = without(texts, ahead=self.ahead, behind=False)
        units = _units(parts_of(texts).with_columns(weight=weights), is_told=True)
        return self if isinstance(units, str) else replace(self, unit=units[0], sizes=units[1])

    def numbers(self) -> pl.Expr:
        """Return the numbers that bodies are, null where one is none in this notation."""
        import polars as pl

        digits = pl.col("body")
        if self.thousands:
            digits = digits.str.replace_all(self.thousands, "", literal=True)
        digits = digits.str.replace(self.decimal, ".", literal=True) + pl.col("power").fill_null("")
        number = pl.when(pl.col("body").str.contains(self.body)).then(digits.cast(pl.Float64, strict=False))
        return pl.when(pl.col("is_negative")).then(-number).otherwise(number)


@dataclass(frozen=True)
class Found:
    """The notation of a column's texts.

    values: a number for each text, null where it is none. `other`: another notation in which all would be numbers too,
    and others, where the texts do not tell. how: what the choice rests on. said: what else a reader should
    know, and what the column would be else, as `--set` takes it.
    """

    notation: Notation
    values: pl.Series
    other: Notation | None = None
    how: str = ""
    said: tuple[tuple[str, str], ...] = ()


NOTATIONS = tuple(
    Notation(decimal, thousands)
    for decimal, thousands in product(".,", ("", ",", ".", " ", "'"))
    if decimal != thousands
)


def found(
    texts: pl.Series,
    *,
    weights: pl.Series | None = None,
    has_decimal_comma: bool = False,
    is_told: bool = False,
    name: str = "",
) -> Found | str:
    """Return the notation in which most of a column's texts are numbers, or why it is none of numbers.

    The reason is nothing where they do not look like numbers.

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
    name
        Of the column; one such as "duration" tells what a clock's times are.
    """
    cells = Cells.of(texts, weights, is_told)
    if len(texts) > LARGE and (one := _found_in_some(texts, cells)) is not None:
        return one
    one = _found_plain(texts, cells, has_decimal_comma)
    count = cells.count(one.values.is_not_null().to_numpy()) if isinstance(one, Found) else 0.0
    if count == cells.weights.sum():
        return one
    made = compounds.found(plain(texts), cells, name)
    if made is None or cells.count(made.values.is_not_null().to_numpy()) <= count:
        return one
    unit = compounds.COMPOUNDS[made.name].unit
    other = Notation(unit=unit, compound=made.other) if made.other else None
    return Found(
        Notation(unit=unit, compound=made.name), made.values, other, said=((f"read in {unit}", "category"),)
    )


def with_remarks(texts: pl.Series, weights: pl.Series) -> tuple[Notation, float] | None:
    """Return the notation in which texts are numbers that remarks stand around, and the first of them; or nothing.

    >>> import polars as pl
    >>> with_remarks(pl.Series(["ca. 5 kg", "ca. 7 kg"]), pl.Series([1, 1]))[0].ahead
    True
    """
    ahead, behind = around(Cells.of(texts, weights, is_told=False).some(texts))
    for end in sorted({False, behind}):
        if not (ahead or end):
            continue
        one = found(without(texts, ahead=ahead, behind=end), weights=weights)
        if isinstance(one, Found) and not one.notation.compound:
            notation = replace(one.notation, ahead=ahead, behind=end)
            if '"' in str(notation):  # which cannot be typed between quotes
                return None
            return notation, float(one.values.drop_nulls()[0])
    return None


def _found_in_some(texts: pl.Series, cells: Cells) -> Found | str | None:
    """Return what some of very many texts show, where these leave no doubt about all.

    Most tables have numbers as 1234.56, and texts that are no numbers at all.
    """
    import polars as pl

    is_simple = texts.str.contains(SIMPLE).to_numpy()
    if not cells.are_most(is_simple):
        some = cells.some(texts)
        looks = parts_of(some)["body"].count() + int(some.str.contains(r"^\D{0,3}\d").sum())
        return "" if looks < HALF * len(some) and cells.are_even else None
    simple = texts.filter(pl.Series(is_simple))
    values = simple.cast(pl.Float64)
    may_group = simple.str.contains(r"^[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)$").all()
    may_be_versions = simple.str.contains(r"\.10$").any()
    if (may_group and simple.str.contains(".", literal=True).any()) or may_be_versions:
        return None
    if cast(float, values.abs().max()) > EXACT:
        return None
    if is_simple.all():
        return Found(Notation(), values)
    # The others decide with a few of the simple ones, which stand for all.
    some = cells.some(simple)
    weight = cells.count(is_simple) / len(some)
    others = texts.filter(pl.Series(~is_simple))
    if len(others) > LARGE:
        return None
    weights = pl.Series([*[weight] * len(some), *cells.weights[~is_simple]])
    one = found(pl.concat([some, others]), weights=weights, is_told=cells.is_told)
    if isinstance(one, str) or one.notation.decimal != "." or one.notation.compound:
        return None
    return replace(one, values=one.notation.read(texts), other=None)


def _found_plain(texts: pl.Series, cells: Cells, has_decimal_comma: bool) -> Found | str:
    """Return the notation of numbers that have one part."""
    import polars as pl

    if len(texts) > LARGE:
        has_none = cells.are_even and not amounts(cells.some(texts)).str.contains(PATTERN).any()
        if has_none or not cells.may_be(amounts(texts).str.contains(PATTERN).to_numpy()):
            return ""
    parts = parts_of(texts)
    if not cells.may_be(parts["body"].is_not_null().to_numpy()):
        return ""
    tried, best = _tried(parts, cells)
    chosen, how = _chosen(best, tried, parts, has_decimal_comma)
    values = tried[str(chosen)]
    is_one = values.is_not_null().to_numpy()
    if not cells.are_most(is_one):
        return cells.nearly(is_one, "numbers")
    weighed = parts.with_columns(
        body=pl.when(values.is_not_null()).then("body"), weight=cells.weights, text=cells.texts
    )
    present = marked(weighed)
    few = FEW * cells.weights.sum()
    reason = why_keys(present, few, NOTATIONS[chosen].decimal, NOTATIONS[chosen].thousands)
    if reason and not cells.is_told:
        return reason
    units = _units(weighed, is_told=cells.is_told)
    if isinstance(units, str):
        return units
    notation = replace(NOTATIONS[chosen], unit=units[0], sizes=units[1])
    values = notation.read_parts(weighed)
    if not cells.are_most(values.is_not_null().to_numpy()):
        return "texts with several units"
    other = next((n for n in best if not tried[str(n)].equals(tried[str(chosen)], null_equal=True)), None)
    return Found(
        notation,
        values,
        None if other is None else replace(NOTATIONS[other], unit=units[0], sizes=units[1]),
        how,
        doubts(present, notation.unit, notation.decimal, notation.thousands),
    )


def _tried(parts: pl.DataFrame, cells: Cells) -> tuple[pl.DataFrame, list[int]]:
    """Return the numbers by each notation that was tried, in columns by its place, and those that read most cells."""
    plain_one = NOTATIONS.index(Notation())
    first = parts.select(NOTATIONS[plain_one].numbers().alias(str(plain_one)))
    bodies = parts["body"].drop_nulls()
    if (
        first[str(plain_one)].count() == len(bodies)
        and not bodies.str.contains(r"^[1-9]\d{0,2}\.\d{3}$").any()
    ):
        return first, [plain_one]  # no sign of another
    tried = parts.select(notation.numbers().alias(str(n)) for n, notation in enumerate(NOTATIONS))
    counts = [cells.count(column.is_not_null().to_numpy()) for column in tried]
    return tried, [n for n, count in enumerate(counts) if count == max(counts)]


def _chosen(
    best: list[int], tried: pl.DataFrame, parts: pl.DataFrame, has_decimal_comma: bool
) -> tuple[int, str]:
    """Return which of the notations that fit equally well a column has, and why, where that is a choice."""
    import polars as pl

    usual = next((n for n in best if NOTATIONS[n] == Notation()), None)
    if usual is None:
        usual = next((n for n in best if NOTATIONS[n].decimal == "."), best[0])
    if all(tried[str(n)].equals(tried[str(usual)], null_equal=True) for n in best):
        return usual, ""
    bare = parts.filter(pl.col("body").str.contains(r"^\d+$"))["body"]
    for n in best:
        grouped = parts.filter(pl.col("body").str.contains(r"\D") & tried[str(n)].is_not_null())["body"]
        groups = rf"^[1-9]\d{{0,2}}(?:{re.escape(NOTATIONS[n].thousands)}\d{{3}})+$"
        is_grouped = NOTATIONS[n].thousands and len(grouped) > 1 and grouped.str.contains(groups).all()
        if is_grouped and len(bare) > 1 and bare.str.len_chars().is_between(1, 3).all():
            return n, "as only what is below 1000 stands without the sign"
    if has_decimal_comma:
        comma = next((n for n in best if NOTATIONS[n].decimal == ","), usual)
        return comma, "as other columns have a decimal comma"
    return usual, ""


def notation_of(text: str) -> Notation:
    """Return the notation that 1234.56 is written in.

    >>> notation_of("1.234,56 €")
    Notation(decimal=',', thousands='.', unit='€', sizes=(), compound='', ahead=False, behind=False)
    """
    if text.strip() in compounds.COMPOUNDS:
        return Notation(unit=compounds.COMPOUNDS[text.strip()].unit, compound=text.strip())
    match = re.fullmatch(r"(\.{3})?1([,. \']?)234(?:([.,])56)?(\.{3})?(?: (\S.*))?", text.strip())
    if match is None or match[2] == (match[3] or "."):
        raise OptionError(
            f"{text!r} is no notation of numbers; write 1234.56 as the column does, such as 1.234,56 or 1,234.56 $."
        )
    decimal = match[3] or ("," if match[2] == "." else ".")
    return Notation(decimal, match[2], match[5] or "", ahead=bool(match[1]), behind=bool(match[4]))


def _units(parts: pl.DataFrame, *, is_told: bool = False) -> tuple[str, tuple[tuple[str, float], ...]] | str:
    """Return the unit of a column and the sizes of all that are brought to it, or why there is none.

    is_told: whether there must be one: then it is the most frequent.
    """
    import polars as pl

    counts = (
        parts.filter(pl.col("body").is_not_null()).group_by("unit", maintain_order=True).agg(pl.sum("weight"))
    )
    found: dict[str, float] = dict(counts.sort("weight", descending=True, maintain_order=True).iter_rows())
    bare = found.pop("", 0.0)
    total = bare + sum(found.values())
    if total - bare < (1.0 - MOST) * bare:  # slips
        return "", ()
    unit = next(iter(found))
    sizes = sizes_of(found, has_bare=bare > 0)
    if sizes is not None:
        return ("" if "" in sizes else unit), tuple(sizes.items())
    alike = [each for each in found if spelled(each) == spelled(unit)]
    if is_told or sum(found[each] for each in alike) + bare >= MOST * total:
        return unit, tuple((each, 1.0) for each in alike)
    return f"texts with several units, {', '.join(map(repr, list(found)[:3]))}"
