"""JSON: an object a line, a list of objects or of rows, and columns as pandas writes them."""

from __future__ import annotations

import io
import json
from typing import Any, cast

from deltarule.errors import DataError
from deltarule.memory import require
from deltarule.tables.readers.contents import is_notebook
from deltarule.tables.readers.decoding import decoded
from deltarule.tables.readers.grids import read_grid
from deltarule.tables.readers.options import Read, Reading, cut, refuse_no_rows
from deltarule.tables.readers.values import column, plain

BYTES_A_BYTE = 8
"""The memory that a byte of JSON takes as Python's objects."""
FORMS = '[{"a": 1}, {"a": 2}], an object a line, or {"columns": [...], "data": [...]}'
DEEPEST = 3
"""How deep a list of objects may lie in others."""
OBJECTS = "JSON of objects with names"


class NoJsonError(ValueError):
    """A text is no JSON after all."""


def read_json(content: bytes, name: str, reading: Reading, is_certain: bool) -> Read:
    """Return the table of a JSON file.

    Raises
    ------
    DataError
        It is damaged, a notebook, or no table.
    NoJsonError
        It is none, and neither its name says so.
    """
    content, told = decoded(content, name, reading.encoding)
    reading.refuse_idle(name, "JSON", "encoding", "header", "skip", "ragged")  # which may be of rows
    lines = _by_lines(content, name, reading)
    if lines is None:
        require(BYTES_A_BYTE * len(content), f"the table {name}")
        lines = _document(content, name, reading, is_certain)
    return Read(lines.frame, told + lines.notices)


def _by_lines(content: bytes, name: str, reading: Reading) -> Read | None:
    """Return the table of objects, one a line; None where it is not so."""
    import polars as pl

    if not content.startswith(b"{"):
        return None
    first = content.split(b"\n", 1)[0].strip()
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return None
    if first == content.strip():  # a document of one line
        return None
    reading.refuse_idle(name, OBJECTS, "encoding")
    try:
        frame = pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)
    except (pl.exceptions.PolarsError, ValueError):
        frame = None
    if frame is None or any(dtype == pl.Object for dtype in frame.dtypes):
        records: list[Any] = []
        for number, line in enumerate(content.split(b"\n"), start=1):
            if line.strip():
                try:
                    records.append(json.loads(line))
                except (ValueError, RecursionError):
                    raise DataError(
                        f"{name} has an object of JSON a line, but line {number:,} is none: "
                        f"{cut(line.decode('utf-8', 'replace'))}; mend it or take it out."
                    ) from None
        return _of_records(records, name, reading)
    refuse_no_rows(frame.height, name)
    frame, told = plain(frame, reading)
    return Read(frame, told)


def _document(content: bytes, name: str, reading: Reading, is_certain: bool) -> Read:
    try:
        record: Any = json.loads(content)
    except RecursionError:
        raise DataError(f"{name} is JSON that is nested too deep for a table.") from None
    except ValueError as error:
        if not is_certain:
            raise NoJsonError from None
        line = getattr(error, "lineno", 1)
        what = (
            "was cut short"
            if getattr(error, "pos", 0) >= len(content.strip()) - 1
            else f"is not valid JSON in line {line:,}"
        )
        raise DataError(f"{name} {what}: {str(error).split(':')[0]}; write or fetch it again.") from None
    if is_notebook(record):
        raise DataError(
            f"{name} is a notebook of Jupyter, not a table; give the file that it reads or writes."
        )
    if record in ([], {}):
        raise DataError(f"{name} is empty; expected a table such as {FORMS}.")
    if isinstance(record, dict):
        return _of_object(cast("dict[str, Any]", record), name, reading)
    if isinstance(record, list) and record:
        rows = cast("list[Any]", record)
        if all(isinstance(row, dict) for row in rows):
            return _of_records(rows, name, reading)
        if all(isinstance(row, list) for row in rows):
            return read_grid(rows, name, reading)
    raise DataError(f"{name} is JSON, but no table; expected {FORMS}.")


def _of_object(record: dict[str, Any], name: str, reading: Reading) -> Read:
    """Return the table of pandas' forms split, table, columns and index, of columns of lists, or of what wraps one."""
    if isinstance(record.get("columns"), list) and isinstance(record.get("data"), list):
        return read_grid([record["columns"], *record["data"]], name, _with_header(reading))
    values = list(record.values())
    wrapped = _wrapped(record)
    if len(wrapped) == 1:
        (called, rows), others = wrapped[0], len(record) - 1
        read = _of_records(rows, name, reading)
        is_told = others or "." in called
        said = [f"the table is the list {called!r}; what stands beside it is left out"] if is_told else []
        return Read(read.frame, said + read.notices)
    if values and all(isinstance(value, list) for value in values):
        if len({len(value) for value in values}) == 1:
            return _of_columns(record, name, reading)
    elif values and all(isinstance(value, dict) for value in values):
        keys: list[list[str]] = [list(value) for value in values]
        if all(each == keys[0] for each in keys):
            by_row = sum(map(_is_number, record)) > sum(map(_is_number, keys[0]))
            if by_row:
                return _of_records(values, name, reading)
            return _of_columns({key: list(value.values()) for key, value in record.items()}, name, reading)
    elif values and not any(isinstance(value, (dict, list)) for value in values):
        return _of_records([record], name, reading)
    raise DataError(f"{name} is JSON, but no table; expected {FORMS}.")


def _wrapped(record: dict[str, Any], before: str = "") -> list[tuple[str, list[Any]]]:
    """Return the lists of objects in an object, and in the objects in it, with what they are called."""
    found: list[tuple[str, list[Any]]] = []
    for key, value in record.items():
        if _is_records(value):
            found.append((f"{before}{key}", value))
        elif isinstance(value, dict) and before.count(".") < DEEPEST:
            found += _wrapped(cast("dict[str, Any]", value), f"{before}{key}.")
    return found


def _is_records(value: object) -> bool:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def _is_number(text: str) -> bool:
    return text.isdecimal()


def _with_header(reading: Reading) -> Reading:
    from dataclasses import replace

    return replace(reading, header=True, skip=0)


def _of_columns(columns: dict[str, list[Any]], name: str, reading: Reading) -> Read:
    import polars as pl

    reading.refuse_idle(name, OBJECTS, "encoding")
    refuse_no_rows(max((len(values) for values in columns.values()), default=0), name)
    frame = pl.DataFrame([column(each, _flat(values)) for each, values in columns.items()])
    frame, told = plain(frame, reading)
    return Read(frame, told)


def _flat(values: list[Any]) -> list[Any]:
    return [
        json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
        for value in values
    ]


def _of_records(records: list[Any], name: str, reading: Reading) -> Read:
    """Return the table of objects; what they hold in turn is a column each, under a name with a point."""
    for number, record in enumerate(cast("list[object]", records), start=1):
        if not isinstance(record, dict):
            raise DataError(
                f"{name}: record {number:,} is {cut(json.dumps(cast('Any', record)))}, and the others "
                "are objects; mend it."
            )
    flat = [_unnested(record) for record in records]
    names = list(dict.fromkeys(key for record in flat for key in record))
    return _of_columns({each: [record.get(each) for record in flat] for each in names}, name, reading)


def _unnested(record: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= _unnested(cast("dict[str, Any]", value), f"{before}{key}.")
        else:
            flat[f"{before}{key}"] = value
    return flat
