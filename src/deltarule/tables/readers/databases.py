"""Files of SQLite and DuckDB: a table of one, or a query; opened to read only."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from deltarule.errors import DataError, OptionError, closest, lacking
from deltarule.tables.readers.header import names_of
from deltarule.tables.readers.options import Read, Reading, first_line, refuse_no_rows
from deltarule.tables.readers.sources import PART
from deltarule.tables.readers.values import column, plain

_QUERY = re.compile(r"\s*(?:select|with|from|values|table)\b\s*[\s\S]", re.I)


def read_sqlite(content: bytes | None, path: str, name: str, part: str | None, reading: Reading) -> Read:
    """Return a table or a query of an SQLite database: of a file, or of bytes where there is no file of its own."""
    try:
        link = sqlite3.connect(
            ":memory:" if content is not None else f"{Path(path).resolve().as_uri()}?mode=ro", uri=True
        )
        with closing(link):
            if content is not None:
                link.deserialize(content)
            link.text_factory = _text
            tables = (
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
            )
            return _read(link.execute, tables, name, part, reading)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _failed(error, "SQLite", name, part) from None


def read_duckdb(path: str, name: str, part: str | None, reading: Reading) -> Read:
    """Return a table or a query of a DuckDB database.

    Raises
    ------
    OptionError
        DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise lacking(f"{name} is a database of DuckDB and", "duckdb", "duckdb") from None
    library: Any = duckdb
    try:
        with closing(library.connect(path, read_only=True)) as link:
            tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1"
            return _read(link.execute, tables, name, part, reading)
    except library.Error as error:
        raise _failed(error, "DuckDB", name, part) from None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _read(execute: Callable[[str], Any], tables: str, name: str, part: str | None, reading: Reading) -> Read:
    import polars as pl

    query, called = _query(execute, tables, name, part)
    cursor = execute(query)
    if cursor.description is None:
        raise OptionError(f'{query!r} gives no rows; write a query such as "{name}{PART}SELECT * FROM name".')
    rows = cursor.fetchall()
    refuse_no_rows(len(rows), called)
    names, told = names_of([str(each[0]) for each in cursor.description], len(cursor.description), called)
    frame = pl.DataFrame(
        [column(each, values) for each, values in zip(names, zip(*rows, strict=True), strict=True)]
    )
    frame, said = plain(frame, reading)
    return Read(frame, told + said)


def _query(execute: Callable[[str], Any], tables: str, name: str, part: str | None) -> tuple[str, str]:
    """Return the query of a table, and what messages call it."""
    names = [str(each[0]) for each in execute(tables).fetchall()]
    if part is not None and part not in names and _QUERY.match(part):
        return part, f"{name}{PART}{part}"
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")
    if part is None:
        if not names:
            raise DataError(f"{name} is a database without a table.")
        if len(names) > 1:
            raise DataError(
                f"{name} is a database of {len(names):,} tables ({shown}); name one, as in "
                f'"{name}{PART}{names[0]}", or a '
                f'query, as in "{name}{PART}SELECT * FROM {_sql(names[0])}".'
            )
        part = names[0]
    elif part not in names:
        near = closest(part, names)
        hint = f"did you mean {name}{PART}{near}?" if near else f"its tables: {shown or 'none'}."
        raise OptionError(f"there is no table {part!r} in {name}; {hint}")
    return f"SELECT * FROM {_sql(part)}", f"{name}{PART}{part}"


def _sql(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_]\w*", name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _failed(error: BaseException, kind: str, name: str, part: str | None) -> DataError | OptionError:
    if part is not None and _QUERY.match(part):
        return OptionError(f"the query {part!r} of {name} failed: {first_line(error)}; mend it.")
    return DataError(f"{name} is not a readable {kind} database: {first_line(error)}.")
