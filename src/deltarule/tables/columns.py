"""Column: the values of one column of any DataFrame library, in one of five kinds.

number              float64, NaN where missing
boolean             float64 of 0 and 1, NaN where missing
date, datetime      float64, days since 1970-01-01, NaN where missing
text                objects, str or None
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError

Kind: TypeAlias = Literal["number", "boolean", "date", "datetime", "text"]

_MICROSECONDS = 86_400e6  # of a day


@dataclass(frozen=True)
class Column:
    """A column as its kind says; `is_integer` where a number column came as integers.

    >>> Column.of("age", [28.0, None, 35.0]).values
    array([28., nan, 35.])
    >>> Column.of("sex", ["male", None]).is_missing
    array([False,  True])
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    is_integer: bool = False

    @classmethod
    def of(cls, name: str, values: object) -> Column:
        """Return the column of a Series, an array, or a sequence.

        Raises
        ------
        DataError
            The column holds lists, structures, complex numbers or other things that are no values.
        """
        if isinstance(values, Column):
            return cls(name, values.kind, values.values, values.is_integer)
        try:
            series: Any = nw.from_native(cast(Any, values), series_only=True)
        except TypeError:
            return _from_array(name, values)
        return _from_series(name, series)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """(N,): where there is no value."""
        if self.kind == "text":
            return np.fromiter((value is None for value in self.values), bool, len(self.values))
        return np.isnan(self.values)

    def rows(self, index: NDArray[Any]) -> Column:
        """Return the column of these rows."""
        return Column(self.name, self.kind, self.values[index], self.is_integer)

    def texts(self) -> list[str | None]:
        """Return every value as text, None where missing; whole numbers without a decimal point."""
        if self.kind == "text":
            return list(self.values)
        if self.kind == "boolean":
            return [None if math.isnan(v) else "True" if v else "False" for v in self.values]
        if self.kind == "number":
            return [None if math.isnan(v) else _as_text(v) for v in self.values.tolist()]
        return [None if math.isnan(v) else str(moment(v)) for v in self.values]

    def summary(self) -> str:
        """Return in a few words which values there are: from the least to the greatest, or how many and the first."""
        present = self.values[~self.is_missing]
        if len(present) == 0:
            return "none"
        if self.kind == "number":
            return f"{present.min():g} to {present.max():g}"
        if self.kind in ("date", "datetime"):
            return f"{moment(present.min())} to {moment(present.max())}"
        if self.kind == "boolean":
            return f"true in {present.mean():.0%}"
        levels = list(dict.fromkeys(present))
        shown = ", ".join(level if len(level) <= 12 else level[:11] + "…" for level in levels[:3])
        return f"{len(levels):,}: {shown}" + (", …" if len(levels) > 3 else "")

    def as_numbers(self, advice: str = "mend it or leave it empty") -> Column:
        """Return the column as numbers, those of a text column parsed.

        Raises
        ------
        DataError
            A value is no number; the message names its row and the value.
        """
        if self.kind in ("number", "boolean"):
            return self
        numbers = np.full(len(self), math.nan)
        is_missing = self.is_missing
        for row, text in enumerate(self.texts()):
            if is_missing[row]:
                continue
            try:
                numbers[row] = float(cast(str, text))
            except ValueError:
                raise DataError(
                    f"expected numbers in column {self.name!r}, but row {row + 1:,} holds {text!r}; {advice}."
                ) from None
        return Column(self.name, "number", numbers)


def moment(days: float) -> np.datetime64:
    """Return the date, or the moment, so many days after 1970-01-01."""
    if days == math.floor(days):
        return np.datetime64(int(days), "D")
    return np.datetime64(round(days * _MICROSECONDS), "us").astype("M8[s]")


def _from_series(name: str, series: Any) -> Column:
    dtype = series.dtype
    if dtype == nw.Object:
        return _from_values(name, series.to_list())
    if dtype == nw.Boolean:
        return Column(name, "boolean", _floats(series, False))
    if dtype.is_numeric():
        return Column(name, "number", _floats(series, 0), dtype.is_integer())
    if dtype == nw.String:
        return _text(name, series.to_list())
    if dtype in (nw.Categorical, nw.Enum):  # pandas' may be of anything; dates stay dates
        column = _from_values(name, series.to_list())
        return column if column.kind in ("date", "datetime") else _text(name, series.to_list())
    if dtype in (nw.Date, nw.Datetime):
        stamps = series.cast(nw.Datetime("us")) if dtype == nw.Date else series
        is_missing = stamps.is_null().to_numpy()
        micros = stamps.dt.timestamp("us").fill_null(0).to_numpy().astype(np.float64)
        days = np.where(is_missing, np.nan, micros / _MICROSECONDS)
        return Column(name, "date" if dtype == nw.Date else "datetime", days)
    if dtype == nw.Unknown and bool(series.is_null().all()):  # a column of nulls need not have a type
        return _text(name, [None] * len(series))
    native = series.to_native()
    stated = getattr(native, "dtype", getattr(native, "type", dtype)) if dtype == nw.Unknown else dtype
    raise DataError(
        f"column {name!r} has the type {stated}, which is no number, text, boolean or date; leave it out."
    )


def _floats(series: Any, filler: object) -> NDArray[np.float64]:
    is_missing = np.asarray(series.is_null().to_numpy(), bool)
    values = series.fill_null(filler).cast(nw.Float64).to_numpy()
    return np.where(is_missing, np.nan, np.asarray(values, np.float64))


def _from_array(name: str, values: object) -> Column:
    array = _as_objects(cast(Any, values)) if isinstance(values, (list, tuple)) else np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"column {name!r} has shape {array.shape}; expected one value a row, (N,).")
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(np.float64))
    if array.dtype.kind in "iuf":
        return Column(name, "number", array.astype(np.float64), array.dtype.kind != "f")
    if array.dtype.kind == "M":
        micros = array.astype("M8[us]").astype(np.int64).astype(np.float64)
        is_date = array.dtype == np.dtype("M8[D]")
        days = np.where(np.isnat(array), np.nan, micros / _MICROSECONDS)
        return Column(name, "date" if is_date else "datetime", days)
    if array.dtype.kind in "UO":
        return _from_values(name, array.tolist())
    raise DataError(f"column {name!r} has the type {array.dtype}, which is no number, text, boolean or date.")


def _as_objects(values: Sequence[object]) -> NDArray[Any]:
    array = np.empty(len(values), object)
    for row, value in enumerate(values):
        array[row] = value
    return array


_NO_VALUES: tuple[type[Any], ...] = (
    list,
    tuple,
    dict,
    set,
    bytes,
    complex,
    datetime.time,
    datetime.timedelta,
    np.ndarray,
    np.complexfloating,
    np.timedelta64,
)
_BOOLEANS = (bool, np.bool_)
_NUMBERS = (bool, int, float, Decimal, np.bool_, np.integer, np.floating)
_DATES = (datetime.date, np.datetime64)


def _from_values(name: str, values: Sequence[object]) -> Column:
    """Return the column of Python objects: the kind that all of them have, else text."""
    present: list[Any] = [None if _is_missing(value) else value for value in values]
    types: set[type[Any]] = {type(value) for value in present if value is not None}
    if types and all(issubclass(each, _BOOLEANS) for each in types):
        return Column(name, "boolean", _objects_to_floats(present))
    if types and all(issubclass(each, _NUMBERS) for each in types):
        is_whole = all(issubclass(each, (int, np.integer)) for each in types)
        return Column(name, "number", _objects_to_floats(present), is_whole)
    if types and all(issubclass(each, _DATES) for each in types):
        is_date = all(value is None or _is_date(value) for value in present)
        stamps = np.array([_naive(value) for value in present], "M8[us]")
        return _from_array(name, stamps.astype("M8[D]") if is_date else stamps)
    if any(issubclass(each, _NO_VALUES) for each in types):
        row = next(row for row, value in enumerate(present) if isinstance(value, _NO_VALUES))
        raise DataError(
            f"column {name!r} holds a value of type {type(present[row]).__name__} in row {row + 1:,}; "
            "expected a number, text, a boolean or a date."
        )
    return _text(name, present)


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas', without importing it
        return True
    if isinstance(value, (float, Decimal, np.floating, np.datetime64)):
        return bool(value != value)  # NaN and NaT alone differ from themselves
    return False


def _is_date(value: Any) -> bool:
    if isinstance(value, np.datetime64):
        return np.datetime_data(cast(Any, value).dtype)[0] == "D"
    return not isinstance(value, datetime.datetime)


def _naive(value: Any) -> Any:
    """Return a moment without its time zone, in UTC; NumPy's datetimes have none."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value


def _objects_to_floats(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else _as_float(value) for value in values])


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond 1.8e308, which is refused by name like any infinite one
        return math.inf if value > 0 else -math.inf


def _as_text(value: object) -> str:
    """Return a value as text; 3.0 is "3", as it is where the same column came as integers."""
    if isinstance(value, (float, np.floating)) and float(cast(float, value)).is_integer():
        return str(int(cast(float, value)))
    return str(cast(object, value))


def _text(name: str, values: Iterable[object]) -> Column:
    return Column(
        name, "text", _as_objects([None if _is_missing(value) else _as_text(value) for value in values])
    )
