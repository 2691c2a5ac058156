"""Keys: texts of digits whose number would not give them back, and numbers that might be something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltarule.spelling import plural
from deltarule.tables.columns import EXACT

if TYPE_CHECKING:
    import polars as pl

KEPT = 15
"""Digits that come back from float64, wherever the point is."""
FEW = 0.05
"""Up to this share of a column's cells, texts that would not come back are slips and not keys."""
LONG = 9
"""Digits in groups that are a telephone number where every cell has as many."""


def marked(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of a column's different texts with what of them may be keys, for `why_keys` and `doubts`.

    parts: as numbers have them, with `text` and `weight`; the body is null where a text is no number.
    """
    import polars as pl

    present = parts.filter(pl.col("body").is_not_null())
    is_whole = pl.col("body").str.contains(r"^\d+$")
    return present.with_columns(
        is_whole=is_whole & pl.col("power").is_null(),
        is_padded=pl.col("body").str.contains(r"^0+[1-9]\d*$"),
        is_long=is_whole & _is_long(),
        is_bare_power=is_whole & pl.col("power").str.contains(r"^[eE]\d+$").fill_null(False),
    )


def why_keys(present: pl.DataFrame, few: float, decimal: str, thousands: str) -> str:
    """Return why numbers of a column are rather keys, whose texts would not come back; or nothing.

    present: its texts that are numbers, `marked`. few: cells that are slips.
    """
    import polars as pl

    bare = present.filter(pl.col("unit") == "")
    some = _any(bare, "is_padded", "is_long", "is_bare_power")
    if "is_padded" in some:
        padded = bare.filter("is_padded")
        is_even = bare.filter("is_whole")["body"].str.len_chars().n_unique() == 1
        if is_even or padded["weight"].sum() > few:
            return f"texts such as {padded['text'][0]!r}, whose zeros a number would lose"
    if "is_long" in some:
        long = bare.filter("is_long")
        if long["weight"].sum() > few:
            return f"texts such as {long['text'][0]!r}, with more digits than a number keeps"
    if "is_bare_power" in some and not bare["body"].str.contains(decimal, literal=True).any():
        power = bare.filter("is_bare_power")
        if bare["is_whole"].any():
            return f"texts such as {power['text'][0]!r} beside whole numbers"
        if power["body"].str.contains(r"^(?:0|\d\d)").any():
            return f"texts such as {power['text'][0]!r}, as part numbers are"
    if len(bare) < len(present):
        return ""
    if thousands == " ":
        digits = bare["body"].str.replace_all(" ", "", literal=True)
        if digits.str.contains(rf"^\d{{{LONG},}}$").all() and digits.str.len_chars().n_unique() == 1:
            return f"texts such as {bare['text'][0]!r}, as telephone numbers are"
    return _why_versions(bare["body"]) if decimal == "." and not thousands else ""


def doubts(present: pl.DataFrame, unit: str, decimal: str, thousands: str) -> tuple[tuple[str, str], ...]:
    """Return what a reader should know of texts that are counted as numbers, and might mean something else.

    present: the column's texts that are numbers, `marked`. Each comes with what the column would be else.
    """
    import polars as pl

    told = present.with_columns(
        is_bare=pl.lit(bool(unit)) & (pl.col("unit") == ""),
        is_below=(pl.col("is_minus_last") & pl.col("body").str.contains(r"^\d$"))
        | (pl.col("is_whole") & pl.col("is_bracketed")).all(),
        is_bare_power=pl.col("is_bare_power").all(),
    )
    cases = {
        "is_bare": f"without a unit counted as {unit}",
        "is_below": "counted as below zero",
        "is_bare_power": "counted as powers of ten",
        "is_long": "rounded, as a number keeps 16 digits",
        "is_padded": "counted without the zeros before it",
    }
    said: list[tuple[str, str]] = []
    for name in _any(told, *cases):
        some = told.filter(name)
        count = int(some["weight"].sum())
        what = f"{plural(count, 'cell')} such as {some['text'][0]!r} {cases[name]}"
        said.append((what, "category"))
    if len(present) and present["text"].str.contains(r"\d K$").all():  # kelvins
        said.append((f"{present['text'][0]!r} counted as thousands", f"number:1{thousands}234{decimal}56 K"))
    return tuple(said)


def _any(parts: pl.DataFrame, *names: str) -> list[str]:
    """Return which of these columns of booleans have a true one."""
    import polars as pl

    found = parts.select(pl.col(name).any() for name in names).row(0)
    return [name for name, one in zip(names, found, strict=True) if one]


def _is_long() -> pl.Expr:
    """Return whether digits are a whole number that float64 does not keep: beyond EXACT, unless zeros end it."""
    import polars as pl

    digits = pl.col("body").str.strip_chars_start("0")
    is_beyond = (digits.str.len_chars() > 18) | (digits.cast(pl.UInt64, strict=False) > EXACT)
    return is_beyond & (digits.str.strip_chars_end("0").str.len_chars() > KEPT)


def _why_versions(body: pl.Series) -> str:
    """Return why texts are versions or chapters, where 1.10 comes after 1.9, and no numbers; or nothing.

    What stands behind the point then has no zeros before it and leaves few out: 10, 11, 12, and not 10, 37, 82.
    """
    tenth = body.filter(body.str.ends_with(".10"))
    if not len(tenth) or not body.str.contains(r"^\d+\.(?:0|[1-9]\d?)$").all():
        return ""
    single = body.filter(body.str.contains(r"\.[1-9]$"))
    minor = body.str.extract(r"\.(\d\d)$").drop_nulls().unique().cast(int)
    if not len(single) or (minor > 10 + 3 * len(minor)).any():
        return ""
    return f"texts such as {single[0]!r} and {tenth[0]!r}, as versions are"
