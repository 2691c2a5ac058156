"""Files to DataFrames: CSV (any of , ; tab | as separator), all as text, and Parquet.

What a text means is read off its whole column, by `schema`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deltarule.errors import DataError, FileError, InputError, OptionError, OutOfMemoryError
from deltarule.memory import require, room_for

if TYPE_CHECKING:
    import polars as pl

BYTES_A_BYTE, BYTES_A_FIELD, BYTES_A_VALUE = 6, 20, 4
"""The least memory that a CSV file's bytes and fields take while they are read, and a Parquet file's values."""


def read_table(path: str | Path, *, missing: Sequence[str] = ()) -> pl.DataFrame:
    """Return a file as a Polars DataFrame.

    Parameters
    ----------
    path
        A CSV file with a header line, a Parquet file, or "-" for CSV on standard input.
    missing
        Texts that mean a missing value, besides nothing at all.

    Returns
    -------
    polars.DataFrame
        CSV columns are text without blanks at its ends, null where there is none. Parquet columns keep their types.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    DataError
        The file is empty, not UTF-8, or not a table; the message names the row, counted from 1 below the header.
    OptionError
        Polars is not installed.
    OutOfMemoryError
        What the file takes cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "people.csv")
    ...     size = path.write_bytes(b"age;sex;since\\n28;male;2019-03-23\\n;female;2020-01-01\\n")
    ...     frame = read_table(path)
    >>> frame.schema.names(), frame["age"].to_list()
    (['age', 'sex', 'since'], ['28', None])
    """
    if find_spec("polars") is None:
        raise OptionError('reading files needs Polars: pip install "deltarule[app]".')
    name = "standard input" if str(path) == "-" else str(path)
    with room_for(f"the table {name}"):
        content = _read(path, name)
        if content[:4] == b"PAR1":
            frame = _read_parquet(content, name, missing)
        elif str(path).lower().endswith((".parquet", ".pq")):
            raise DataError(
                f"{name} is not a Parquet file, whatever its name says; expected it to begin with PAR1."
            )
        else:
            frame = _read_csv(content, name, missing)
    if frame.height == 0:
        raise DataError(f"{name} has a header but no rows; give at least one example.")
    return frame


def _read_parquet(content: bytes, name: str, missing: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    if content[-4:] != b"PAR1":
        raise DataError(f"{name} is a Parquet file that was cut short; write or fetch it again.")
    try:
        rows, columns = _parquet_shape(content)
        require(BYTES_A_VALUE * rows * columns, f"the table {name}")
        frame = pl.read_parquet(io.BytesIO(content))
    except OutOfMemoryError:
        raise
    except Exception as error:
        raise DataError(f"{name} is not a readable Parquet file: {_first_line(error)}.") from None
    except BaseException as error:  # a panic of Polars' Rust code, of a class that cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{name} is not a readable Parquet file: its contents are damaged.") from None
    return frame.with_columns(
        pl.when(~pl.col(column).is_in(missing)).then(pl.col(column)).alias(column)
        for column, dtype in frame.schema.items()
        if missing and dtype == pl.String
    )


def _parquet_shape(content: bytes) -> tuple[int, int]:
    """Return how many rows and columns a Parquet file says that it has."""
    import polars as pl

    found = pl.scan_parquet(io.BytesIO(content))
    return found.select(pl.len()).collect().item(), len(found.collect_schema())


def _read(path: str | Path, name: str) -> bytes:
    is_standard = str(path) == "-"
    if is_standard and cast(Any, sys.stdin) is None:
        raise InputError("standard input is closed; pipe a table into it, or give a file.")
    try:
        if not is_standard and Path(path).exists():
            require(Path(path).stat().st_size, f"the table {name}")
        content = sys.stdin.buffer.read() if is_standard else Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {name}; check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a folder; give a CSV or Parquet file in it.") from None
    except PermissionError:
        raise InputError(f"{name} may not be read; check its permissions.") from None
    except OSError as error:
        raise FileError(f"reading {name} broke off: {error.strerror or error}.") from None
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        raise DataError(f"{name} is empty; expected a table with a header line.")
    return content


def _read_csv(content: bytes, name: str, missing: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    lines = _decode(content, name)
    separator = _separator(lines)
    fields = content.count(separator.encode()) + content.count(b"\n")
    require(BYTES_A_BYTE * len(content) + BYTES_A_FIELD * fields, f"the table {name}")
    csv.field_size_limit(max(csv.field_size_limit(), len(lines)))  # a long text is no mistake
    rows = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        header = [column.strip() for column in next(rows)]
        _refuse_header(header, name)
        columns = _columns(rows, header, name)
    except csv.Error as error:
        raise DataError(f"{name}, near line {rows.line_num:,}, is not valid CSV: {error}.") from None
    frame = pl.DataFrame(
        [pl.Series(column, values, pl.String) for column, values in zip(header, columns, strict=True)]
    ).with_columns(pl.all().str.strip_chars())
    return frame.with_columns(
        pl.when(~pl.all().is_in(["", *(marker.strip() for marker in missing)])).then(pl.all()).name.keep()
    )


def _decode(content: bytes, name: str) -> str:
    """Return the text without the blank lines at its head."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{name} is UTF-16 text; save it as UTF-8 and try again.")
    if b"\0" in content:
        row = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError(
            f"{name} holds a NUL byte in line {row:,}, so it is no text file; expected CSV or Parquet."
        )
    try:
        return content.decode("utf-8-sig").lstrip("\r\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name} is not UTF-8 text: line {line:,} holds the byte 0x{content[error.start]:02x} "
            f"(byte {error.start:,} of the file); save it as UTF-8 and try again."
        ) from None


def _separator(lines: str) -> str:
    """Return the separator that occurs most in the header line, outside quotes; a comma if none does."""
    header = re.match(r'(?:[^"\r\n]|"[^"]*")*', lines)  # a quoted name may go over several lines
    outside = re.sub(r'"[^"]*"', "", header.group() if header else "")
    counts = Counter({separator: outside.count(separator) for separator in ",;\t|"})
    separator, count = counts.most_common(1)[0]
    return separator if count else ","


def _refuse_header(header: list[str], name: str) -> None:
    for number, column in enumerate(header, start=1):
        if not column:
            raise DataError(f"{name}: column {number} has no name in the header line; give it one.")
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(f"{name}: the header names {_quoted(twice)} more than once; rename one of each.")


def _columns(rows: Iterable[list[str]], header: list[str], name: str) -> list[list[str]]:
    """Return the fields column by column; blank lines do not count as rows."""
    table: list[list[str]] = []
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise DataError(
                f"{name}: row {len(table) + 1:,} has {len(row)} fields and the header {len(header)}; "
                "mend that line (a stray separator, or a quote that was not closed)."
            )
        table.append(row)
    return [list(column) for column in zip(*table, strict=True)] or [[] for _ in header]


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
