"""Files of columns with types: Parquet, Arrow (Feather), by Polars."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from deltarule.errors import DataError, OutOfMemoryError
from deltarule.memory import require
from deltarule.tables.readers.options import Read, Reading, first_line, refuse_no_rows
from deltarule.tables.readers.values import plain

if TYPE_CHECKING:
    import polars as pl

BYTES_A_VALUE = 4
"""The least memory that a value takes while it is read."""


def read_parquet(content: bytes, name: str, reading: Reading) -> Read:
    """Return the table of a Parquet file."""
    if content[-4:] != b"PAR1":
        raise DataError(f"{name} is a Parquet file that was cut short; write or fetch it again.")

    def read() -> pl.DataFrame:
        import polars as pl

        found = pl.scan_parquet(io.BytesIO(content))
        rows, columns = found.select(pl.len()).collect().item(), len(found.collect_schema())
        require(BYTES_A_VALUE * rows * columns, f"the table {name}")
        return pl.read_parquet(io.BytesIO(content))

    return _read(read, "Parquet", name, reading)


def read_arrow(content: bytes, name: str, reading: Reading, is_stream: bool) -> Read:
    """Return the table of an Arrow file (Feather is one) or stream."""
    if not is_stream and content[-6:] != b"ARROW1":
        raise DataError(f"{name} is an Arrow file that was cut short; write or fetch it again.")

    def read() -> pl.DataFrame:
        import polars as pl

        require(2 * len(content), f"the table {name}")
        return (pl.read_ipc_stream if is_stream else pl.read_ipc)(io.BytesIO(content))

    return _read(read, "Arrow", name, reading)


def _read(read: Callable[[], pl.DataFrame], kind: str, name: str, reading: Reading) -> Read:
    try:
        frame = read()
    except OutOfMemoryError:
        raise
    except Exception as error:
        said = first_line(error)
        said = "it is damaged or was cut short" if "{" in said else said
        raise DataError(f"{name} is not a readable {kind} file: {said}.") from None
    except BaseException as error:  # a panic of Polars' Rust code, of a class that cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{name} is not a readable {kind} file: its contents are damaged.") from None
    refuse_no_rows(frame.height, name)
    frame, told = plain(frame, reading)
    if frame.width == 0:
        raise DataError(f"{name} has no column that a table may have.")
    return Read(frame, told)
