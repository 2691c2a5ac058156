"""Schema: what each column of a table is, how it is written and why it is taken so; found once, obeyed ever after.

Nothing is guessed in silence: a column's schema says what decided, and the words that would decide otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError, OptionError, closest
from deltarule.tables import moments, numbers
from deltarule.tables.coded import Coded
from deltarule.tables.columns import Column
from deltarule.tables.encoders import fewest_rows
from deltarule.tables.missing import MARKS, SIGNS, WORDS, by_column, levels_in, missing_in, unlike_answers
from deltarule.tables.row_ids import why_key, why_key_text
from deltarule.tables.sentinels import far_notices
from deltarule.tables.shares import HALF
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
FEWEST_BOOLEANS = 0.95
"""The share of a column's cells that are true or false, from which on it is a column of these."""
SHOWN = 3
"""Cells that a notice shows."""
FEWEST_CODES, MOST_CODES, ROWS_A_CODE = 3, 50, 10
"""Different whole numbers that are ordered levels, where there are so many rows for each; see docs/decisions/0007."""
FEWEST_TEXTS, FEWEST_WORDS = 100, 2.0
"""Cells, and words of a text, from which on texts of which few come again are taken by their words."""
MOST_LEVELS = 1000
"""Different texts up to which a word among them may be a level, or all may be true and false."""


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
        return f"{self.kind}:{self.written}" if self.written and self.kind in _PLURAL else self.kind

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
            return Column(column.name, "text", coded.without(is_missing)), np.zeros(0, np.intp)
        way = (
            self.kind if self.kind in ("date", "boolean") else "number",
            self.written,
            self.missing,
            self.kept,
        )
        if way not in coded.known:
            coded.known[way] = self._of_texts(coded.texts)
        values, is_odd = coded.known[way]
        array = coded.take(values)
        unlike = np.zeros(0, np.intp)
        read = Column(column.name, "number", array)
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

    def _is_missing(self, texts: pl.Series, words: frozenset[str]) -> pl.Series:
        is_word = texts.str.to_lowercase().is_in(list(words)) & ~texts.is_in(list(self.kept))
        return texts.is_in(list(self.missing)) | is_word

    def _of_texts(self, texts: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the number that each text is, NaN where none, and which texts are none and mean no missing value."""
        is_absent = self._is_missing(texts, MARKS)
        is_missing = is_absent.to_numpy()
        values = np.full(len(texts), math.nan)
        values[~is_missing] = self._read(texts.filter(~is_absent)).fill_null(math.nan).to_numpy()
        return self._cleared(values), np.isnan(values) & ~is_missing

    def _of_typed(self, column: Column) -> Column:
        """Return a column that did not come as text as this says."""
        if self.levels or self.kind in ("category", "text"):
            return column.as_text()
        if self.kind == "date" and column.kind == "number" and isinstance(self.written, moments.Notation):
            days = moments.EPOCHS.get(self.written.sign, math.nan) / 86_400e6
            return Column(column.name, "datetime", column.values * days)
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
        if self.kind not in ("number", "ordered") or not self.missing:
            return values
        return np.where(np.isin(values, _numbers_in(self.missing, self.written)), math.nan, values)

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
        return Table(read, self), tuple(notices)

    def record(self) -> list[dict[str, Any]]:
        """Return it as plain data for JSON."""
        return [one.record() for one in self.columns.values()]

    @classmethod
    def from_record(cls, record: list[dict[str, Any]]) -> Schema:
        """Return what `record` described."""
        return cls({one["name"]: ColumnSchema.from_record(one) for one in record})


_TEXTS = "category", "text", "ignore", "row id"
_PLURAL = {"number": "numbers", "date": "dates", "boolean": "true or false", "ordered": "numbers"}


def schema(
    data: object,
    *,
    base: Schema | None = None,
    settings: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    not_missing: Sequence[str] = (),
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
        By a column, what it is to be: number, boolean, date, category, ordered, text, "row id" or ignore; with a
        notation or an order after a colon, such as "number:1.234,56", "date:%d/%m/%Y" or "ordered:S<M<L".
    missing
        Texts that mean a missing value besides the usual ones, in every column, or as COLUMN=TEXT in one.
    not_missing
        Texts that do not, in every column, or as COLUMN=TEXT in one.
    is_strict
        Refuse texts that are unlike the rest of their column, in place of counting them as missing.

    Raises
    ------
    OptionError
        A setting, or a text that means a missing value or none, is for no column; or a setting is none.
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
    marked, kept = by_column(missing, table), by_column(not_missing, table)
    drafts = {
        name: _Draft(_marked(known[name], marked[name], kept[name]))
        if name in known and name not in told
        else _draft(column, told.get(name), _Words(marked[name], kept[name]))
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
                name=one.name,
            )
        else:
            found = moments.found(self.texts, weights=self.weights, known=known.order, is_told=self.is_told)
        assert isinstance(found, (numbers.Found, moments.Found))
        assert found.other is not None
        how = f", {found.how}" if found.how else ""
        said = (
            f"{self.texts[0]!r} (row {self.row + 1:,}) may be {found.notation} or {found.other}; taken as "
            f'{found.notation}{how} (--set "{one.name}={one.kind}:{found.other}" takes the other)'
        )
        return replace(one, written=found.notation, notices=(*one.notices, said))


@dataclass(frozen=True)
class _Words:
    """Texts that somebody says mean a missing value in a column, and texts that do not."""

    also: tuple[str, ...]
    never: tuple[str, ...]

    def of(self, column: Column, words: frozenset[str]) -> tuple[str, ...]:
        """Return the texts of a column that mean a missing value: `words` in any case, and others told."""
        import polars as pl

        if column.kind != "text":
            return self.numbers(pl.Series(column.values), None, ())
        texts = column.coded.stripped.texts
        return tuple(text for text in missing_in(texts, words, self.also) if text not in self.never)

    def numbers(
        self, values: pl.Series, written: numbers.Notation | None, known: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the texts told, besides known ones, that are one of these numbers, however it is written."""
        more = (text for text in self.also if text not in known)
        return tuple(text for text in more if values.is_in(_numbers_in([text], written)).any())


def _marked(one: ColumnSchema, also: tuple[str, ...], never: tuple[str, ...]) -> ColumnSchema:
    """Return what a column is with texts that somebody says mean a missing value in it, and texts that do not."""
    missing = tuple(text for text in (*one.missing, *also) if text not in never)
    kept = tuple(text for text in (*one.kept, *never) if text not in also)
    return replace(one, missing=missing, kept=kept)


def _draft(column: Column, told: ColumnSchema | None, words: _Words) -> _Draft:
    if told is not None and (told.written is not None or told.levels or told.kind in ("ignore", "row id")):
        marks = words.of(column, MARKS)
        if isinstance(told.written, numbers.Notation) and column.kind == "text":
            counts = _counts(column, marks)
            told = replace(told, written=told.written.beside(counts["text"], counts["len"]))
        if told.levels:
            told = replace(told, notices=_not_in_order(told, column.as_text(), marks))
        return _Draft(replace(told, missing=marks, kept=words.never))
    if column.kind != "text":
        own = "category" if column.is_category else "date" if column.kind == "datetime" else column.kind
        came = "a category" if column.is_category else column.kind
        kind = told.kind if told else cast(Kind, own)
        found = ColumnSchema(
            column.name, kind, None, words.of(column, MARKS), f"it came as {came}", kept=words.never
        )
        return _Draft(
            _looked_at(found, found.read(column)[0]) if told is None and kind == "number" else found
        )
    return _of_text(column, told, words)


def _of_text(column: Column, told: ColumnSchema | None, words: _Words) -> _Draft:
    coded = column.coded.stripped
    marks = words.of(column, MARKS)
    counts = _counts(column, marks)
    distinct, weights = counts["text"], counts["len"]
    wanted = told.kind if told else None
    why = "told so" if told else ""
    if told is not None and not len(distinct):
        return _Draft(replace(told, missing=marks, kept=words.never))
    if wanted in (None, "boolean") and _are_booleans(distinct, weights, is_told=wanted is not None):
        said = why or f"{distinct[0]!r} and the like"
        return _Draft(ColumnSchema(column.name, "boolean", None, marks, said, kept=words.never))
    reason = takes = ""
    ways = [("number", partial(numbers.found, name=column.name)), ("date", moments.found)]
    for kind, find in reversed(ways) if moments.are_compact(distinct) else ways:
        if not len(distinct) or wanted not in (None, kind, "ordered"):
            continue
        found = find(distinct, weights=weights, is_told=told is not None)
        if isinstance(found, (numbers.Found, moments.Found)):
            if isinstance(found, numbers.Found):
                marks += words.numbers(found.values, found.notation, marks)
            row = _row_of(distinct[0], coded)
            first = distinct[int(found.values.is_not_null().arg_max() or 0)]  # that is one
            one = ColumnSchema(
                column.name,
                cast(Kind, kind),
                found.notation,
                marks,
                why or f"{first!r} in row {_row_of(first, coded) + 1:,} and the like",
                tuple(
                    f'{what}; --set "{column.name}={form}" reads it otherwise' for what, form in found.said
                ),
                words.never,
            )
            if kind == "number" and wanted == "ordered":
                one = replace(one, kind="ordered")
            elif kind == "number" and told is None:
                one = _looked_at(one, one.read(column)[0])
            return _Draft(one, found.other, distinct, weights, told is not None, row)
        if found and not reason:
            reason, takes = found, f' (--set "{column.name}={kind}" takes {_PLURAL[kind]})'
    if wanted == "ordered":
        return _Draft(_sorted(column, distinct, words.of(column, WORDS | SIGNS), words.never))
    if wanted in ("number", "date", "boolean"):
        raise OptionError(
            f"the column {column.name!r} is to be {wanted}, and none of its texts is, such as {distinct[0]!r}."
        )
    if told is None:
        once = distinct if coded.is_unique else distinct.unique(maintain_order=True)
        if key := why_key_text(column.name, once, int(weights.sum())):
            return _Draft(ColumnSchema(column.name, "row id", None, marks, key, kept=words.never))
    why = why or reason or "neither numbers nor dates"
    notices = (f"kept as text: {reason}{takes}",) if reason and told is None else ()
    counts = _counts(column, words.also)
    if len(counts) > MOST_LEVELS:
        counts = counts.clear()
    levels = levels_in(dict(counts.iter_rows()), len(column) - int(counts["len"].sum()))
    levels = tuple(each for each in levels if each.text not in words.never)
    kept = (*words.never, *(each.text for each in levels))
    missing = tuple(
        text for text in words.of(column, WORDS | SIGNS) if text not in kept or text in words.also
    )
    notices += tuple(
        f"{each.text!r} is a level, as {each.why} "
        f'(--missing "{column.name}={each.text}" counts it as missing)'
        for each in levels
    )
    present = {text: n for text, n in counts.iter_rows() if text not in missing}
    notices += unlike_answers(present, column.name)
    found = ColumnSchema(column.name, "category", None, missing, why, notices, kept)
    if told is not None:
        return _Draft(replace(found, kind=told.kind))
    return _Draft(_with_words(found, distinct, weights))


def _row_of(text: str, coded: Coded) -> int:
    """Return the first row, from 0, that holds a text."""
    return int(np.argmax(coded.codes == (coded.texts == text).arg_max()))


def _looked_at(one: ColumnSchema, column: Column) -> ColumnSchema:
    """Return what a column of numbers is, by these: a row id, ordered, or numbers; and of those far from others."""
    if key := why_key(column):
        return replace(one, kind="row id", why=key)
    return _with_order(replace(one, notices=(*one.notices, *far_notices(column))), column)


def _with_order(one: ColumnSchema, column: Column) -> ColumnSchema:
    """Return what a column of numbers is: ordered, where they are a few whole numbers again and again."""
    values = column.values[~column.is_missing]
    if not column.is_integer or len(np.unique(values[: 20 * MOST_CODES])) > MOST_CODES:
        return one
    n = len(np.unique(values))
    if not FEWEST_CODES <= n <= MOST_CODES or len(values) < ROWS_A_CODE * n:
        return one
    return replace(one, kind="ordered", why=f"{one.why}; {n} different whole numbers")


def _with_words(one: ColumnSchema, distinct: pl.Series, weights: pl.Series) -> ColumnSchema:
    """Return what a column of texts is: text, where few come again and they have several words."""
    cells = float(weights.sum())
    again = (
        float(weights.filter(weights >= fewest_rows(int(cells))).sum()) if distinct.is_unique().all() else 0.0
    )
    if again >= HALF * cells or cells < FEWEST_TEXTS:
        return one
    words = cast(float, distinct.str.count_matches(r"\w+").mean())
    if words < FEWEST_WORDS:
        return one
    return replace(one, kind="text", why=f"{len(distinct):,} different texts of {words:.1f} words")


def _not_in_order(one: ColumnSchema, column: Column, marks: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence for the levels of a column that its order does not have."""
    others = [
        text for text in _counts(column, marks)["text"].unique(maintain_order=True) if text not in one.levels
    ]
    if not others:
        return ()
    shown = ", ".join(map(repr, others[:SHOWN])) + (", ..." if len(others) > SHOWN else "")
    are = "levels are" if len(others) > 1 else "level is"
    return (f"{len(others):,} {are} not in the order and stand in its middle ({shown})",)


def _natural(level: str) -> list[tuple[int, str]]:
    """Return by what levels sort: numbers within them by their size."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", level)]


def _sorted(
    column: Column, distinct: pl.Series, missing: tuple[str, ...], kept: tuple[str, ...]
) -> ColumnSchema:
    """Return the schema of levels that are ordered as they sort."""
    levels = tuple(sorted((level for level in distinct.unique() if level not in missing), key=_natural))
    one = ColumnSchema(column.name, "ordered", None, missing, "told so", (), kept, levels)
    said = f'the order is {" < ".join(levels)} (--set "{column.name}={one.form}", in another order, says otherwise)'
    return replace(one, notices=(said,))


def _are_booleans(distinct: pl.Series, weights: pl.Series, *, is_told: bool) -> bool:
    """Return whether texts are true and false, but for a few cells; where somebody says so, but for any."""
    if len(distinct) > MOST_LEVELS and not is_told:
        return False
    is_one = distinct.str.to_lowercase().is_in(list(BOOLEANS))
    least = 0.0 if is_told else FEWEST_BOOLEANS * float(weights.sum())
    return bool(is_one.any()) and float(weights.filter(is_one).sum()) >= least


def _numbers_in(texts: Sequence[str], written: numbers.Notation | moments.Notation | None) -> list[float]:
    """Return the numbers that texts are, by the notation of their column or in the plain one."""
    import polars as pl

    series = pl.Series("text", texts, pl.String)
    notations = (written if isinstance(written, numbers.Notation) else numbers.Notation(), numbers.Notation())
    return [value for notation in notations for value in notation.read(series).drop_nulls()]


def _counts(column: Column, marks: Sequence[str]) -> pl.DataFrame:
    """Return the texts of a column that do not mean a missing value, and the cells of each: text, len."""
    import polars as pl

    coded = column.coded.stripped
    counts = pl.DataFrame({"text": coded.texts, "len": coded.counts})
    return counts.filter(~pl.col("text").is_in(list(marks)) & (pl.col("len") > 0))


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


def _refuse_unlike(table: Table, columns: dict[str, ColumnSchema]) -> None:
    for name, one in columns.items():
        _, unlike = one.read(table[name])
        if len(unlike):
            text = table[name].rows(unlike[:1]).texts()[0]
            raise DataError(
                f"column {name!r} holds {_PLURAL[one.kind]}, but {_cells(table[name], unlike)}; mend it, or add "
                f'--missing {text!r} if it means missing, or --set "{name}=category" if the column is text.'
            )


def _cells(column: Column, rows: NDArray[np.intp]) -> str:
    """Return rows with their texts, the first of them."""
    texts = column.rows(rows[:SHOWN]).texts()
    shown = ", ".join(f"row {row + 1:,} {text!r}" for row, text in zip(rows.tolist(), texts, strict=False))
    count = f"{len(rows):,} cell{'s' if len(rows) > 1 else ''}"
    return f"{count} ({shown}{', ...' if len(rows) > SHOWN else ''})"
