"""Schema: what each column of a table is, how it is written and why it is taken so; found once, obeyed ever after.

Nothing is guessed in silence: a column's schema says what decided, and the words that would decide otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError, OptionError, closest
from deltarule.tables import moments, numbers
from deltarule.tables.columns import Column
from deltarule.tables.keys import why_key, why_key_text
from deltarule.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

Kind: TypeAlias = Literal["number", "boolean", "date", "category", "row id", "ignore"]
KINDS: dict[str, Kind] = {
    "number": "number", "boolean": "boolean", "date": "date", "category": "category", "text": "category",
    "row id": "row id", "id": "row id", "ignore": "ignore",
}  # fmt: skip
"""What `--set` takes."""

WORDS = frozenset({"", "na", "n/a", "nan", "-nan", "null", "none", "?", "#n/a", "<na>", "nil", "nat"})
"""Texts that mean a missing value, in small letters,"""
MARKS = WORDS | {
    "-", "--", "---", ".", "..", "...", "n.a.", "n.a", "n.d.", "nd", "n.v.", "k.a.", "missing", "unknown", "undefined",
    "unavailable", "not available", "not_available", "not applicable", "no data", "void", "tbd", "#value!", "#div/0!",
    "#ref!", "#null!", "#num!", "#name?",
}  # fmt: skip
"""and in columns of numbers or dates."""
BOOLEANS = {"true": 1.0, "false": 0.0}
SHOWN = 3
"""Cells that a notice shows."""


@dataclass(frozen=True)
class ColumnSchema:
    """What a column is.

    written: how its numbers or dates are, where it came as text. missing: texts that mean a missing value here.
    why: what decided. notices: what a reader should know of it.
    """

    name: str
    kind: Kind
    written: numbers.Notation | moments.Notation | None = None
    missing: tuple[str, ...] = ()
    why: str = ""
    notices: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The kind with its notation, as `--set` takes it."""
        return f"{self.kind}:{self.written}" if self.written and self.kind in _PLURAL else self.kind

    def read(self, column: Column) -> tuple[Column, NDArray[np.intp]]:
        """Return a column as this says, and the rows whose texts it says nothing of: they count as missing."""
        if column.kind != "text":
            return self._of_typed(column), np.zeros(0, np.intp)
        values = _series(column)
        is_text = self.kind in _TEXTS and self.written is None  # a row id that is to be learnt stays a number
        words = WORDS if is_text else MARKS
        is_missing = (
            values.is_null() | values.is_in(list(self.missing)) | values.str.to_lowercase().is_in(list(words))
        )
        if is_text:
            texts = np.array(
                [None if none else text for none, text in zip(is_missing, values, strict=True)], object
            )
            return Column(column.name, "text", texts), np.zeros(0, np.intp)
        distinct = values.filter(~is_missing).unique(maintain_order=True)
        found = (
            values.replace_strict(distinct, self._read(distinct), default=None)
            if len(distinct)
            else values.cast(float, strict=False)
        )
        unlike = np.flatnonzero((found.is_null() & ~is_missing).to_numpy())
        array = found.fill_null(float("nan")).to_numpy()
        if self.kind == "date":
            is_whole = bool((np.floor(array[~np.isnan(array)]) == array[~np.isnan(array)]).all())
            return Column(column.name, "date" if is_whole else "datetime", array), unlike
        if self.kind == "boolean":
            return Column(column.name, "boolean", array), unlike
        present = array[~np.isnan(array)]
        return Column(column.name, "number", array, bool((present == np.round(present)).all())), unlike

    def _of_typed(self, column: Column) -> Column:
        """Return a column that did not come as text as this says."""
        if self.kind == "category":
            texts = np.empty(len(column), object)
            texts[:] = column.texts()
            return Column(column.name, "text", texts)
        if self.kind == "date" and column.kind == "number" and isinstance(self.written, moments.Notation):
            days = moments.EPOCHS.get(self.written.sign, math.nan) / 86_400e6
            return Column(column.name, "datetime", column.values * days)
        return column

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
            written = moments.Notation("year first") if found is None else found.notation
        micros = written.read(distinct).dt.timestamp("us").cast(pl.Float64).to_numpy()
        return pl.Series(
            micros / 86_400e6, nan_to_null=True
        )  # Polars' own division differs in the last digit

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
        fields["missing"], fields["notices"] = tuple(record["missing"]), tuple(record["notices"])
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
        """Return a table whose columns are what this says, and a notice for every column with cells it cannot read."""
        read: list[Column] = []
        notices: list[str] = []
        for name, column in table.columns.items():
            if name not in self:
                read.append(column)
                continue
            typed, unlike = self[name].read(column)
            read.append(typed)
            if len(unlike):
                notices.append(
                    f"{name}: {_cells(column, unlike)}, not {_PLURAL[self[name].kind]}, counted as missing"
                )
        return Table(read), tuple(notices)

    def record(self) -> list[dict[str, Any]]:
        """Return it as plain data for JSON."""
        return [one.record() for one in self.columns.values()]

    @classmethod
    def from_record(cls, record: list[dict[str, Any]]) -> Schema:
        """Return what `record` described."""
        return cls({one["name"]: ColumnSchema.from_record(one) for one in record})


_TEXTS = "category", "ignore", "row id"
_PLURAL = {"number": "numbers", "date": "dates", "boolean": "true or false"}


def schema(
    data: object,
    *,
    base: Schema | None = None,
    settings: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    is_strict: bool = False,
) -> Schema:
    """Return what the columns of a table are.

    Parameters
    ----------
    data
        Whatever `Table.of` reads.
    base
        What columns are that need not be found, as from a file.
    settings
        By a column, what it is to be: number, boolean, date, category, "row id" or ignore; with a notation after a
        colon, such as "number:1.234,56" or "date:%d/%m/%Y".
    missing
        Texts that mean a missing value in every column, besides the usual ones.
    is_strict
        Refuse texts that are unlike the rest of their column, in place of counting them as missing.

    Raises
    ------
    OptionError
        A setting is for no column, or is none.
    DataError
        With `is_strict`, a column has texts unlike the others.

    Examples
    --------
    >>> found = schema({"temp": ["21,28", "18,32"], "when": ["25.3.2020", "1.2.2020"], "zip": ["00501", "10001"]})
    >>> [column.form for column in found.columns.values()]
    ['number:1234,56', 'date:%d.%m.%Y', 'category']
    """
    table = Table.of(data)
    told = {name: _told(name, text, table) for name, text in (settings or {}).items()}
    known = {} if base is None else base.columns
    for name in known:
        if name not in table:
            raise DataError(
                f"the schema has a column {name!r}, and the table has not; take it out of the schema."
            )
    drafts = {
        name: _Draft(replace(known[name], missing=(*known[name].missing, *missing)))
        if name in known and name not in told
        else _draft(column, told.get(name), missing)
        for name, column in table.columns.items()
    }
    others = _Known.of(drafts.values())
    columns = {
        name: draft.settled(others) if draft.other is not None else draft.schema
        for name, draft in drafts.items()
    }
    if is_strict:
        _refuse_unlike(table, columns)
    return Schema(columns)


@dataclass(frozen=True)
class _Known:
    """What columns whose texts leave no choice tell of the others."""

    has_decimal_comma: bool
    order: moments.Order | None

    @classmethod
    def of(cls, drafts: Iterable[_Draft]) -> _Known:
        sure = [draft.schema.written for draft in drafts if draft.other is None]
        commas = any(isinstance(one, numbers.Notation) and one.decimal == "," for one in sure)
        points = any(isinstance(one, numbers.Notation) and one.thousands == "," for one in sure)
        orders: set[moments.Order] = {
            one.order for one in sure if isinstance(one, moments.Notation) and one.family == "year last"
        }
        return cls(commas and not points, orders.pop() if len(orders) == 1 else None)


@dataclass(frozen=True)
class _Draft:
    """A column's schema, and where its texts leave a choice, the other notation with the texts that it is about."""

    schema: ColumnSchema
    other: numbers.Notation | moments.Notation | None = None
    texts: pl.Series | None = None
    weights: pl.Series | None = None
    is_told: bool = False
    row: int = 0

    def settled(self, known: _Known) -> ColumnSchema:
        """Return the schema with the choice made, by other columns if they tell, and told."""
        assert self.texts is not None
        one = self.schema
        if one.kind == "number":
            found = numbers.found(
                self.texts,
                weights=self.weights,
                has_decimal_comma=known.has_decimal_comma,
                is_told=self.is_told,
            )
            how = "as other columns have a decimal comma" if known.has_decimal_comma else ""
        else:
            found = moments.found(self.texts, weights=self.weights, known=known.order, is_told=self.is_told)
            how = f"as another column has {known.order}" if known.order else ""
        assert isinstance(found, (numbers.Found, moments.Found))
        assert found.other is not None
        said = (
            f"{self.texts[0]!r} (row {self.row + 1:,}) may be {found.notation} or {found.other}; taken as "
            f'{found.notation}{", " + how if how else ""} (--set "{one.name}={one.kind}:{found.other}" takes the other)'
        )
        return replace(one, written=found.notation, notices=(*one.notices, said))


def _draft(column: Column, told: ColumnSchema | None, missing: Sequence[str]) -> _Draft:
    if told is not None and (told.written is not None or told.kind in ("ignore", "row id")):
        return _Draft(replace(told, missing=_missing_in(column, MARKS, missing)))
    if column.kind != "text":
        kind: Kind = told.kind if told else "date" if column.kind == "datetime" else cast(Kind, column.kind)
        found = ColumnSchema(column.name, kind, why=f"it came as {column.kind}")
        if told is None and kind == "number" and (why := why_key(column)):
            return _Draft(replace(found, kind="row id", why=why))
        return _Draft(found)
    return _of_text(column, told, missing)


def _of_text(column: Column, told: ColumnSchema | None, missing: Sequence[str]) -> _Draft:
    values = _series(column)
    marks = _missing_in(column, MARKS, missing)
    present = values.filter(~values.is_in(list(marks)))
    counts = present.drop_nulls().alias("text").to_frame().group_by("text", maintain_order=True).len()
    distinct, weights = counts["text"], counts["len"]
    wanted = told.kind if told else None
    why = "told so" if told else ""
    if told is not None and not len(distinct):
        return _Draft(replace(told, missing=marks))
    if len(distinct) and wanted in (None, "boolean") and set(distinct.str.to_lowercase()) <= BOOLEANS.keys():
        return _Draft(
            ColumnSchema(column.name, "boolean", None, marks, why or f"{distinct[0]!r} and the like")
        )
    reason = ""
    ways = [("number", numbers.found), ("date", moments.found)]
    for kind, find in reversed(ways) if moments.are_compact(distinct) else ways:
        if not len(distinct) or wanted not in (None, kind):
            continue
        found = find(distinct, weights=weights, is_told=told is not None)
        if isinstance(found, (numbers.Found, moments.Found)):
            row = int((values == distinct[0]).arg_max() or 0)
            one = ColumnSchema(
                column.name,
                cast(Kind, kind),
                found.notation,
                marks,
                why or f"{distinct[0]!r} in row {row + 1:,} and the like",
            )
            if kind == "number" and told is None and (key := why_key(one.read(column)[0])):
                return _Draft(replace(one, kind="row id", why=key))
            return _Draft(one, found.other, distinct, weights, told is not None, row)
        reason = reason or (found if isinstance(found, str) else "")
    if wanted in ("number", "date", "boolean"):
        raise OptionError(
            f"the column {column.name!r} is to be {wanted}, and none of its texts is, such as {distinct[0]!r}."
        )
    if told is None and (key := why_key_text(column.name, distinct, len(present.drop_nulls()))):
        return _Draft(ColumnSchema(column.name, "row id", None, marks, key))
    is_kept = reason.startswith("texts")
    why = why or (reason if is_kept or reason.startswith("several units") else "neither numbers nor dates")
    notices = (f"kept as text: {reason}",) if is_kept else ()
    words = _missing_in(column, WORDS, missing)
    return _Draft(ColumnSchema(column.name, "category", None, words, why, notices))


def _missing_in(column: Column, words: frozenset[str], more: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of a column that mean a missing value."""
    if column.kind != "text":
        return ()
    also = {word.strip() for word in more}
    distinct = _series(column).drop_nulls().unique(maintain_order=True)
    return tuple(text for text in distinct if text.lower() in words or text in also)


def _series(column: Column) -> pl.Series:
    import polars as pl

    return pl.Series(column.name, column.values.tolist(), pl.String).str.strip_chars()


def _told(name: str, text: str, table: Table) -> ColumnSchema:
    """Return what a setting says of a column of a table."""
    if name not in table:
        near = closest(name, table.names)
        hint = f"; did you mean {near!r}?" if near else f"; its columns: {', '.join(table.names[:20])}."
        raise OptionError(f"there is no column {name!r} to set in the table{hint}")
    return column_told(name, text)


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
    if notation and kind == "number":
        written = numbers.notation_of(notation)
    elif notation and kind == "date":
        written = moments.notation_of(notation)
    elif notation:
        raise OptionError(
            f"column {name!r} is to be {text!r}, and a {kind} has no notation; leave out {notation!r}."
        )
    return ColumnSchema(name, kind, written, why="told so")


def _refuse_unlike(table: Table, columns: dict[str, ColumnSchema]) -> None:
    for name, one in columns.items():
        _, unlike = one.read(table[name])
        if len(unlike):
            text = table[name].values[unlike[0]]
            raise DataError(
                f"column {name!r} holds {_PLURAL[one.kind]}, but {_cells(table[name], unlike)}; mend it, or add "
                f'--missing {text!r} if it means missing, or --set "{name}=category" if the column is text.'
            )


def _cells(column: Column, rows: NDArray[np.intp]) -> str:
    """Return rows with their texts, the first of them."""
    shown = ", ".join(f"row {row + 1:,} {column.values[row]!r}" for row in rows[:SHOWN])
    count = f"{len(rows):,} cell{'s' if len(rows) > 1 else ''}"
    return f"{count} ({shown}{', ...' if len(rows) > SHOWN else ''})"
