"""Table: any DataFrame, or a plain or sparse array, as named columns of equal length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError, closest
from deltarule.memory import require
from deltarule.sparse import is_sparse
from deltarule.spelling import plural
from deltarule.tables.columns import Column
from deltarule.tables.numbering import Numbering
from deltarule.tables.side_by_side import side_by_side


class Table:
    """Columns by name, in order.

    read_by: the schema that has read them, if one has. notices: how they were read from a file, none for other tables.
    where: what messages call the table. is_named: whether its columns came with names, as those of an array do not.

    >>> table = Table.of({"age": [28.0, None], "sex": ["male", "female"]})
    >>> table.names, len(table), table["age"].kind
    (['age', 'sex'], 2, 'number')
    """

    def __init__(
        self,
        columns: Iterable[Column],
        read_by: object = None,
        notices: Iterable[str] = (),
        where: str = "the table",
        is_named: bool = True,
    ) -> None:
        columns = list(columns)
        self.read_by = read_by
        _refuse_twice(column.name for column in columns)
        self.columns = {column.name: column for column in columns}
        self.notices = tuple(notices)
        self.where = where
        self.is_named = is_named

    @classmethod
    def of(cls, data: object) -> Table:
        """Return the table of a pandas, Polars or Arrow DataFrame, a dict of columns, or an (N, m) array.

        An array may be a list of rows, one of SciPy's sparse ones, or anything that NumPy makes an array of; its
        columns are called x1, ..., xm. Nothing is copied that need not be, and the data are not changed.

        Raises
        ------
        DataError
            It is none of these, has no rows or no columns, or two columns have the same name.
        OutOfMemoryError
            A sparse array does not fit into memory as columns.
        """
        if isinstance(data, Table):
            return data
        array = _array(data)
        if array is not None:
            columns = _array_columns(array)
        elif isinstance(data, Mapping):
            columns = [Column.of(str(name), values) for name, values in cast(Mapping[Any, Any], data).items()]
        else:
            columns = _frame_columns(data)
        N = getattr(cast(Any, data), "shape", (0,))[0]
        if N and not columns:
            raise DataError(
                f"the table has no columns: 0 feature(s) (shape=({N}, 0)) while a minimum of 1 is required."
            )
        if len({len(column) for column in columns}) > 1:
            lengths = ", ".join(f"{column.name} {len(column):,}" for column in columns)
            raise DataError(f"the columns have different lengths: {lengths}.")
        table = cls(columns, is_named=array is None)
        if len(table) == 0:
            raise DataError("the table has no rows; give at least one example.")
        return table

    @property
    def names(self) -> list[str]:
        return list(self.columns)

    @property
    def numbering(self) -> Numbering:
        """What messages call its rows."""
        return next((column.numbering for column in self.columns.values()), Numbering())

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def rows(self, index: NDArray[Any]) -> Table:
        """Return the table of these rows."""
        return self.having(column.rows(index) for column in self.columns.values())

    def without(self, *names: str) -> Table:
        """Return the table without these columns."""
        return self.having(column for column in self.columns.values() if column.name not in names)

    def having(self, columns: Iterable[Column]) -> Table:
        """Return a table of other columns, of which the same is to be told."""
        return Table(columns, self.read_by, self.notices, self.where, self.is_named)

    def told(self, notices: Iterable[str], where: str, numbering: Numbering | None = None) -> Table:
        """Return the table with what is to be told of it, and what messages call it and its rows."""
        columns = self.columns.values()
        if numbering is not None:
            columns = [replace(column, numbering=numbering) for column in columns]
        return Table(columns, self.read_by, notices, where, self.is_named)

    def column(self, name: str, role: str = "column", where: str | None = None) -> Column:
        """Return a column by name, or raise a DataError that names the closest one there is."""
        if name in self.columns:
            return self.columns[name]
        near = closest(name, self.names)
        hint = f"; did you mean {near!r}?" if near else "."
        listed = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        raise DataError(f"there is no {role} {name!r} in {where or self.where}{hint} Its columns: {listed}.")


def _frame_columns(data: object) -> list[Column]:
    try:
        frame: Any = nw.from_native(cast(Any, data), eager_only=True)
    except nw.exceptions.DuplicateError:
        _refuse_twice(_labels(data))
        raise
    except TypeError:
        raise DataError(
            f"cannot read a table from an object of type {type(data).__name__}"
            f"{' (collect it first)' if hasattr(data, 'collect') else ''}; "
            "expected a pandas, Polars or Arrow DataFrame, a dict of columns, or a 2-D array."
        ) from None
    labels = _labels(data)
    _refuse_twice(labels)
    return side_by_side(
        lambda column: Column.of(column[0], column[1].to_native()),
        zip(labels, frame.iter_columns(), strict=True),
        len(frame),
    )


def _labels(data: object) -> list[str]:
    """Return the column names as the frame has them; pandas' may be numbers or tuples."""
    names = getattr(data, "column_names", getattr(data, "columns", []))  # Arrow; pandas and Polars
    return [str(name) for name in names]


def _array(data: Any) -> Any:
    """Return data that are an (N, m) array, dense or sparse, or are made one; None of others."""
    if isinstance(data, (list, tuple)):
        return _array_of_rows(cast(Sequence[object], data))
    if isinstance(data, np.ndarray) or is_sparse(data):
        return _refuse_flat(cast(Any, data))
    if nw.dependencies.is_into_dataframe(data) or not hasattr(data, "__array__"):
        return None
    return _refuse_flat(np.asarray(data))


def _array_of_rows(rows: Sequence[object]) -> NDArray[Any]:
    ragged = DataError("the rows have different lengths; expected one row an example, (N, m).")
    try:
        # NumPy makes text of [1, "a"]; as objects every column keeps its own kind.
        array = np.array(rows, object)
    except ValueError:
        raise ragged from None
    if array.ndim == 1 and any(isinstance(row, (list, tuple)) for row in rows):
        raise ragged
    return _refuse_flat(array)


def _refuse_flat(array: Any) -> Any:
    """Return an array that has rows and columns."""
    if array.ndim == 1:
        raise DataError(
            f"the array has shape {array.shape}; expected one row an example, (N, m). Reshape your data: "
            "np.reshape(X, (1, -1)) makes them one row, np.reshape(X, (-1, 1)) one column."
        )
    if array.ndim != 2:
        raise DataError(f"the array has shape {array.shape}; expected one row an example, (N, m).")
    return array


def _array_columns(array: Any) -> list[Column]:
    N, m = array.shape
    if not is_sparse(array):
        return [Column.of(f"x{n + 1}", array[:, n]) for n in range(m)]
    what = f"the table of {plural(N, 'row')} and {plural(m, 'column')}, as a sparse one is read,"
    require(
        8 * N * m, what, "take fewer rows or columns, or MLPClassifier and MLPRegressor, which keep it sparse"
    )
    by_columns = array.tocsc()
    return [Column.of(f"x{n + 1}", by_columns[:, [n]].toarray()) for n in range(m)]


def _refuse_twice(names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"the table has several columns named {', '.join(map(repr, twice))}; rename them.")
