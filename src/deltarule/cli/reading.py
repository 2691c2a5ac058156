"""The options of every verb that reads a table: how its file is read, where looking at it does not tell."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from cyclopts import Group, Parameter, Token

from deltarule.cli.words import checked
from deltarule.errors import OptionError
from deltarule.options import Option
from deltarule.tables import Table
from deltarule.tables.readers.options import Ragged

Names: TypeAlias = Annotated[list[str] | None, Parameter(negative="")]


def _lines(_: object, tokens: Sequence[Token]) -> int:
    return checked(Option("--skip", "whole", low=0), [token.value for token in tokens])


COLUMNS = Group("Columns", sort_key=4)
FILE = Group("File", sort_key=5)


@Parameter(name="*", group=FILE)
@dataclass(frozen=True)
class FileOptions:
    """How a file is read; what is left out is found by looking, and told."""

    header: Annotated[bool | None, Parameter(help="Whether the first row names the columns.")] = None
    delimiter: Annotated[
        str | None,
        Parameter(help='What stands between fields, such as ";", or tab, blanks, or fixed places.'),
    ] = None
    quote: Annotated[str | None, Parameter(help="The sign around texts, or none.")] = None
    encoding: Annotated[str | None, Parameter(help="The encoding of a text file, such as cp1252.")] = None
    skip: Annotated[
        int | None, Parameter(converter=_lines, help="How many lines stand before the table.")
    ] = None
    ragged: Annotated[
        Ragged | None,
        Parameter(help="What becomes of rows of another length: fill (or cut) them, skip or refuse them."),
    ] = None
    sheet: Annotated[str | None, Parameter(help="The sheet of a workbook, by its name or its number.")] = None

    def words(self) -> dict[str, Any]:
        """Return them as `read_table` takes them."""
        return dict(vars(self))


FOUND = FileOptions()
"""Nothing is told: all is found by looking."""


@Parameter(name="*", group=COLUMNS)
@dataclass(frozen=True)
class ColumnOptions:
    """What columns are; what is left out is found by looking, and told."""

    set: Annotated[
        Names,
        Parameter(
            help="What a column is, as COLUMN=KIND: number, boolean, date, category, ordered, text, "
            '"row id" or ignore; with its notation or order, as in "price=number:1.234,56", '
            '"when=date:%d/%m/%Y" or "size=ordered:S<M<L". '
            "May be given several times."
        ),
    ] = None
    ignore: Annotated[
        Names,
        Parameter(
            name=("--ignore", "--drop"),
            help="A column to leave out, as --set COLUMN=ignore does; may be given several times.",
        ),
    ] = None
    keep: Annotated[
        Names,
        Parameter(help="A column to learn from, in place of all others; may be given several times."),
    ] = None
    text: Annotated[
        Names,
        Parameter(
            help="A column to take as text, as --set COLUMN=category does; may be given several times."
        ),
    ] = None
    missing: Annotated[
        Names,
        Parameter(
            help="A text that means a missing value, besides NA, NaN, null, ? and nothing; of one column as "
            "COLUMN=TEXT. May be given several times."
        ),
    ] = None
    not_missing: Annotated[
        Names,
        Parameter(help="A text that does not, as COLUMN=TEXT in one column; may be given several times."),
    ] = None
    strict: Annotated[
        bool,
        Parameter(
            negative="",
            help="Refuse texts that are unlike the rest of their column, which count as missing else, and rows without "
            "a target.",
        ),
    ] = False

    def words(self, table: Table, besides: Sequence[str | None] = ()) -> dict[str, Any]:
        """Return them as `schema` takes them, for a table; besides: columns that are kept though not learnt from."""
        return {
            "settings": self._settings(table, besides),
            "missing": self.missing or (),
            "not_missing": self.not_missing or (),
            "is_strict": self.strict,
        }

    def _settings(self, table: Table, besides: Sequence[str | None]) -> dict[str, str]:
        settings = {
            **dict.fromkeys(self.ignore or (), "ignore"),
            **dict.fromkeys(self.text or (), "category"),
        }
        if self.keep:
            kept = [table.column(name, "column to keep").name for name in self.keep]
            others = (name for name in table.names if name not in (*kept, *besides))
            settings = {**dict.fromkeys(others, "ignore"), **settings}
        for each in self.set or ():
            name, equals, kind = each.rpartition("=")
            if not equals or not name:
                raise OptionError(
                    f'--set {each!r} is no COLUMN=KIND; write for example --set "when=date:%d/%m/%Y".'
                )
            settings[name] = kind
        return settings


ALL_FOUND = ColumnOptions()
"""Nothing is told of the columns: all is found by looking."""


def tell(notices: Sequence[str]) -> None:
    """Print on standard error what is to be told of a table."""
    for notice in notices:
        print(f"deltarule: {notice}", file=sys.stderr)
