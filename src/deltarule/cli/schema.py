"""deltarule schema: show what the columns of a table are, and why."""

from __future__ import annotations

import shutil

from deltarule.cli.output import Data, Flag, Force, Out, TargetName, print_document, refuse_existing, working
from deltarule.cli.reading import ALL_FOUND, FOUND, ColumnOptions, FileOptions
from deltarule.spelling import plural
from deltarule.tables import read_table, write_toml
from deltarule.tables import schema as schema_of
from deltarule.writing import write

WIDEST = 140
"""Signs of a line, however wide the terminal is."""


def schema(
    data: Data,
    /,
    *,
    target: TargetName | None = None,
    columns: ColumnOptions = ALL_FOUND,
    file: FileOptions = FOUND,
    out: Out | None = None,
    force: Force = False,
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
    columns
        What columns are; what is left out is found by looking, and told.
    file
        How the file is read; what is left out is found by looking, and told.
    out
        A file to write the schema to, in TOML; fit --schema obeys it.
    force
        Replace that file if it exists.
    json
        Print the schema as JSON.
    """
    where = "standard input" if data == "-" else data
    with working(f"reading {where}"):
        table = read_table(data, **file.words())
    if target is not None:
        table.column(target, "target column", where)
    if out is not None:
        refuse_existing(out, force)
    with working(f"looking at {plural(len(table), 'row')} of {plural(len(table.names), 'column')}"):
        found = schema_of(table, target, **columns.words(table, (target,)))
    if out is not None:
        write(write_toml(found).encode(), out)
    width = min(shutil.get_terminal_size().columns, WIDEST)
    print_document(found.json() if json else f"{where}: {found.text(width=width)}")
    return 0
