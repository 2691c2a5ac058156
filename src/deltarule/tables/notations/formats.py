"""Formats that somebody says: those of strptime, completed where they lack a day or a year, and counts of time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

DAY = 86_400e6
"""Microseconds of a day."""
COUNTS = {
    "epoch": (1e6, 0.0), "epoch ms": (1e3, 0.0), "epoch us": (1.0, 0.0), "epoch ns": (1e-3, 0.0),
    "excel": (DAY, -25_569 * DAY),
}  # fmt: skip
"""Counts of time: the microseconds of one, and those from 1970 to their start."""
LEAP = "1972"
"""The year of days that have none."""
_CLOCK = set("HIMSTRXrpPflkcs")
_DIGITS = {"%Y": 4, "%G": 4, "%j": 3}


def is_known(text: str) -> bool:
    """Return whether a text is a count of time or a format that can be read."""
    import polars as pl

    try:
        read_by(pl.Series(["0"]), text)
    except pl.exceptions.PolarsError:
        return False
    return text in COUNTS or "%" in text


def read_by(texts: pl.Series, text: str) -> pl.Series:
    """Return the moments that texts are, by a format or as a count; null where one is none.

    Zeros that a spreadsheet took from the digits of %H%M or %d%m%y are put back.

    >>> import polars as pl
    >>> read_by(pl.Series(["930", "1745"]), "%H%M").dt.time().to_list()
    [datetime.time(9, 30), datetime.time(17, 45)]
    >>> read_by(pl.Series(["29/2"]), "%d/%m").dt.date().to_list()
    [datetime.date(1972, 2, 29)]
    """
    import polars as pl

    if text in COUNTS:
        size, start = COUNTS[text]
        return (
            (texts.cast(pl.Float64, strict=False) * size + start)
            .round()
            .cast(pl.Int64, strict=False)
            .cast(pl.Datetime("us"))
        )
    if re.fullmatch(r"(?:%[YGyjmdVHMS]){2,}", text):
        width = sum(_DIGITS.get(part, 2) for part in re.findall("%.", text))
        texts = texts.str.strip_suffix(".0").str.zfill(width)
        texts = pl.select(pl.when(texts.str.len_chars() == width).then(texts)).to_series()
    parts = set(re.findall(r"%[-_0.]?\d?(.)", text))
    more = _lacking(parts)
    texts += "".join(f" {each}" for each, _ in more)
    text += "".join(f" {form}" for _, form in more)
    if parts.isdisjoint(_CLOCK):
        return texts.str.to_date(text, strict=False).cast(pl.Datetime("us"))
    return texts.str.to_datetime(text, strict=False, time_unit="us").dt.replace_time_zone(None)


def _lacking(parts: set[str]) -> list[tuple[str, str]]:
    """Return what completes a format that has these parts to a date, as texts and their formats."""
    more: list[tuple[str, str]] = []
    if parts.isdisjoint("YyGCDFcxvs"):
        more.append(("1970" if parts.isdisjoint("mbBhdej") else LEAP, "%Y"))
    if parts.isdisjoint("dejVDFcxvs"):
        more += [("1", "%d")] + ([("1", "%m")] if parts.isdisjoint("mbBh") else [])
    if "V" in parts and parts.isdisjoint("aAuw"):
        more.append(("1", "%u"))
    if parts & set("HI") and "M" not in parts:
        more.append(("0", "%M"))
    return more
