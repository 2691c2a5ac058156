"""deltarule evaluate: metrics of a model on a table with the target in it."""

from __future__ import annotations

import shlex

from deltarule.cli.output import (
    Data,
    Flag,
    explain_constant,
    paragraph,
    print_json,
    read_for,
    scores_table,
    short,
    with_targets,
)
from deltarule.cli.output import table as aligned
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.saving import open_table
from deltarule.tables import ClassTarget
from deltarule.tables.seen import share_seen
from deltarule.tables.tasks import FEW_MISSING

ALL, FEW = 0.995, 0.01
"""Shares of rows from which on, and below which, no percentage is said."""
MOST_CLASSES = 12  # that a confusion table of 80 columns shows


def evaluate(
    model: str,
    data: Data,
    /,
    *,
    missing: Names = None,
    drop_missing_target: Flag = False,
    file: FileOptions = FOUND,
    json: Flag = False,
) -> int:
    """Measure a model on a table with the target in it, beside a constant prediction.

    For example: deltarule evaluate penguins.deltarule penguins.csv

    Parameters
    ----------
    model
        A model file that fit has written.
    data
        A table: CSV or other text, Parquet, Arrow, JSON, a workbook, a database; several files by a pattern, or - for
        standard input.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    drop_missing_target
        Leave out rows without a target, however many; without it, where they are a twentieth or less.
    file
        How the file is read; what is left out is found by looking, and told.
    json
        Print the metrics as JSON.
    """
    opened = open_table(model)
    table = read_for(opened, data, missing, file)
    target = opened.target
    is_few = bool(table.column(target.name, "target column").is_missing.mean() <= FEW_MISSING)
    table, _ = with_targets(opened, table, drop_missing_target or is_few or None)
    scores = opened.evaluate(table)
    names = [str(name) for name in target.names] if isinstance(target, ClassTarget) else []
    confusion = opened.confusion(table) if names else None
    y = target.encode(table.column(target.name))
    seen = share_seen(table.without(target.name), opened.encoder.schema, y, opened.settings.get("rows_seen"))
    if json:
        record = {"task": opened.task, "target": target.name, **scores, "share_seen": seen}
        if confusion is not None:
            record |= {"classes": names, "confusion": confusion.tolist()}
        print_json(record)
        return 0
    print(scores_table(opened.task, {short(data): scores}))
    print(f"  {explain_constant(opened.task)}")
    if seen:
        print(paragraph("", _too_good(seen, model), 2))
    if confusion is not None and len(names) <= MOST_CLASSES:
        print(f"\n  {target.name}: rows are true classes, columns predicted ones")
        rows = [
            ["", *names],
            *([name, *map(str, row)] for name, row in zip(names, confusion.tolist(), strict=True)),
        ]
        print(aligned(rows, indent=4, right=range(1, len(names) + 1)))
    return 0


def _too_good(share: float, model: str) -> str:
    """Return what to say of rows that the model knows."""
    some = "All" if share > ALL else "A few" if share < FEW else f"About {share:.0%}"
    return (
        f"{some} of these rows are among those that the model learnt from, so the scores are better than on new rows; "
        f"deltarule inspect {shlex.quote(model)} shows those of rows that were held out."
    )
