"""Column: the values of one column of any DataFrame library, in one of five kinds.

number              float64, NaN where missing; of durations, seconds
boolean             float64 of 0 and 1, NaN where missing
date, datetime      float64, days since 1970-01-01, NaN where missing
text                Coded: the different texts, and the place of every cell among them
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.tables.coded import Coded
from deltarule.tables.numbering import Numbering

Kind: TypeAlias = Literal["number", "boolean", "date", "datetime", "text"]

NARROW = 1e6
"""Whole numbers within such a range are counted in place of being sorted."""
EXACT = 2**53
"""Whole numbers up to this one are float64s."""
SHOWN = 3
"""Cells that a message lists."""
LONG = 1e16
"""Whole numbers from this on are written with an exponent, where they came as decimals."""
_MICROSECONDS = 86_400e6  # of a day


@dataclass(frozen=True)
class Column:
    """A column as its kind says.

    values: (N,), as above. is_integer: whether numbers came as integers; those that float64 does not hold are text.
    is_category: whether they came as categories.
    is_unread: (N,), where a text was there and could not be read; None where there is no such cell.
    numbering: what messages call its rows.

    >>> Column.of("age", [28.0, None, 35.0]).values
    array([28., nan, 35.])
    >>> Column.of("sex", ["male", None]).is_missing
    array([False,  True])
    """

    name: str
    kind: Kind
    values: Any
    is_integer: bool = False
    is_category: bool = False
    is_unread: NDArray[np.bool_] | None = None
    numbering: Numbering = field(default_factory=Numbering, repr=False)

    @classmethod
    def of(cls, name: str, values: object) -> Column:
        """Return the column of a Series, an array, or a sequence.

        Raises
        ------
        DataError
            The column holds lists, structures, complex numbers or other things that are no values.
        """
        if isinstance(values, Column):
            return replace(values, name=name)
        try:
            series: Any = nw.from_native(cast(Any, values), series_only=True)
        except TypeError:
            return _from_array(name, values)
        return _from_series(name, series)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def is_missing(self) -> NDArray[np.bool_]:
        """(N,): where there is no value."""
        return self.coded.codes < 0 if self.kind == "text" else np.isnan(self.values)

    @cached_property
    def present(self) -> NDArray[np.float64]:
        """The numbers, or days, that are there."""
        is_missing = self.is_missing
        return self.values[~is_missing] if is_missing.any() else self.values

    @cached_property
    def different(self) -> NDArray[np.float64]:
        """The different numbers, or days, that are there, ascending."""
        return np.unique(self.present)

    @property
    def coded(self) -> Coded:
        """The cells of a column of text."""
        return cast(Coded, self.values)

    @property
    def unread(self) -> NDArray[np.bool_]:
        """(N,): where there is a text that could not be read."""
        return np.zeros(len(self), bool) if self.is_unread is None else self.is_unread

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same."""
        if self.kind == "text":
            return len(self.coded.levels) == 1
        return bool((self.values == self.values[0]).all())

    def rows(self, index: NDArray[Any] | slice) -> Column:
        """Return the column of these rows."""
        values = self.coded.rows(index) if self.kind == "text" else self.values[index]
        is_unread = None if self.is_unread is None else self.is_unread[index]
        return replace(
            self, values=values, is_unread=is_unread, numbering=self.numbering.rows(index, len(self))
        )

    def row(self, place: int) -> str:
        """Return what messages call the row at a place from 0."""
        return self.numbering.name(place)

    def cells(self, rows: NDArray[np.intp]) -> str:
        """Return the first of some rows, and their texts, as messages list them in brackets.

        >>> Column.of("x", ["a", "", None, "?", "b"]).cells(np.array([1, 2, 3, 4]))
        "row 2; row 3; row 4: '?'; ..."
        """
        shown: list[str] = []
        for row, text in zip(rows[:SHOWN].tolist(), self.rows(rows[:SHOWN]).texts(), strict=True):
            said = (
                ""
                if text is None or not text.strip()
                else f": {text!r}"
                if self.kind == "text"
                else f": {text}"
            )
            shown.append(self.numbering.within_brackets(row) + said)
        return "; ".join([*shown, *(["..."] if len(rows) > SHOWN else [])])

    def texts(self) -> list[str | None]:
        """Return every value as text, None where missing; whole numbers without a decimal point."""
        if self.kind == "text":
            return self.coded.to_list()
        if self.kind == "boolean":
            return [None if math.isnan(v) else "True" if v else "False" for v in self.values]
        if self.kind == "number":
            return [None if math.isnan(v) else _as_text(v) for v in self.values.tolist()]
        return [None if math.isnan(v) else str(moment(v)) for v in self.values]

    def shown(self) -> list[str]:
        """Return every number or moment as a person reads it; times of day without the day that they count from."""
        if self.kind == "datetime" and ((self.values >= 0) & (self.values < 1)).all():
            return [str(np.datetime64(round(v * _MICROSECONDS), "us"))[11:19] for v in self.values]
        if self.kind in ("date", "datetime"):
            return [str(moment(v)) for v in self.values]
        return [f"{v:.10g}" for v in self.values]

    def as_text(self) -> Column:
        """Return the column with every value as text; whole numbers without a decimal point."""
        if self.kind == "text":
            return self
        return Column(self.name, "text", self._as_coded, numbering=self.numbering)

    @cached_property
    def _as_coded(self) -> Coded:
        import polars as pl

        values, codes = _factorised(self.values)
        texts = replace(self, values=values, is_unread=None).texts()
        return Coded(pl.Series(self.name, texts, pl.String), codes).merged

    def summary(self) -> str:
        """Return in a few words which values there are: from the least to the greatest, or how many and the first."""
        if self.kind == "text":
            levels = self.coded.levels
            shown = ", ".join(level if len(level) <= 12 else level[:11] + "…" for level in levels[:3])
            return f"{len(levels):,}: {shown}" + (", …" if len(levels) > 3 else "") if len(levels) else "none"
        present = self.present
        if len(present) == 0:
            return "none"
        if self.kind != "boolean":
            least, greatest = replace(self, values=np.array([present.min(), present.max()])).shown()
            return f"{least} to {greatest}"
        return f"true in {present.mean():.0%}"

    def as_numbers(self, advice: str = "mend it or leave it empty") -> Column:
        """Return the column as numbers: those of a text column parsed, of dates the days since 1970-01-01.

        Raises
        ------
        DataError
            A value is no number; the message names its row and the value.
        """
        if self.kind in ("number", "boolean"):
            return self
        if self.kind != "text":
            return Column(self.name, "number", self.values, numbering=self.numbering)
        numbers = np.full(len(self), math.nan)
        is_missing = self.is_missing
        for row, text in enumerate(self.texts()):
            if is_missing[row]:
                continue
            try:
                numbers[row] = float(cast(str, text))
            except ValueError:
                raise DataError(
                    f"expected numbers in column {self.name!r}, but {self.row(row)} holds {text!r}; {advice}."
                ) from None
        return Column(self.name, "number", numbers, numbering=self.numbering)


def _factorised(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the different values, and the place of every one among them; -1 where missing."""
    is_there = ~np.isnan(values)
    present = values[is_there]
    codes = np.full(len(values), -1, np.int32)
    if len(present) and np.ptp(present) < NARROW and bool(np.all(present == np.round(present))):
        least = present.min()
        shifted = (present - least).astype(np.int32)
        is_used = np.bincount(shifted) > 0
        codes[is_there] = (np.cumsum(is_used) - 1)[shifted]
        return np.flatnonzero(is_used) + least, codes
    different, which = np.unique(present, return_inverse=True)
    codes[is_there] = which
    return different, codes


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
        if (dtype.is_integer() or dtype.is_decimal()) and not _are_exact(series.min(), series.max()):
            return replace(_from_strings(name, series.cast(nw.String)), is_integer=dtype.is_integer())
        return Column(name, "number", _floats(series, 0), dtype.is_integer())
    if dtype in (nw.Categorical, nw.Enum):
        return _from_categories(name, series)
    if dtype == nw.String:
        return _from_strings(name, series)
    if dtype in (nw.Date, nw.Datetime):
        stamps = series.cast(nw.Datetime("us")) if dtype == nw.Date else series
        is_missing = stamps.is_null().to_numpy()
        micros = stamps.dt.timestamp("us").fill_null(0).to_numpy().astype(np.float64)
        days = np.where(is_missing, np.nan, micros / _MICROSECONDS)
        return Column(name, "date" if dtype == nw.Date else "datetime", days)
    if dtype == nw.Duration:
        return Column(name, "number", _floats(series.dt.total_microseconds(), 0) / 1e6)
    if dtype == nw.Time:
        return _from_values(name, series.to_list())
    if dtype == nw.Unknown and bool(series.is_null().all()):  # a column of nulls need not have a type
        return _text(name, [None] * len(series))
    native = series.to_native()
    if hasattr(getattr(native, "dt", None), "to_timestamp"):  # pandas' periods
        return Column.of(name, native.dt.to_timestamp())
    if hasattr(native, "sparse"):  # pandas'
        return Column.of(name, native.sparse.to_dense())
    if str(getattr(native, "dtype", "")).startswith("complex"):
        raise _complex(name)
    stated = getattr(native, "dtype", getattr(native, "type", dtype)) if dtype == nw.Unknown else dtype
    raise DataError(
        f"column {name!r} has the type {stated}, which is no number, text, boolean or date; leave it out."
    )


def _from_strings(name: str, series: Any) -> Column:
    import polars as pl

    native = series.to_native()
    if isinstance(native, pl.Series):
        return Column(name, "text", Coded.of(native))
    return _text(name, series.to_list())


def _from_categories(name: str, series: Any) -> Column:
    """Return the column of categories; where these are no texts, of what they are."""
    import polars as pl

    native = series.to_native()
    if isinstance(native, pl.Series):
        return Column(name, "text", Coded.of(native))
    column = _from_values(name, series.to_list())
    return replace(column, is_category=column.kind == "number")


def _are_exact(least: Any, greatest: Any) -> bool:
    """Return whether all whole numbers from the least to the greatest have a float64; others are read as their digits.

    So that a schema decides, as it does where they come from a file, whether they are numbers or keys.
    """
    return least is None or (least >= -EXACT and greatest <= EXACT)


def _floats(series: Any, filler: object) -> NDArray[np.float64]:
    is_missing = np.asarray(series.is_null().to_numpy(), bool)
    values = series.fill_null(filler).cast(nw.Float64).to_numpy()
    return np.where(is_missing, np.nan, np.asarray(values, np.float64))


def _from_array(name: str, values: object) -> Column:
    if isinstance(values, np.ma.MaskedArray):
        values = _unmasked(values)
    array = _as_objects(cast(Any, values)) if isinstance(values, (list, tuple)) else np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"column {name!r} has shape {array.shape}; expected one value a row, (N,).")
    if array.dtype.kind == "c":
        raise _complex(name)
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(np.float64))
    if array.dtype.kind in "iu" and len(array) and not _are_exact(array.min(), array.max()):
        return replace(_text(name, array.tolist()), is_integer=True)
    if array.dtype.kind in "iuf":
        return Column(name, "number", array.astype(np.float64), array.dtype.kind != "f")
    if array.dtype.kind == "M":
        micros = array.astype("M8[us]").astype(np.int64).astype(np.float64)
        is_date = array.dtype == np.dtype("M8[D]")
        days = np.where(np.isnat(array), np.nan, micros / _MICROSECONDS)
        return Column(name, "date" if is_date else "datetime", days)
    if array.dtype.kind == "m":
        micros = array.astype("m8[us]").astype(np.int64).astype(np.float64)
        return Column(name, "number", np.where(np.isnat(array), np.nan, micros / 1e6))
    if array.dtype.kind in "UO":
        return _from_values(name, array.tolist())
    raise DataError(f"column {name!r} has the type {array.dtype}, which is no number, text, boolean or date.")


def _unmasked(values: Any) -> NDArray[np.object_]:
    """Return values with None in place of those that are masked."""
    is_masked: Any = np.ma.getmaskarray(values)
    return np.where(is_masked, cast(Any, None), np.asarray(values, object))


def _complex(name: str) -> DataError:
    return DataError(
        f"Complex data not supported: column {name!r} holds complex numbers; give their real and imaginary parts as "
        "two columns."
    )


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
    np.ndarray,
)
_COMPLEX = (complex, np.complexfloating)
_BOOLEANS = (bool, np.bool_)
_NUMBERS = (bool, int, float, Decimal, np.bool_, np.integer, np.floating)
_DATES = (datetime.date, np.datetime64)
_DURATIONS = (datetime.timedelta, np.timedelta64)


def _from_values(name: str, values: Sequence[object]) -> Column:
    """Return the column of Python objects: the kind that all of them have, else text."""
    if set(map(type, values)) <= {str, type(None)}:
        return _text(name, values)
    present: list[Any] = [None if _is_missing(value) else value for value in values]
    types: set[type[Any]] = {type(value) for value in present if value is not None}
    if types and all(issubclass(each, _BOOLEANS) for each in types):
        return Column(name, "boolean", _objects_to_floats(present))
    if types and all(issubclass(each, _NUMBERS) for each in types):
        is_whole = all(issubclass(each, (int, np.integer)) for each in types)
        if is_whole and not _are_exact(*(f(v for v in present if v is not None) for f in (min, max))):
            return replace(_text(name, present), is_integer=True)
        return Column(name, "number", _objects_to_floats(present), is_whole)
    if types and all(issubclass(each, _DATES) for each in types):
        is_date = all(value is None or _is_date(value) for value in present)
        stamps = np.array([_naive(value) for value in present], "M8[us]")
        return _from_array(name, stamps.astype("M8[D]") if is_date else stamps)
    if types and all(issubclass(each, _DURATIONS) for each in types):
        return _from_array(
            name, np.array([np.timedelta64("NaT") if v is None else v for v in present], "m8[us]")
        )
    if types == {datetime.time}:
        days = [math.nan if value is None else _seconds(value) / 86_400 for value in present]
        return Column(name, "datetime", np.array(days))
    if any(issubclass(each, _COMPLEX) for each in types):
        raise _complex(name)
    if any(issubclass(each, _NO_VALUES) for each in types):
        row = next(row for row, value in enumerate(present) if isinstance(value, _NO_VALUES))
        raise DataError(
            f"column {name!r} holds a value of type {type(present[row]).__name__} in row {row + 1:,}; "
            "expected a number, text, a boolean or a date."
        )
    return _text(name, present)


def _seconds(time: datetime.time) -> float:
    """Return the seconds since midnight."""
    return time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas', without importing it
        return True
    if isinstance(value, (float, Decimal, np.floating, np.datetime64, np.timedelta64)):
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
    if isinstance(value, (float, np.floating)):
        number = float(cast(float, value))
        if number.is_integer() and abs(number) < LONG:
            return str(int(number))
    return str(cast(Any, value))


def _text(name: str, values: Iterable[object]) -> Column:
    import polars as pl

    values = list(values)
    is_plain = set(map(type, values)) <= {str, type(None)}
    texts = values if is_plain else [None if _is_missing(value) else _as_text(value) for value in values]
    return Column(name, "text", Coded.of(pl.Series(name, texts, pl.String)))
