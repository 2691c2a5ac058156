"""What each column of a table is, found by looking at all its cells.

Nothing is guessed in silence: a column's schema says what decided, and the words that would decide otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from deltarule.errors import DataError, OptionError, closest
from deltarule.spelling import plural
from deltarule.tables.coded import Coded
from deltarule.tables.columns import SHOWN, Column
from deltarule.tables.drafts import Draft, Known
from deltarule.tables.encoders import fewest_rows
from deltarule.tables.notations import moments, numbers
from deltarule.tables.notations.look_alikes import date_in, date_in_decimals, date_in_texts, shown, why_code
from deltarule.tables.notations.missing import (
    MARKS,
    SIGNS,
    WORDS,
    by_column,
    levels_in,
    missing_in,
    unlike_answers,
)
from deltarule.tables.notations.shares import HALF
from deltarule.tables.row_ids import group_notices, names_keys, why_key, why_key_text
from deltarule.tables.schema import (
    BOOLEANS,
    PLURAL,
    ColumnSchema,
    Kind,
    Schema,
    column_told,
    days_in,
    numbers_in,
)
from deltarule.tables.sentinels import far_notices
from deltarule.tables.side_by_side import side_by_side
from deltarule.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

FEWEST_BOOLEANS = 0.95
"""The share of a column's cells that are true or false, from which on it is a column of these."""
FEWEST_CODES, MOST_CODES, ROWS_A_CODE = 3, 50, 10
"""Different whole numbers that are ordered levels, where there are so many rows for each; see docs/decisions/0007."""
FEWEST_TEXTS, FEWEST_WORDS = 100, 2.0
"""Cells, and words of a text, from which on texts of which few come again are taken by their words."""
MOST_WORDS = 10
"""Texts that are unlike the rest of a column up to which all are named as what may be typed."""
MOST_LEVELS = 1000
"""Different texts up to which a word among them may be a level, or all may be true and false."""


def find(
    table: Table,
    *,
    base: Schema | None = None,
    settings: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    not_missing: Sequence[str] = (),
    is_strict: bool = False,
) -> Schema:
    """Return what the columns of a table are; parameters and errors are those of `schema`, in overview.py."""
    told = {name: _told(name, text, table) for name, text in (settings or {}).items()}
    known = {} if base is None else base.columns
    for name in known:
        if name not in table:
            raise DataError(
                f"the schema has a column {name!r}, and {table.where} has not; take it out of the schema."
            )
    marked, kept = by_column(missing, table), by_column(not_missing, table)

    def draft(column: Column) -> Draft:
        name = column.name
        if name in known and name not in told:
            return Draft(_marked(known[name], marked[name], kept[name]))
        return _draft(column, told.get(name), _Words(marked[name], kept[name]))

    drafts = dict(zip(table.names, side_by_side(draft, table.columns.values(), len(table)), strict=True))
    others = Known.of(drafts.values())
    columns = {
        name: draft.settled(others) if draft.other is not None else draft.schema
        for name, draft in drafts.items()
    }
    if is_strict:
        _refuse_unlike(table, columns)
    return Schema(columns)


@dataclass(frozen=True)
class _Words:
    """Texts that somebody says mean a missing value in a column, and texts that do not."""

    also: tuple[str, ...]
    never: tuple[str, ...]

    def of(self, column: Column, words: frozenset[str]) -> tuple[str, ...]:
        """Return the texts of a column that mean a missing value: `words` in any case, and others told."""
        import polars as pl

        if column.kind in ("date", "datetime"):
            return tuple(text for text in self.also if np.isin(column.values, days_in([text])).any())
        if column.kind != "text":
            return self.numbers(pl.Series(column.values), None, ())
        texts = column.coded.stripped.texts
        return tuple(text for text in missing_in(texts, words, self.also) if text not in self.never)

    def numbers(
        self, values: pl.Series, written: numbers.Notation | None, known: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the texts told, besides known ones, that are one of these numbers, however it is written."""
        more = (text for text in self.also if text not in known)
        return tuple(text for text in more if values.is_in(numbers_in([text], written)).any())


def _marked(one: ColumnSchema, also: tuple[str, ...], never: tuple[str, ...]) -> ColumnSchema:
    """Return what a column is with texts that somebody says mean a missing value in it, and texts that do not."""
    missing = tuple(text for text in (*one.missing, *also) if text not in never)
    kept = tuple(text for text in (*one.kept, *never) if text not in also)
    return replace(one, missing=missing, kept=kept)


def _draft(column: Column, told: ColumnSchema | None, words: _Words) -> Draft:
    if told is not None and (told.written is not None or told.levels or told.kind in ("ignore", "row id")):
        marks = words.of(column, MARKS)
        if isinstance(told.written, numbers.Notation) and column.kind == "text":
            counts = _counts(column, marks)
            told = replace(told, written=told.written.beside(counts["text"], counts["len"]))
        if told.levels:
            told = replace(told, notices=_not_in_order(told, column.as_text(), marks))
        return Draft(replace(told, missing=marks, kept=words.never))
    if column.kind != "text":
        own = "category" if column.is_category else "date" if column.kind == "datetime" else column.kind
        came = "a category" if column.is_category else column.kind
        kind = told.kind if told else cast(Kind, own)
        found = ColumnSchema(
            column.name, kind, None, words.of(column, MARKS), f"it came as {came}", kept=words.never
        )
        return Draft(_looked_at(found, column) if told is None and kind in ("number", "date") else found)
    return _of_text(column, told, words)


def _of_text(column: Column, told: ColumnSchema | None, words: _Words) -> Draft:
    coded = column.coded.stripped
    marks = words.of(column, MARKS)
    counts = _counts(column, marks)
    distinct, weights = counts["text"], counts["len"]
    wanted = told.kind if told else None
    why = "told so" if told else ""
    if told is not None and not len(distinct):
        return Draft(replace(told, missing=marks, kept=words.never))
    if wanted in (None, "boolean") and _are_booleans(distinct, weights, is_told=wanted is not None):
        said = why or f"{distinct[0]!r} in row {_row_of(distinct[0], coded) + 1:,}"
        return Draft(ColumnSchema(column.name, "boolean", None, marks, said, kept=words.never))
    reason = takes = ""
    ways = [("number", partial(numbers.found, name=column.name)), ("date", moments.found)]
    for kind, finds in reversed(ways) if moments.are_compact(distinct) else ways:
        if not len(distinct) or wanted not in (None, kind, "ordered"):
            continue
        found = finds(distinct, weights=weights, is_told=told is not None)
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
                why or f"{first!r} in row {_row_of(first, coded) + 1:,}",
                tuple(
                    f'{what}; --set "{column.name}={form}" reads it otherwise' for what, form in found.said
                ),
                words.never,
            )
            if kind == "date" and len(distinct) == len(coded.texts):
                one.keep_moments(coded, found.values)
            if kind == "number" and wanted == "ordered":
                one = replace(one, kind="ordered")
            elif told is None:
                one = _looked_at(one, column)
                if kind == "number" and (form := date_in_decimals(distinct)):
                    one = replace(one, notices=(*one.notices, _may_be(column.name, form, distinct[0])))
            other = found.other if one.kind in PLURAL else None  # of a row id, none is needed
            return Draft(one, other, distinct, weights, told is not None, column.row(row))
        if found and not reason:
            reason, takes = found, f' (--set "{column.name}={kind}" takes {PLURAL[kind]})'
    if wanted == "ordered":
        return Draft(_sorted(column, distinct, words.of(column, WORDS | SIGNS), words.never))
    if wanted in ("number", "date", "boolean"):
        raise OptionError(
            f"the column {column.name!r} is to be {wanted}, and none of its texts is, such as {distinct[0]!r}."
        )
    if told is None:
        once = distinct if coded.is_unique else distinct.unique(maintain_order=True)
        if key := why_key_text(column.name, once, int(weights.sum())):
            found = ColumnSchema(column.name, "row id", None, marks, key, kept=words.never)
            return Draft(replace(found, notices=(_left_out(found, "category"),)))
    if not len(distinct):
        why = why or "no value in any row"
    why = why or reason or f"{distinct[0]!r} in row {_row_of(distinct[0], coded) + 1:,} is no number or date"
    notices = (f"kept as text: {reason}{takes}",) if reason and told is None else ()
    if told is None and names_keys(column.name):
        notices += group_notices(column.name, distinct.n_unique(), int(weights.sum()))
    if told is None and (form := date_in_texts(distinct)):
        notices += (_may_be(column.name, form, distinct[0]),)
    elif told is None and len(distinct) and (bare := numbers.with_remarks(distinct, weights)):
        notices += (
            f'{distinct[0]!r} may mean {bare[1]:.10g}; if so, --set "{column.name}=number:{bare[0]}" reads it',
        )
    found = _with_levels(ColumnSchema(column.name, "category", None, (), why, notices), column, words)
    return Draft(_with_words(found, distinct, weights) if told is None else replace(found, kind=told.kind))


def _with_levels(one: ColumnSchema, column: Column, words: _Words) -> ColumnSchema:
    """Return what a column of levels is, with its words for missing values and those that are levels."""
    counts = _counts(column, words.also)
    if len(counts) > MOST_LEVELS:
        counts = counts.clear()
    levels = levels_in(dict(counts.iter_rows()), len(column) - int(counts["len"].sum()))
    levels = tuple(each for each in levels if each.text not in words.never)
    kept = (*words.never, *(each.text for each in levels))
    missing = tuple(
        text for text in words.of(column, WORDS | SIGNS) if text not in kept or text in words.also
    )
    notices = tuple(
        f"{each.text!r} is a level, as {each.why} "
        f'(--missing "{column.name}={each.text}" counts it as missing)'
        for each in levels
    )
    present = {text: n for text, n in counts.iter_rows() if text not in missing}
    notices += unlike_answers(present, column.name)
    return replace(one, missing=missing, notices=(*one.notices, *notices), kept=kept)


def _row_of(text: str, coded: Coded) -> int:
    """Return the first row, from 0, that holds a text."""
    return int(np.argmax(coded.codes == (coded.texts == text).arg_max()))


def _looked_at(one: ColumnSchema, raw: Column) -> ColumnSchema:
    """Return what a column of numbers or dates is, by these: a row id, codes, ordered; and of those far from others."""
    column = one.read(raw)[0]
    said = one.notices
    if one.kind == "number":
        if key := why_key(column):
            one = replace(one, kind="row id", why=key)
            return replace(one, notices=(*said, _left_out(one, "number")))
        if code := why_code(column):
            said = (f'taken as {code} (--set "{column.name}=number" takes numbers)',)
            return replace(one, kind="category", written=None, why=code, notices=said)
        if form := date_in(column):
            said += (_may_be(column.name, form, f"{column.present[0]:.16g}"),)
    if one.kind == "number" and column.is_integer and names_keys(one.name):
        said += group_notices(one.name, len(column.different), len(column.present))
    else:
        said += far_notices(column, raw)
    one = replace(one, notices=said)
    return _with_order(one, column) if one.kind == "number" else one


def _left_out(one: ColumnSchema, kind: Kind) -> str:
    """Return the sentence of a row id, which says nothing of what is to be learnt."""
    return f'left out, as {one.why} (--set "{one.name}={kind}" learns from it)'


def _may_be(name: str, form: str, text: str) -> str:
    """Return the sentence for what may be dates or times."""
    return f'{text!r} may mean {shown(text, form)}; if so, --set "{name}=date:{form}" reads it'


def _with_order(one: ColumnSchema, column: Column) -> ColumnSchema:
    """Return what a column of numbers is: ordered, where they are a few whole numbers again and again."""
    values = column.present
    if not column.is_integer or len(np.unique(values[: 20 * MOST_CODES])) > MOST_CODES:
        return one
    n = len(column.different)
    if not FEWEST_CODES <= n <= MOST_CODES or len(values) < ROWS_A_CODE * n:
        return one
    return replace(one, kind="ordered", why=f"{one.why}; {n} different whole numbers")


def _with_words(one: ColumnSchema, distinct: pl.Series, weights: pl.Series) -> ColumnSchema:
    """Return what a column of texts is: text, where few come again and they have several words."""
    n_cells = float(weights.sum())
    again = (
        float(weights.filter(weights >= fewest_rows(int(n_cells))).sum())
        if distinct.is_unique().all()
        else 0.0
    )
    if again >= HALF * n_cells or n_cells < FEWEST_TEXTS:
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
    first = ", ".join(map(repr, others[:SHOWN])) + (", ..." if len(others) > SHOWN else "")
    are = "levels are" if len(others) > 1 else "level is"
    return (f"{len(others):,} {are} not in the order and stand in its middle ({first})",)


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
        raise OptionError(f"there is no column {name!r} to set in {table.where}{hint}")
    return column_told(name, text)


def _refuse_unlike(table: Table, columns: dict[str, ColumnSchema]) -> None:
    for name, one in columns.items():
        _, unlike = one.read(table[name])
        if len(unlike):
            texts = list(dict.fromkeys(str(text).strip() for text in table[name].rows(unlike).texts()))
            words = " ".join(f'--missing "{name}={text}"' for text in texts[:MOST_WORDS] if '"' not in text)
            means = f"add {words} if these mean missing"
            if len(texts) == 1:
                means = f"add --missing {texts[0]!r} if it means missing"
            elif len(texts) > MOST_WORDS or not words:
                means = f"leave out --strict, which counts all {len(texts):,} different texts as missing"
            raise DataError(
                f"column {name!r} holds {PLURAL[one.kind]}, but not in {plural(len(unlike), 'cell')} "
                f"({table[name].cells(unlike)}); mend it, or "
                f'{means}, or --set "{name}=category" if the column is text.'
            )
