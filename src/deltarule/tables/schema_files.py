"""A schema as a TOML file: a table a column, with what `--set` takes, the texts that mean missing, and why."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from typing import Any, cast

from deltarule.errors import DataError
from deltarule.tables.notations import numbers
from deltarule.tables.schema import ColumnSchema, Schema, column_told


def write_toml(schema: Schema) -> str:
    """Return a schema as TOML.

    >>> from deltarule.tables import schema
    >>> print(write_toml(schema({"temp": ["21,28", "18,3", "-"]})), end="")
    ["temp"]
    is = "number:1234,56"
    missing = ["-"]
    why = "'21,28' in row 1"
    """
    return "\n".join("\n".join(_lines(one)) + "\n" for one in schema.columns.values())


def _lines(one: ColumnSchema) -> list[str]:
    lines = [f"[{_quoted(one.name)}]", f"is = {_quoted(one.form)}"]
    if isinstance(one.written, numbers.Notation) and one.written.sizes:
        sizes = (f"{_quoted(unit)} = {size!r}" for unit, size in one.written.sizes)
        lines.append(f"units = {{ {', '.join(sizes)} }}")
    if one.missing:
        lines.append(f"missing = [{', '.join(map(_quoted, one.missing))}]")
    if one.kept:
        lines.append(f"not_missing = [{', '.join(map(_quoted, one.kept))}]")
    return [*lines, f"why = {_quoted(one.why)}"]


def _quoted(text: str) -> str:
    """Return a basic string of TOML, which JSON's are but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_toml(text: str, name: str) -> Schema:
    """Return the schema that a TOML text, from a file of some name, says.

    Raises
    ------
    DataError
        The text is no TOML, or no schema; the message names the column.
    OptionError
        A column is to be what there is not.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{name} is no TOML: {error}.") from None
    columns: dict[str, ColumnSchema] = {}
    for column, said in tables.items():
        if not isinstance(said, dict) or not isinstance(cast(Any, said).get("is"), str):
            raise DataError(
                f'{name}: the column {column!r} lacks what it is; write is = "number" below [{column}].'
            )
        fields = cast(dict[str, Any], said)
        one = column_told(column, fields["is"])
        if isinstance(one.written, numbers.Notation):
            sizes = tuple((unit, float(size)) for unit, size in fields.get("units", {}).items())
            one = replace(one, written=replace(one.written, sizes=sizes))
        missing = tuple(str(text) for text in fields.get("missing", ()))
        kept = tuple(str(text) for text in fields.get("not_missing", ()))
        columns[column] = replace(one, missing=missing, kept=kept, why=str(fields.get("why", one.why)))
    return Schema(columns)
