"""Schema: what each column of a table is, and how it is written; found once, obeyed ever after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError, closest
from deltarule.spelling import plural
from deltarule.tables.coded import Coded
from deltarule.tables.columns import Column
from deltarule.tables.notations import formats, moments, numbers
from deltarule.tables.notations.missing import MARKS, WORDS
from deltarule.tables.side_by_side import side_by_side
from deltarule.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

Kind: TypeAlias = Literal["number", "boolean", "date", "category", "ordered", "text", "row id", "ignore"]
KINDS: dict[str, Kind] = {
    "number": "number", "boolean": "boolean", "date": "date", "category": "category", "ordered": "ordered",
    "text": "text", "row id": "row id", "id": "row id", "ignore": "ignore",
}  # fmt: skip
"""What `--set` takes."""

BOOLEANS = {"true": 1.0, "false": 0.0}
USUAL = "1234.56", "%Y-%m-%d"
"""Notations that need not be told."""
_TEXTS = "category", "text", "ignore", "row id"
PLURAL = {"number": "numbers", "date": "dates", "boolean": "true or false", "ordered": "numbers"}


@dataclass(frozen=True)
class ColumnSchema:
    """What a column is.

    written: how its numbers or dates are, where it came as text. missing: texts that mean a missing value here.
    why: what decided. notices: what a reader should know of it. kept: texts that would mean a missing value, and do
    not here. levels: of an ordered column, in their order, where they are no numbers.
    """

    name: str
    kind: Kind
    written: numbers.Notation | moments.Notation | None = None
    missing: tuple[str, ...] = ()
    why: str = ""
    notices: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The kind with its notation, as `--set` takes it."""
        if self.kind == "ordered":
            how = "<".join(self.levels) or (
                "" if self.written in (None, numbers.Notation()) else str(self.written)
            )
            return f"ordered:{how}" if how else "ordered"
        return f"{self.kind}:{self.written}" if self.written and self.kind in PLURAL else self.kind

    @property
    def brief(self) -> str:
        """The kind, with its notation where that is not as everywhere."""
        return self.kind if self.written is None or str(self.written) in USUAL else self.form

    def read(self, column: Column) -> tuple[Column, NDArray[np.intp]]:
        """Return a column as this says, and the rows whose texts it says nothing of: they count as missing."""
        if column.kind != "text":
            typed = self._of_typed(column)
            return typed, np.flatnonzero(typed.unread)
        coded = column.coded.stripped
        if self.levels or (
            self.kind in _TEXTS and self.written is None
        ):  # a row id that is learnt is a number
            is_missing = self._is_missing(coded.texts, WORDS).to_numpy()
            return replace(column, values=coded.without(is_missing)), np.zeros(0, np.intp)
        if self._way not in coded.known:
            values, is_odd = self._of_texts(coded.texts)
            coded.known[self._way] = values, is_odd, coded.take(values)
        values, is_odd, array = coded.known[self._way]
        unlike = np.zeros(0, np.intp)
        read = Column(column.name, "number", array, numbering=column.numbering)
        if is_odd.any():
            is_unread = np.append(is_odd, False)[coded.codes]
            unlike = np.flatnonzero(is_unread)
            read = replace(read, is_unread=is_unread if len(unlike) else None)
        present = values[~np.isnan(values)]  # of different texts, which are fewer
        if self.kind == "date":
            return replace(read, kind="date" if (np.floor(present) == present).all() else "datetime"), unlike
        if self.kind == "boolean":
            return replace(read, kind="boolean"), unlike
        return replace(read, is_integer=bool((present == np.round(present)).all())), unlike

    def keep_moments(self, coded: Coded, moments: pl.Series) -> None:
        """Keep the moments that all texts of a column, of which none means missing, were found to be for `read`."""
        days = _days(moments).fill_null(math.nan).to_numpy()
        coded.known[self._way] = days, np.isnan(days), coded.take(days)

    @property
    def _way(self) -> tuple[object, ...]:
        """By what texts become numbers."""
        kind = self.kind if self.kind in ("date", "boolean") else "number"
        return kind, self.written, self.missing, self.kept

    def _is_missing(self, texts: pl.Series, words: frozenset[str]) -> pl.Series:
        is_word = texts.str.to_lowercase().is_in(list(words)) & ~texts.is_in(list(self.kept))
        return texts.is_in(list(self.missing)) | is_word

    def _of_texts(self, texts: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the number that each text is, NaN where none, and which texts are none and mean no missing value."""
        is_absent = self._is_missing(texts, MARKS)
        is_missing = is_absent.to_numpy()
        values = np.full(len(texts), math.nan)
        values[~is_missing] = self._read(texts.filter(~is_absent)).fill_null(math.nan).to_numpy()
        values[np.isinf(values)] = math.nan
        return self._cleared(values), np.isnan(values) & ~is_missing

    def _of_typed(self, column: Column) -> Column:
        """Return a column that did not come as text as this says."""
        if self.levels or self.kind in ("category", "text"):
            return column.as_text()
        if self.kind == "date" and column.kind in ("date", "datetime"):
            return replace(column, values=self._cleared(column.values))
        if self.kind == "date" and column.kind == "number" and isinstance(self.written, moments.Notation):
            if self.written.sign not in formats.COUNTS:  # 20200105 or 930
                return self.read(column.as_text())[0]
            size, start = formats.COUNTS[self.written.sign]
            days = (column.values * size + start) / formats.DAY
            return Column(column.name, "datetime", days, numbering=column.numbering)
        if column.kind == "number":
            values = self._cleared(column.values)
            is_infinite = np.isinf(values)
            if is_infinite.any():
                values = np.where(is_infinite, math.nan, values)
                return replace(column, values=values, is_unread=is_infinite | column.unread)
            return replace(column, values=values)
        return column

    def _cleared(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values, NaN where they are a number that means a missing value, however it is written."""
        if self.kind not in ("number", "ordered", "date") or not self.missing:
            return values
        meant = (days_in if self.kind == "date" else numbers_in)(self.missing, self.written)
        return np.where(np.isin(values, meant), math.nan, values)

    def _read(self, distinct: pl.Series) -> pl.Series:
        """Return the number that each text is: of a date, days since 1970-01-01.

        In plain notation where training had no texts; dates in whatever notation most of these have.
        """
        import polars as pl

        if self.kind == "boolean":
            meaning = {**BOOLEANS, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
            return distinct.str.to_lowercase().replace_strict(
                list(meaning), list(meaning.values()), default=None, return_dtype=pl.Float64
            )
        if self.kind != "date":
            written = self.written if isinstance(self.written, numbers.Notation) else numbers.Notation()
            return written.read(distinct)
        written = self.written if isinstance(self.written, moments.Notation) else None
        if written is None:
            found = moments.found(distinct)
            written = found.notation if isinstance(found, moments.Found) else moments.Notation("year first")
        return _days(written.read(distinct))

    def record(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        record = asdict(self)
        if self.written is not None:
            record["written"]["of"] = "numbers" if isinstance(self.written, numbers.Notation) else "moments"
        return record

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> ColumnSchema:
        """Return what `record` described."""
        fields: dict[str, Any] = {**record}
        written: dict[str, Any] = dict(record["written"] or {})
        if written.pop("of", "") == "numbers":
            written["sizes"] = tuple((unit, size) for unit, size in written["sizes"])
            fields["written"] = numbers.Notation(**written)
        elif written:
            fields["written"] = moments.Notation(**written)
        fields |= {name: tuple(record.get(name, ())) for name in ("missing", "notices", "kept", "levels")}
        return cls(**fields)


@dataclass(frozen=True)
class Schema:
    """What the columns of a table are, by their names."""

    columns: dict[str, ColumnSchema] = field(default_factory=dict[str, ColumnSchema])

    def __getitem__(self, name: str) -> ColumnSchema:
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader should know, a line a matter."""
        return tuple(f"{one.name}: {said}" for one in self.columns.values() for said in one.notices)

    def read(self, table: Table) -> tuple[Table, tuple[str, ...]]:
        """Return a table whose columns are what this says, and a notice for every column with cells it cannot read.

        One that this has read comes back as it is.
        """
        if table.read_by is self:
            return table, ()
        known = [column for name, column in table.columns.items() if name in self]
        read = side_by_side(lambda column: self[column.name].read(column), known, len(table))
        columns = {**table.columns}
        notices: list[str] = []
        for column, (typed, unlike) in zip(known, read, strict=True):
            name = column.name
            columns[name] = typed
            if len(unlike):
                notices.append(
                    f"{name}: {plural(len(unlike), 'cell')} ({column.cells(unlike)}), not "
                    f"{PLURAL[self[name].kind]}, counted as missing"
                )
        return Table(columns.values(), self, where=table.where, is_named=table.is_named), tuple(notices)

    def record(self) -> list[dict[str, Any]]:
        """Return it as plain data for JSON."""
        return [one.record() for one in self.columns.values()]

    @classmethod
    def from_record(cls, record: list[dict[str, Any]]) -> Schema:
        """Return what `record` described."""
        return cls({one["name"]: ColumnSchema.from_record(one) for one in record})


def _days(moments: pl.Series) -> pl.Series:
    """Return the days since 1970-01-01 of moments."""
    import polars as pl

    micros = moments.dt.timestamp("us").cast(pl.Float64).to_numpy()
    return pl.Series(micros / 86_400e6, nan_to_null=True)  # Polars' own division differs in the last digit


def column_told(name: str, text: str) -> ColumnSchema:
    """Return what a column is to be, as KIND or KIND:NOTATION.

    Raises
    ------
    OptionError
        There is no such kind, or no such notation.
    """
    word, _, notation = text.partition(":")
    kind = KINDS.get(word.strip().lower())
    if kind is None:
        near = closest(word, KINDS)
        raise OptionError(
            f"column {name!r} is to be {word!r}, which is no kind; expected {', '.join(KINDS)}"
            + (f" (did you mean {near!r}?)." if near else ".")
        )
    written = None
    levels: tuple[str, ...] = ()
    if notation and kind == "ordered" and "<" in notation:
        levels = tuple(level.strip() for level in notation.split("<"))
        if len(set(levels)) < len(levels) or "" in levels:
            raise OptionError(
                f"column {name!r} is to be {text!r}; write each level once, as in ordered:S<M<L."
            )
    elif notation and kind in ("number", "ordered"):
        written = numbers.notation_of(notation)
    elif notation and kind == "date":
        written = moments.notation_of(notation)
    elif notation:
        raise OptionError(
            f"column {name!r} is to be {text!r}, and a {kind} has no notation; leave out {notation!r}."
        )
    return ColumnSchema(name, kind, written, why="told so", levels=levels)


def numbers_in(texts: Sequence[str], written: numbers.Notation | moments.Notation | None) -> list[float]:
    """Return the numbers that texts are, by the notation of their column or in the plain one."""
    import polars as pl

    series = pl.Series("text", texts, pl.String)
    notations = (written if isinstance(written, numbers.Notation) else numbers.Notation(), numbers.Notation())
    return [value for notation in notations for value in notation.read(series).drop_nulls()]


def days_in(texts: Sequence[str], written: numbers.Notation | moments.Notation | None = None) -> list[float]:
    """Return the days since 1970-01-01 that texts are, by the notation of their column or as ISO 8601 has them."""
    import polars as pl

    series = pl.Series("text", texts, pl.String)
    iso = moments.Notation("any precision")
    notations = (written, iso) if isinstance(written, moments.Notation) else (iso,)
    micros = [value for each in notations for value in each.read(series).dt.timestamp("us").drop_nulls()]
    return [value / formats.DAY for value in micros]
