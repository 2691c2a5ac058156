"""deltarule schema: show what the columns of a table are, and why."""

from __future__ import annotations

from pathlib import Path

from deltarule.cli.output import (
    Data,
    Flag,
    Left,
    Names,
    paragraph,
    print_document,
    print_json,
    refuse_existing,
    settings_of,
    table,
    working,
)
from deltarule.cli.reading import FOUND, FileOptions
from deltarule.errors import DataError
from deltarule.tables import ClassTarget, Schema, Table, guess_task, read_table, write_toml
from deltarule.tables import schema as schema_of
from deltarule.tables.leaks import suspected_leaks
from deltarule.tables.tasks import learnt, rows_with_target, with_target
from deltarule.writing import write


def schema(
    data: Data,
    /,
    *,
    target: str | None = None,
    set: Names = None,
    ignore: Left = None,
    keep: Names = None,
    text: Names = None,
    missing: Names = None,
    not_missing: Names = None,
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
        The column to learn: says what it would be learnt as, and which columns tell it too well.
    set
        What a column is, as COLUMN=KIND: number, boolean, date, category, ordered, text, "row id" or ignore; with its
        notation or order, as in "price=number:1.234,56", "when=date:%d/%m/%Y" or "size=ordered:S<M<L". May be given
        several times.
    ignore
        A column to leave out, as --set COLUMN=ignore does; may be given several times.
    keep
        A column to learn from, in place of all others; may be given several times.
    text
        A column to take as text, as --set COLUMN=category does; may be given several times.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; of one column as COLUMN=TEXT. May be
        given several times.
    not_missing
        A text that does not, as COLUMN=TEXT in one column; may be given several times.
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
    with working(f"reading {where}"):
        frame = read_table(data, **file.words())
    with working(f"looking at {len(frame):,} rows of {len(frame.names):,} columns"):
        found = schema_of(
            frame,
            settings=settings_of(frame, set, ignore, text, keep, (target,)),
            missing=missing or (),
            not_missing=not_missing or (),
            is_strict=strict,
        )
        if target is not None:
            frame.column(target, "target column", where)
            found = with_target(found, frame, target)
        typed, notices = found.read(frame)
    guess, of_target = "", ()
    if target is not None:
        guess, of_target = _of_target(found, frame, typed, target)
    said = [*frame.notices, *found.notices, *notices, *of_target]
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


def _of_target(found: Schema, raw: Table, typed: Table, target: str) -> tuple[str, tuple[str, ...]]:
    """Return what a column would be learnt as, and what to say of it; that it cannot be is said, too."""
    try:
        kept, notices = rows_with_target(typed[target], raw[target], drop=True)
        column = typed[target].rows(kept)
        task, why = guess_task(column)
        y = ClassTarget.fit(column).encode(column) if task == "classification" else column.values
    except DataError as error:
        return "cannot be learnt", (str(error),)
    features = learnt(typed.rows(kept).without(target), found)
    return f"{task}: {why}", (*notices, *suspected_leaks(features, target, y))
