"""What a table is, before anything is learnt from it: its schema, and what was seen in every column."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deltarule.chain.text import aligned
from deltarule.errors import DataError
from deltarule.options import typed_keywords
from deltarule.spelling import plural
from deltarule.tables.columns import Column
from deltarule.tables.finding import find
from deltarule.tables.leaks import suspected_leaks
from deltarule.tables.schema import ColumnSchema, Kind, Schema
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, Task, guess_task
from deltarule.tables.tasks import learnt, rows_with_target, with_target

USES: dict[Kind, str] = {
    "number": "scaled", "boolean": "-1 and 1", "date": "time and its cycles", "category": "one-hot",
    "ordered": "place, one-hot", "text": "words and parts", "row id": "left out", "ignore": "left out",
}  # fmt: skip
"""What is done with a column, by its kind."""
MOST_MARKS = 4


@dataclass(frozen=True)
class Seen:
    """What was seen in a column: which values there are, how many cells are missing, and what is done with it."""

    values: str
    missing: int
    use: str


@dataclass(frozen=True)
class Overview(Schema):
    """A schema, and what was seen of the table that it was found in.

    seen: by a column's name. target: of what is to be learnt its name, task and why. said: what a reader should know
    beside `notices`: of the file, of cells that cannot be read, of the target.
    """

    rows: int = 0
    seen: dict[str, Seen] = field(default_factory=dict[str, Seen])
    target: str = ""
    said: tuple[str, ...] = ()

    @property
    def all_notices(self) -> tuple[str, ...]:
        """What a reader should know, of the schema and of this table."""
        return *self.notices, *self.said

    def text(self, *, width: int = 100) -> str:
        """Return it for a person, in lines of about `width`: a column a line, then what should be known."""
        rows = [["column", "is", "values", "missing", "used", "because"]]
        for name, one in self.columns.items():
            seen = self.seen[name]
            rows.append([name, one.brief, seen.values, self._missing(one), seen.use, one.why])
        lines = [
            f"{plural(self.rows, 'row')}, {plural(len(self.columns), 'column')}",
            "",
            *_lines(rows, width),
        ]
        if self.target:
            lines += ["", *textwrap.wrap(f"Target   {self.target}", width, subsequent_indent=" " * 9)]
        for said in self.all_notices:
            lines += ["", *textwrap.wrap(said, width, initial_indent="  ", subsequent_indent="  ")]
        return "\n".join(line.rstrip() for line in lines)

    def _missing(self, one: ColumnSchema) -> str:
        """Return how many cells are missing, and the texts that say so."""
        count = f"{self.seen[one.name].missing:,}"
        if not one.missing:
            return count
        more = ", ..." if len(one.missing) > MOST_MARKS else ""
        return f"{count} ({', '.join(one.missing[:MOST_MARKS])}{more})"

    def json(self) -> str:
        """Return it as JSON."""
        columns = [{**one.record(), "seen": vars(self.seen[name])} for name, one in self.columns.items()]
        record: dict[str, Any] = {
            "rows": self.rows, "columns": columns, "target": self.target, "notices": self.all_notices,
        }  # fmt: skip
        return json.dumps(record, indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        return self.text()


@typed_keywords
def schema(
    data: object,
    target: str | None = None,
    *,
    base: Schema | None = None,
    settings: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
    not_missing: Sequence[str] = (),
    is_strict: bool = False,
) -> Overview:
    """Return what the columns of a table are, how they are written and why; `TableClassifier(schema=...)` obeys it.

    Parameters
    ----------
    data
        A pandas, Polars or Arrow DataFrame, a dict of columns, or an (N, m) array; or what `read_table` returns.
    target
        The column to learn: then also as what, and which columns tell it too well.
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
        There is no such target; or with `is_strict`, a column has texts unlike the others.

    Examples
    --------
    >>> found = schema({"temp": ["21,28", "18,32"], "when": ["25.3.2020", "1.2.2020"], "zip": ["00501", "10001"]})
    >>> [column.form for column in found.columns.values()]
    ['number:1234,56', 'date:%d.%m.%Y', 'category']
    >>> print(found.text(width=200).splitlines()[3])
      temp    number:1234,56  18.32 to 21.28            0        scaled               '21,28' in row 1
    """
    table = Table.of(data)
    if target is not None:
        table.column(target, "target column")
    found = find(
        table, base=base, settings=settings, missing=missing, not_missing=not_missing, is_strict=is_strict
    )
    if target is not None:
        found = with_target(found, table, target)
    typed, unlike = found.read(table)
    seen = {name: _seen(one, typed[name], name == target) for name, one in found.columns.items()}
    aim, of_target = ("", ()) if target is None else _of_target(found, table, typed, target)
    return Overview(found.columns, len(table), seen, aim, (*table.notices, *unlike, *of_target))


def _lines(rows: list[list[str]], width: int) -> list[str]:
    """Return rows as aligned lines; where these are too long, the last cell of each stands below the others."""
    lines = aligned(rows)
    if max(map(len, lines)) <= width:
        return lines
    lines = aligned(row[:-1] for row in rows)
    below = (textwrap.wrap(row[-1], width, initial_indent=" " * 6, subsequent_indent=" " * 6) for row in rows)
    return [each for line, more in zip(lines, below, strict=True) for each in (line, *more)]


def _seen(one: ColumnSchema, column: Column, is_target: bool) -> Seen:
    missing = int(column.is_missing.sum())
    says_nothing = missing == len(column) or (missing == 0 and column.is_constant)
    use = "the target" if is_target else "left out" if says_nothing else USES[one.kind]
    return Seen(column.summary(), missing, use)


def _of_target(found: Schema, raw: Table, typed: Table, target: str) -> tuple[str, tuple[str, ...]]:
    """Return what a column would be learnt as, and what to say of it; that it cannot be is said, too."""
    try:
        kept, notices = rows_with_target(typed[target], raw[target], drop=True)
        column = typed[target].rows(kept)
        task: Task
        task, why = guess_task(column)
        y = ClassTarget.fit(column).encode(column) if task == "classification" else column.values
    except DataError as error:
        return f"{target}: cannot be learnt", (str(error),)
    features = learnt(typed.rows(kept).without(target), found)
    leaks = suspected_leaks(features, target, np.asarray(y))
    return f"{target}: {task}: {why}", (*notices, *leaks)
