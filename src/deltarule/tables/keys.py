"""Keys: texts of digits whose number would not give them back, and numbers that might be something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

EXACT = 2**53
"""Whole numbers beyond this do not come back from float64."""
FEW = 0.05
"""Up to this share of a column's cells, texts that would not come back are slips and not keys."""
LONG = 9
"""Digits in groups that are a telephone number where every cell has as many."""


def why_keys(parts: pl.DataFrame, decimal: str, thousands: str) -> str:
    """Return why numbers of a column are rather keys, whose texts would not come back; or nothing.

    parts: of its different texts, as numbers have them, with `text` and `weight`; the body is null where one is none.
    """
    import polars as pl

    present = parts.filter(pl.col("body").is_not_null() & (pl.col("unit") == ""))
    few = FEW * float(parts["weight"].sum())
    whole = present.filter(pl.col("body").str.contains(r"^\d+$") & pl.col("power").is_null())
    padded = whole.filter(_is_padded())
    is_even = whole["body"].str.len_chars().n_unique() == 1
    if len(padded) and (is_even or padded["weight"].sum() > few):
        return f"texts such as {padded['text'][0]!r}, whose zeros a number would lose"
    long = whole.filter(_is_long())
    if long["weight"].sum() > few:
        return f"texts such as {long['text'][0]!r}, with more digits than a number keeps"
    power = present.filter(_is_bare_power())
    if len(power) and not present["body"].str.contains(decimal, literal=True).any():
        if len(whole):
            return f"texts such as {power['text'][0]!r} beside whole numbers"
        if power["body"].str.contains(r"^(?:0|\d\d)").any():
            return f"texts such as {power['text'][0]!r}, as part numbers are"
    if len(present) < len(parts):
        return ""
    digits = present["body"].str.replace_all(" ", "", literal=True)
    if (
        thousands == " "
        and digits.str.contains(rf"^\d{{{LONG},}}$").all()
        and digits.str.len_chars().n_unique() == 1
    ):
        return f"texts such as {present['text'][0]!r}, as telephone numbers are"
    return _why_versions(present["body"])


def doubts(parts: pl.DataFrame, unit: str) -> tuple[tuple[str, str], ...]:
    """Return what a reader should know of texts that are counted as numbers, and might mean something else.

    Each comes with what the column would be else.
    """
    import polars as pl

    present = parts.filter(pl.col("body").is_not_null())
    is_whole = pl.col("body").str.contains(r"^\d+$")
    all_in_brackets, all_powers = present.select(
        (is_whole & pl.col("is_bracketed")).all(), powers=_is_bare_power().all()
    ).row(0)
    cases = (
        (pl.lit(bool(unit)) & (pl.col("unit") == ""), f"without a unit counted as {unit}"),
        (pl.col("is_minus_last") & pl.col("body").str.contains(r"^\d$"), "counted as below zero"),
        (pl.lit(bool(all_in_brackets)), "counted as below zero"),
        (pl.lit(bool(all_powers)), "counted as powers of ten"),
        (is_whole & _is_long(), "rounded, as a number keeps 16 digits"),
        (_is_padded(), "counted without the zeros before it"),
    )
    said: list[tuple[str, str]] = []
    for condition, what in cases:
        some = present.filter(condition)
        if len(some):
            count = int(some["weight"].sum())
            said.append(
                (f"{count:,} cell{'s' if count > 1 else ''} such as {some['text'][0]!r} {what}", "category")
            )
    return tuple(said)


def _is_padded() -> pl.Expr:
    import polars as pl

    return pl.col("body").str.contains(r"^0+[1-9]\d*$")


def _is_long() -> pl.Expr:
    """Return whether digits are a whole number that float64 does not keep."""
    import polars as pl

    digits = pl.col("body").str.strip_chars_start("0")
    return (digits.str.len_chars() > 18) | (digits.cast(pl.UInt64, strict=False) > EXACT)


def _is_bare_power() -> pl.Expr:
    """Return whether texts are such as 1E2, which parts have for names too."""
    import polars as pl

    return pl.col("body").str.contains(r"^\d+$") & pl.col("power").str.contains(r"^[eE]\d+$")


def _why_versions(body: pl.Series) -> str:
    """Return why texts are versions or chapters, 1.9 before 1.10, and no numbers; or nothing."""
    if not body.str.contains(r"^\d+\.(?:0|[1-9]\d*)$").all():
        return ""
    tenth = body.filter(body.str.contains(r"\.10$"))
    single = body.filter(body.str.contains(r"\.[1-9]$"))
    if not len(tenth) or not len(single):
        return ""
    return f"texts such as {single[0]!r} and {tenth[0]!r}, as versions are"
