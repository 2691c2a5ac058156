"""Remarks: what stands around numbers and is none of them, as in ~5, 10,000+, 5.2 ± 0.3, 7/10 or 5 (est.)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltarule.tables.notations.characters import plain
from deltarule.tables.notations.shares import MOST

if TYPE_CHECKING:
    import polars as pl

FEW = 0.1
"""Different remarks, for each different text, up to which they are one and the same thing."""
LONGEST = 16
"""Characters of a remark."""
_AHEAD = r"^([^\d.,+-]*(?:[.,+-]+[^\d.,+-]+)*)(.*)$"
_BEHIND = r"^([^\d]*\d(?:[\d.,' ]*\d)?(?:[eE][+-]?\d+)?)(.*)$"
_CODE = r"[\p{L}\d_]-?$"
"""The end of what makes a code of the digits behind it: R5, v1.2, A-17."""
_SIGN = r"^ ?(?:\+[^\d]|\+$|[*\u2020\u2021(\[\u00b1~])"
"""The beginning of a remark that may differ from cell to cell."""


def without(texts: pl.Series, *, ahead: bool, behind: bool) -> pl.Series:
    """Return texts, in plain characters, without what stands before their first number, and behind it.

    >>> import polars as pl
    >>> without(pl.Series(["approx 12 kg", "~5"]), ahead=True, behind=False).to_list()
    ['12 kg', '5']
    >>> without(pl.Series(["10,000+", "5.2 \u00b1 0.3", "7/10"]), ahead=False, behind=True).to_list()
    ['10,000', '5.2', '7']
    """
    texts = plain(texts)
    if ahead:
        texts = texts.str.replace(_AHEAD, "${2}")
    return texts.str.replace(_BEHIND, "${1}") if behind else texts


def around(texts: pl.Series) -> tuple[bool, bool]:
    """Return whether remarks stand before the numbers of most of a column's different texts, and behind them.

    They are short, and the same again and again, or such that begin as remarks do.

    >>> import polars as pl
    >>> around(pl.Series(["~5", "~7"])), around(pl.Series(["5*", "7", "8 (est.)"])), around(pl.Series(["R5", "R6"]))
    ((True, False), (False, True), (False, False))
    """
    import polars as pl

    parts = pl.DataFrame({"text": plain(texts)}).select(
        ahead=pl.col("text").str.extract(_AHEAD, 1), rest=pl.col("text").str.extract(_AHEAD, 2)
    )
    parts = parts.with_columns(
        behind=pl.when(pl.col("rest").str.contains(r"^[+-]?[.,]?\d")).then(
            pl.col("rest").str.extract(_BEHIND, 2)
        )
    ).drop_nulls("behind")
    if len(parts) < MOST * len(texts):
        return False, False
    leads, trails = (parts[name].filter(parts[name] != "") for name in ("ahead", "behind"))
    most = max(1.0, FEW * len(texts))
    has_lead = len(leads) > 1 and leads.n_unique() <= most and not leads.str.contains(_CODE).any()
    has_trail = len(trails) > 1 and (trails.n_unique() <= most or bool(trails.str.contains(_SIGN).all()))
    if len(leads) and not (has_lead and _are_short(leads)):
        return False, False
    return has_lead, has_trail and _are_short(trails)


def _are_short(remarks: pl.Series) -> bool:
    return bool((remarks.str.len_chars() <= LONGEST).all())
