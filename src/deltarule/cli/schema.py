"""deltarule schema: show what the columns of a table are, and why."""

from __future__ import annotations

from pathlib import Path

from deltarule.cli.output import (
    Data,
    Flag,
    Names,
    paragraph,
    print_document,
    print_json,
    refuse_existing,
    settings_of,
    table,
)
from deltarule.cli.reading import FOUND, FileOptions
from deltarule.tables import guess_task, read_table, write_toml
from deltarule.tables import schema as schema_of
from deltarule.writing import write


def schema(
    data: Data,
    /,
    *,
    target: str | None = None,
    set: Names = None,
    ignore: Names = None,
    text: Names = None,
    missing: Names = None,
    file: FileOptions = FOUND,
    strict: Flag = False,
    out: Path | None = None,
    force: Flag = False,
    json: Flag = False,
) -> int:
    """Show what each column of a table is, how it is written, and why; nothing is trained.

    fit takes the columns so. For example: deltarule schema prices.csv --set "when=date:%d/%m/%Y"

    Parameters
    ----------
    data
        A table: CSV or other text, Parquet, Arrow, JSON, a workbook, a database; several files by a pattern, or - for
        standard input.
    target
        The column to learn: says what it would be learnt as.
    set
        What a column is, as COLUMN=KIND: number, boolean, date, category, "row id" or ignore; with its notation, as
        in "price=number:1.234,56" or "when=date:%d/%m/%Y". May be given several times.
    ignore
        A column to leave out, as --set COLUMN=ignore does; may be given several times.
    text
        A column to take as text, as --set COLUMN=category does; may be given several times.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    strict
        Refuse texts that are unlike the rest of their column; else they count as missing.
    out
        A file to write the schema to, in TOML; fit --schema obeys it.
    force
        Replace that file if it exists.
    json
        Print the schema as JSON.
    """
    where = "standard input" if data == "-" else data
    if out is not None:
        refuse_existing(out, force)
    frame = read_table(data, **file.words())
    found = schema_of(frame, settings=settings_of(set, ignore, text), missing=missing or (), is_strict=strict)
    typed, notices = found.read(frame)
    said = [*frame.notices, *found.notices, *notices]
    guess = "" if target is None else ": ".join(guess_task(typed.column(target, "target column", where)))
    if out is not None:
        write(write_toml(found).encode(), out)
    if json:
        print_json({"rows": len(frame), "columns": found.record(), "target": guess, "notices": said})
        return 0
    rows = [["column", "is", "values", "missing", "because"]]
    for name, one in found.columns.items():
        column = typed[name]
        rows.append([name, one.form, column.summary(), f"{int(column.is_missing.sum()):,}", one.why])
    lines = [f"{where}: {len(frame):,} rows, {len(found.columns):,} columns", table(rows, right=[3])]
    lines += [paragraph("Target", f"{target}: {guess}")] if guess else []
    lines += ["", *(paragraph("", each) for each in said)] if said else []
    print_document("\n".join(lines))
    return 0
