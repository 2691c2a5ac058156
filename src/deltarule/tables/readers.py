"""Files to typed DataFrames: CSV (any of , ; tab | as separator) and Parquet.

Every CSV field is read as text first and each column is typed as a whole, so that a mistake in row 4,711 of a
number column is found and named, not guessed away.
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

from deltarule.errors import DataError, FileError, InputError, OptionError, OutOfMemoryError, closest
from deltarule.memory import require, room_for

if TYPE_CHECKING:
    import polars as pl

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "none", "?")
"""Texts that mean a missing value; surrounding blanks do not count."""

BYTES_A_BYTE, BYTES_A_FIELD, BYTES_A_VALUE = 6, 20, 4
"""The least memory that a CSV file's bytes and fields take while they are read, and a Parquet file's values."""

NUMBERS_SHARE = 0.9
"""A column in which at least this share of the values are numbers is meant to be one of numbers ..."""
NUMBERS_ROWS = 20
"""... where it has at least so many values."""


def read_table(path: str | Path, *, missing: Sequence[str] = (), text: Sequence[str] = ()) -> pl.DataFrame:
    """Return a file as a typed Polars DataFrame.

    Parameters
    ----------
    path
        A CSV file with a header line, a Parquet file, or "-" for CSV on standard input.
    missing
        Texts that mean a missing value, besides those of `MISSING` ("", NA, NaN, null, ?, ...).
    text
        Columns to keep as text although they look like something else.

    Returns
    -------
    polars.DataFrame
        CSV columns become booleans (true/false), integers, floats, dates, datetimes (in UTC where they carry
        an offset), or text. Parquet columns keep their types, but for those named in `text`.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    DataError
        The file is empty, not UTF-8, not a table, or a number column holds text; the message names the row,
        counted from 1 below the header.
    OptionError
        `text` names a column that is not there, or Polars is not installed.
    OutOfMemoryError
        What the file takes cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "people.csv")
    ...     size = path.write_bytes(b"age;sex;since\\n28;male;2019-03-23\\n;female;2020-01-01\\n")
    ...     frame = read_table(path)
    >>> frame.schema.names(), frame["age"].to_list(), frame["since"].dtype
    (['age', 'sex', 'since'], [28, None], Date)
    """
    if find_spec("polars") is None:
        raise OptionError('reading files needs Polars: pip install "deltarule[app]".')
    name = "standard input" if str(path) == "-" else str(path)
    with room_for(f"the table {name}"):
        content = _read(path, name)
        if content[:4] == b"PAR1":
            frame = _read_parquet(content, name, missing, text)
        elif str(path).lower().endswith((".parquet", ".pq")):
            raise DataError(
                f"{name} is not a Parquet file, whatever its name says; expected it to begin with PAR1."
            )
        else:
            frame = _read_csv(content, name, missing, text)
    if frame.height == 0:
        raise DataError(f"{name} has a header but no rows; give at least one example.")
    return frame


def _read_parquet(content: bytes, name: str, missing: Sequence[str], text: Sequence[str]) -> pl.DataFrame:
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
    _refuse_absent(text, frame.columns, name)
    try:
        return frame.with_columns(
            *(pl.col(column).cast(pl.String) for column in text),
            *(
                pl.when(~pl.col(column).is_in(missing)).then(pl.col(column)).alias(column)
                for column, dtype in frame.schema.items()
                if missing and dtype == pl.String and column not in text
            ),
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{name}: a column cannot be taken as text: {_first_line(error)}.") from None


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


def _read_csv(content: bytes, name: str, missing: Sequence[str], text: Sequence[str]) -> pl.DataFrame:
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
    _refuse_absent(text, header, name)
    markers = [*MISSING, *(marker.strip() for marker in missing)]
    return pl.DataFrame(
        [
            _typed(pl.Series(column, values, pl.String), markers, name, column in text)
            for column, values in zip(header, columns, strict=True)
        ]
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


def _refuse_absent(text: Sequence[str], header: Sequence[str], name: str) -> None:
    for column in text:
        if column not in header:
            near = closest(column, header)
            hint = f"; did you mean {near!r}?" if near else "."
            raise OptionError(f"the text column {column!r} is not in {name}{hint}")


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


def _typed(values: pl.Series, missing: Sequence[str], name: str, is_text: bool) -> pl.Series:
    """Return a text column as the type that all of its values have."""
    import polars as pl

    values = values.str.strip_chars()
    values = values.set(values.is_in(missing), None)
    if is_text or values.null_count() == len(values):
        return values
    present = values.drop_nulls()
    if present.is_in(["true", "True", "TRUE", "false", "False", "FALSE"]).all():
        return values.str.to_lowercase() == "true"
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.is_nan().any():  # NAN and -nan, which are no number and mean missing like nan
        return _typed(values.set(numbers.is_nan().fill_null(False), None), missing, name, is_text)
    is_number = numbers.is_not_null()
    n = int(is_number.sum())
    if n == len(present):
        infinite = numbers.is_infinite().fill_null(False)
        if infinite.any():
            row = int(infinite.arg_max() or 0)
            raise DataError(
                f"{name}: column {values.name!r} is {values[row]} in row {row + 1:,}; "
                "every number must be finite, so mend it or leave the field empty."
            )
        integers = values.cast(pl.Int64, strict=False)
        return integers if integers.null_count() == values.null_count() else numbers
    if n >= NUMBERS_SHARE * len(present) and len(present) >= NUMBERS_ROWS:
        wrong = values.is_not_null() & ~is_number
        row, count = int(wrong.arg_max() or 0), int(wrong.sum())
        others = f" ({count - 1:,} more such rows)" if count > 1 else ""
        raise DataError(
            f"{name}: column {values.name!r} holds numbers, but row {row + 1:,} has {values[row]!r}{others}; "
            f"mend it, or add --missing {values[row]!r} if it means missing, "
            f"or --text {values.name} if the column is text."
        )
    return _dates(values)


def _dates(values: pl.Series) -> pl.Series:
    """Return ISO dates or datetimes (in UTC where they carry an offset), and any other text as it is."""
    first = values.drop_nulls()[0]
    if not (len(first) >= 8 and first[:4].isdigit() and first[4] == "-"):
        return values
    for parse in (
        lambda: values.str.to_date("%Y-%m-%d", strict=False),
        lambda: values.str.replace("T", " ", literal=True).str.to_datetime("%Y-%m-%d %H:%M", strict=False),
        lambda: values.str.replace("T", " ", literal=True).str.to_datetime(
            "%Y-%m-%d %H:%M:%S%.f", strict=False
        ),
        lambda: (
            values.str.replace("T", " ", literal=True)
            .str.replace(r"Z$", "+00:00")
            .str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", strict=False, time_zone="UTC")
            .dt.replace_time_zone(None)
        ),
    ):
        parsed = parse()
        if parsed.null_count() == values.null_count():
            return parsed
    return values


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
