"""Columns of Python's values to columns of one type, and columns of any type to those that a table may have."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deltarule.tables.readers.options import Reading

if TYPE_CHECKING:
    import polars as pl


def shown(value: object) -> str:
    """Return a value as people see it in a sheet.

    >>> [shown(value) for value in (None, 5.0, 2.5, True, datetime.date(2020, 1, 5), datetime.time(12, 30))]
    ['', '5', '2.5', 'TRUE', '2020-01-05', '12:30:00']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    if isinstance(value, datetime.timedelta):
        return f"{value.total_seconds():g} s"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def column(name: str, values: Sequence[Any]) -> pl.Series:
    """Return a column of one type: that which all values have, numbers of any kind being one, else text.

    >>> column("a", [1, 2.5, None]).to_list(), column("b", [1.0, "x", True]).to_list()
    ([1.0, 2.5, None], ['1', 'x', 'TRUE'])
    """
    import polars as pl

    values = [None if isinstance(value, str) and not value.strip() else value for value in values]
    types: set[type[Any]] = {type(value) for value in values if value is not None}
    if types <= {float, int, Decimal} and bool not in types:
        if types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
            return pl.Series(name, values, pl.Int64)
        floats = [None if value is None else float(value) for value in values]
        is_whole = float in types and all(value is None or value.is_integer() for value in floats)
        if types == {float} and is_whole and all(value is None or abs(value) < 2**53 for value in floats):
            return pl.Series(name, floats, pl.Float64).cast(pl.Int64)  # as a sheet has it: 5, not 5.0
        if types != {int}:
            return pl.Series(name, floats, pl.Float64)
        return pl.Series(name, [None if value is None else str(value) for value in values], pl.String)
    kinds: dict[Any, Any] = {
        bool: pl.Boolean, datetime.date: pl.Date, datetime.datetime: pl.Datetime("us"), datetime.time: pl.Time,
        datetime.timedelta: pl.Duration("us"),
    }  # fmt: skip
    if len(types) == 1 and (kind := kinds.get(next(iter(types)))) is not None:
        return pl.Series(name, [_naive(value) for value in values], kind)
    if types == {datetime.date, datetime.datetime}:
        midnight = datetime.time()
        moments = [
            datetime.datetime.combine(value, midnight) if type(value) is datetime.date else _naive(value)
            for value in values
        ]
        return pl.Series(name, moments, pl.Datetime("us"))
    return pl.Series(
        name, [None if value is None else shown(value).strip() or None for value in values], pl.String
    )


def _naive(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value


def plain(frame: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, list[str]]:
    """Return a table without structures, lists and bytes, and what is to be told of them.

    Structures become a column a field, times of day text, durations seconds; `missing` texts become null.
    """
    import polars as pl

    told: list[str] = []
    while nested := [each for each, dtype in frame.schema.items() if dtype == pl.Struct]:
        for each in nested:
            fields = frame[each].struct.fields
            names = {field: _free(f"{each}.{field}", frame.columns) for field in fields}
            parts = [pl.col(each).struct.field(field).alias(names[field]) for field in fields]
            at = frame.columns.index(each)
            frame = frame.select(*frame.columns[:at], *parts, *frame.columns[at + 1 :])
        told.append(
            f"{', '.join(nested[:3])}{', ...' if len(nested) > 3 else ''}: each part is a column of its own"
        )
    lost: list[str] = []
    for each, dtype in frame.schema.items():
        if dtype == pl.Time:
            frame = frame.with_columns(pl.col(each).dt.to_string("%H:%M:%S%.f"))
        elif dtype == pl.Duration:
            frame = frame.with_columns(pl.col(each).dt.total_microseconds() / 1e6)
            told.append(f"{each}: durations are read as seconds")
        elif dtype == pl.Null:
            frame = frame.with_columns(pl.col(each).cast(pl.String))
        elif dtype == pl.Binary:
            try:
                frame = frame.with_columns(pl.col(each).cast(pl.String))
            except pl.exceptions.PolarsError:
                lost.append(each)
        elif dtype.is_nested() or dtype == pl.Object:
            lost.append(each)
    if lost:
        frame = frame.drop(lost)
        what = f"column{'s' if len(lost) > 1 else ''} {', '.join(lost[:3])}{', ...' if len(lost) > 3 else ''}"
        told.append(
            f"{what} left out: lists and bytes are no values; write them as texts or numbers to keep them"
        )
    if reading.missing:
        texts = [each for each, dtype in frame.schema.items() if dtype == pl.String]
        if texts:
            frame = frame.with_columns(
                pl.when(~pl.col(texts).is_in(reading.missing)).then(pl.col(texts)).name.keep()
            )
    return frame, told


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_2"
    return name
