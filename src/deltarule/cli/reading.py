"""The options of every verb that reads a table: how its file is read, where looking at it does not tell."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from deltarule.tables.readers.options import Ragged


@Parameter(name="*")
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
    skip: Annotated[int | None, Parameter(help="How many lines stand before the table.")] = None
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


def tell(notices: Sequence[str]) -> None:
    """Print on standard error what is to be told of a table."""
    for notice in notices:
        print(f"deltarule: {notice}", file=sys.stderr)
