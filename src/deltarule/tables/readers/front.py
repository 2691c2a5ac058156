"""read_table: a file, several by a pattern, or standard input, in any format, as a table."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from deltarule.errors import DataError, OptionError
from deltarule.memory import require, room_for
from deltarule.spelling import plural
from deltarule.tables.readers.contents import JSONS, form, may_be_json, refuse_foreign
from deltarule.tables.readers.databases import read_duckdb, read_sqlite
from deltarule.tables.readers.frames import read_arrow, read_parquet
from deltarule.tables.readers.jsons import NoJsonError, read_json
from deltarule.tables.readers.options import Read, Reading
from deltarule.tables.readers.sources import PART, Source
from deltarule.tables.readers.texts import read_text
from deltarule.tables.readers.unfolding import member, unfolded, without_ending
from deltarule.tables.readers.workbooks import read_workbook
from deltarule.tables.table import Table

FOLDED = "gzip", "bzip2", "xz", "zstd"
DEEPEST = 3
"""How often a file may be compressed."""
ENDINGS = {
    ".parquet": "parquet", ".pq": "parquet", ".feather": "arrow", ".arrow": "arrow", ".ipc": "arrow",
    ".xlsx": "workbook", ".xls": "workbook", ".xlsb": "workbook", ".xlsm": "workbook", ".ods": "workbook",
    ".sqlite": "sqlite", ".sqlite3": "sqlite", ".duckdb": "duckdb",
    ".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zip": "zip",
}  # fmt: skip
GRID_OPTIONS = "header", "skip", "ragged"
"""Options of texts that are for sheets too."""
CALLED = {
    "parquet": "a Parquet file", "arrow": "an Arrow file", "workbook": "a workbook", "sqlite": "a database",
    "duckdb": "a database", "gzip": "a gzip file", "bzip2": "a bzip2 file", "xz": "an xz file", "zstd": "a zstd file",
    "zip": "a zip file",
}  # fmt: skip


def read_table(
    path: str | Path,
    *,
    missing: Sequence[str] = (),
    encoding: str | None = None,
    sheet: str | int | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    skip: int | None = None,
    ragged: str | None = None,
    names: Sequence[str] = (),
) -> Table:
    """Return a file as a table, with notices of what was found, mended or left out on the way.

    What the file is, is found by its contents: text (CSV and the like), Parquet, Arrow or Feather, JSON, a workbook,
    a database of SQLite or DuckDB, each also compressed (gzip, bzip2, xz, zstd, zip).

    Parameters
    ----------
    path
        A file; several of the same columns by a pattern such as "data/\\*.csv"; or "-" for standard input. After "::"
        what is meant in it: "shop.db::orders", "shop.db::SELECT * FROM orders", "all.zip::b.csv", "book.xlsx::May".
    missing
        Texts that mean a missing value, besides nothing at all.
    encoding
        Of a text, such as "cp1252"; found if left out.
    sheet
        The name of a workbook's sheet, or its number from 1; else the first with a table.
    header
        Whether the first row names the columns; found if left out. Without names they are x1, x2, ...
    delimiter
        What stands between the fields of a text, or "tab", or "blanks" for any number of those; found if left out.
    quote
        The sign around texts, or "none" where quotes are letters; found if left out.
    skip
        How many lines stand before the table; found if left out.
    ragged
        What becomes of rows with too few or too many fields: "fill" with missing values and cut, "skip", or "refuse".
        Left out, short ones are filled, notes after the table skipped, and long ones refused.
    names
        Names that the header should have: a first row with most of them is one.

    Returns
    -------
    Table
        Columns of text files are text without blanks at its ends; other formats keep their types.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    DataError
        The file is empty, damaged, or not a table; the message names the row, counted from 1 below
        the header, and the line.
    OptionError
        An option is none, or a library that the format needs is not installed.
    OutOfMemoryError
        What the file takes cannot be had.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "people.csv")
    ...     size = path.write_bytes("age;größe\\n28;1,80\\n;1,75\\n".encode("cp1252"))
    ...     table = read_table(path)
    >>> table.names, table["age"].texts()
    (['age', 'größe'], ['28', None])
    >>> print(*table.notices)
    not UTF-8, read as cp1252: line 1 is 'age;größe' (--encoding NAME reads it as another)
    """
    read = read_frame(
        path,
        Reading.of(missing, encoding, sheet, header, delimiter, quote, skip, ragged, names),
    )
    return Table.of(read.frame).told(read.notices, Source.of(path).name, read.numbering)


def read_frame(path: str | Path, reading: Reading) -> Read:
    """Return a file as a Polars frame, with notices."""
    if find_spec("polars") is None:
        raise OptionError('reading files needs Polars: python -m pip install "deltarule[app]".')
    sources = Source.of(path).matching()
    reads: list[Read] = []
    for source in sources:
        with room_for(f"the table {source.name}"):
            reads.append(_read(source, reading))
    if len(sources) == 1 and str(path).partition(PART)[0] == sources[0].path:
        return reads[0]
    with room_for(f"the table {path}"):
        return _stacked(sources, reads)


def _read(source: Source, reading: Reading) -> Read:
    kind = form(source.head())
    if kind in ("duckdb", "sqlite"):
        reading.refuse_idle(source.name, CALLED[kind])
    if kind == "duckdb":
        return read_duckdb(source.path, source.name, source.part, reading)
    if kind == "sqlite":
        return read_sqlite(None, source.path, source.name, source.part, reading)
    return read_content(source.read(), source.name, source.part, reading)


def read_content(content: bytes, name: str, part: str | None, reading: Reading, depth: int = 0) -> Read:
    """Return the table in bytes, by what they are; `part` names what is meant in them."""
    kind, called = form(content), name
    if depth > DEEPEST:
        raise DataError(f"{name} is compressed more than {DEEPEST} times over; unpack it first.")
    inner = None
    if kind == "zip":
        content, within, called = member(content, name, part)
        kind, inner = (within, None) if within else (kind, content)
    elif kind in FOLDED:
        inner = unfolded(content, kind, name)
    told = _misnamed(kind, name) if depth == 0 else []
    if inner is not None:
        read = read_content(inner, called, None if kind == "zip" else part, reading, depth + 1)
    else:
        read = _plain_content(content, kind, called, part, reading)
    return replace(read, notices=[*told, *read.notices])


def _plain_content(content: bytes, kind: str | None, name: str, part: str | None, reading: Reading) -> Read:
    is_workbook = kind in ("workbook", "ole")
    if kind is not None:
        called = "workbook" if is_workbook else kind.split()[0]
        reading.refuse_idle(name, CALLED[called], *(GRID_OPTIONS if is_workbook else ()))
    match kind:
        case "workbook" | "ole":
            return read_workbook(content, name, part, reading)
        case "sqlite":
            return read_sqlite(content, name, name, part, reading)
        case "duckdb":
            raise DataError(f"{name} is a database of DuckDB; give it as a file that is not compressed.")
        case _ if reading.sheet is not None:
            raise OptionError(f"{name} is no workbook and has no sheets; leave out --sheet.")
        case _ if part is not None:
            raise OptionError(f"{name} has no parts to choose from; leave out {PART}{part}.")
        case "parquet":
            return read_parquet(content, name, reading)
        case "arrow" | "arrow stream":
            return read_arrow(content, name, reading, is_stream=kind == "arrow stream")
        case _:
            return _text(content, name, reading)


def _text(content: bytes, name: str, reading: Reading) -> Read:
    refuse_foreign(content, name)
    start = content[: 2**16].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start.decode("utf-16", "replace").encode().lstrip()
    plain_name = without_ending(name)
    is_text = (reading.delimiter or reading.quote) and not plain_name.lower().endswith(JSONS)
    if not is_text and may_be_json(start, plain_name):
        is_certain = bool(re.match(rb'[\[{\s]*[{"]', start)) or plain_name.lower().endswith(".json")
        try:
            return read_json(content.removeprefix(b"\xef\xbb\xbf").lstrip(), name, reading, is_certain)
        except NoJsonError:
            pass
    return read_text(content, name, reading)


def _misnamed(kind: str | None, name: str) -> list[str]:
    """Tell of a name whose ending says something else."""
    said = next((said for ending, said in ENDINGS.items() if name.lower().endswith(ending)), None)
    found = {"ole": "workbook", "arrow stream": "arrow", None: "text"}.get(kind, kind)
    if said is None or said == found:
        return []
    return [
        f"{name} is not {CALLED[said]}, whatever its name says: read as {CALLED.get(found or '', 'text')}"
    ]


def _stacked(sources: Sequence[Source], reads: Sequence[Read]) -> Read:
    """Return the rows of several files below each other, in the order of their names."""
    import polars as pl

    first = reads[0].frame.columns
    for source, read in zip(sources, reads, strict=True):
        for lacking, has, lacks in ((set(first) - set(read.frame.columns), sources[0], source),
                                    (set(read.frame.columns) - set(first), source, sources[0])):  # fmt: skip
            if lacking:
                column = sorted(lacking)[0]
                raise DataError(
                    f"{lacks.name} has no column {column!r}, and {has.name} has; files that are read "
                    "together have the same "
                    "columns."
                )
    frames = [read.frame.select(first) for read in reads]
    require(2 * sum(int(frame.estimated_size()) for frame in frames), f"the table of {len(frames):,} files")
    for each in first:
        dtypes = {frame.schema[each] for frame in frames}
        if len(dtypes) > 1 and not all(dtype.is_numeric() for dtype in dtypes):
            frames = [frame.with_columns(pl.col(each).cast(pl.String)) for frame in frames]
    told = [
        f"{plural(len(frames), 'file')}, {sources[0].name} ({plural(frames[0].height, 'row')}) to {sources[-1].name} "
        f"({plural(frames[-1].height, 'row')})"
    ]
    by_notice: dict[str, list[str]] = {}
    for source, read in zip(sources, reads, strict=True):
        for notice in read.notices:
            by_notice.setdefault(notice, []).append(source.name)
    for notice, where in by_notice.items():
        more = f" and {len(where) - 1:,} more files" if len(where) > 1 else ""
        told.append(f"{where[0]}{more}: {notice}")
    return Read(pl.concat(frames, how="vertical_relaxed"), told)
