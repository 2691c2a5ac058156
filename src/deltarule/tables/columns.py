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
            return [
                None if math.isnan(v) else f"{v:.0f}" if v == round(v) else repr(float(v))
                for v in self.values
            ]
        return [None if math.isnan(v) else str(moment(v)) for v in self.values]


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
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return _text(name, series.to_list())
    if dtype in (nw.Date, nw.Datetime):
        stamps = series.cast(nw.Datetime("us")) if dtype == nw.Date else series
        is_missing = stamps.is_null().to_numpy()
        micros = stamps.dt.timestamp("us").fill_null(0).to_numpy().astype(np.float64)
        days = np.where(is_missing, np.nan, micros / _MICROSECONDS)
        return Column(name, "date" if dtype == nw.Date else "datetime", days)
    raise DataError(
        f"column {name!r} has the type {dtype}, which is no number, text, boolean or date; leave it out."
    )


def _floats(series: Any, filler: object) -> NDArray[np.float64]:
    is_missing = np.asarray(series.is_null().to_numpy(), bool)
    values = series.fill_null(filler).cast(nw.Float64).to_numpy()
    return np.where(is_missing, np.nan, np.asarray(values, np.float64))


def _from_array(name: str, values: object) -> Column:
    array = np.asarray(values) if not isinstance(values, list) else np.asarray(_as_objects(cast(Any, values)))
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


_NO_VALUES: tuple[type[Any], ...] = (list, tuple, dict, set, np.ndarray, complex)


def _from_values(name: str, values: Sequence[object]) -> Column:
    """Return the column of Python objects: the kind that all of them have, else text."""
    present = [value for value in values if not _is_missing(value)]
    is_missing = [_is_missing(value) for value in values]
    if present and all(isinstance(value, (bool, np.bool_)) for value in present):
        return Column(name, "boolean", _objects_to_floats(values, is_missing))
    if present and all(isinstance(value, (int, float, np.integer, np.floating)) for value in present):
        whole = all(isinstance(value, (int, np.integer)) for value in present)
        return Column(name, "number", _objects_to_floats(values, is_missing), whole)
    if present and all(isinstance(value, datetime.date) for value in present):
        has_time = any(isinstance(value, datetime.datetime) for value in present)
        stamps = [None if gone else value for value, gone in zip(values, is_missing, strict=True)]
        return _from_array(name, np.array(stamps, "M8[us]" if has_time else "M8[D]"))
    for row, value in enumerate(values):
        if isinstance(value, _NO_VALUES):
            raise DataError(
                f"column {name!r} holds a {cast(type, type(value)).__name__} in row {row + 1:,}; "
                "expected a number, text, a boolean or a date."
            )
    return _text(name, [None if gone else value for value, gone in zip(values, is_missing, strict=True)])


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas', without importing it
        return True
    if isinstance(value, (float, np.floating, np.datetime64)):
        return bool(value != value)  # NaN and NaT alone differ from themselves
    return False


def _objects_to_floats(values: Sequence[object], is_missing: Sequence[bool]) -> NDArray[np.float64]:
    pairs = zip(values, is_missing, strict=True)
    return np.array([math.nan if gone else float(cast(float, value)) for value, gone in pairs])


def _text(name: str, values: Iterable[object]) -> Column:
    return Column(name, "text", _as_objects([None if _is_missing(value) else str(value) for value in values]))
