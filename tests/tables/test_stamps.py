"""Plain dates are read quickly, and are the moments that they are beside a weekday."""

from __future__ import annotations

import polars as pl
import pytest

from deltarule.tables.notations.moments import Notation
from deltarule.tables.notations.stamps import are_simple

DAYS = {
    "year first": [
        "2020-01-05",
        "2020-1-5",
        "2020-02-30",
        "2020-13-01",
        "2999-12-31",
        "0999-01-01",
        "2020-00-10",
    ],
    "year last": ["05-01-2020", "5-1-2020", "31-02-2020", "12-31-2020", "1-1-0020", "05-06-20", "00-01-2020"],
}
CLOCKS = [
    "",
    " 10:30",
    " 9:05",
    " 23:59:59",
    "T00:00:00",
    "t10:30",
    " 24:00",
    " 10:60",
    " 10:30:60",
    " 10:30:00.5",
]


@pytest.mark.parametrize("sign", ["-", "/", "."])
@pytest.mark.parametrize(
    ("family", "order"), [("year first", "ymd"), *(("year last", order) for order in ("dmy", "mdy", "ymd"))]
)
def test_plain_dates_are_read_as_those_beside_a_weekday(family: str, order: str, sign: str) -> None:
    texts = [day.replace("-", sign) + clock for day in DAYS[family] for clock in CLOCKS]
    plain = pl.Series(texts)
    beside = pl.Series([f"Mon, {text}" for text in texts])
    assert are_simple(plain, family, sign).sum() > len(texts) / 3
    assert not are_simple(beside, family, sign).any()
    notation = Notation(family, order, sign, has_time=True)  # pyright: ignore[reportArgumentType]
    assert notation.read(plain).to_list() == notation.read(beside).to_list()
    assert notation.read(plain[:0]).to_list() == []
