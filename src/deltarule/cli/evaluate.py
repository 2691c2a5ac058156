"""deltarule evaluate: metrics of a model on a table with the target in it."""

from __future__ import annotations

import shlex

import numpy as np
from numpy.typing import NDArray

from deltarule.cli.output import (
    Data,
    Flag,
    paragraph,
    print_json,
    read_for,
    with_targets,
)
from deltarule.cli.output import table as aligned
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.cli.scores import explain_constant, explain_errors, scores_table, short
from deltarule.saving import open_table
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
    names = [target.name for target in opened.targets]
    is_few = all(table.column(name, "target column", data).is_missing.mean() <= FEW_MISSING for name in names)
    table = with_targets(opened, table, drop_missing_target or is_few or None)
    weights = opened.weights_in(table)
    X, y = opened.arrays(table)
    scores = opened.metrics(X, y, weights)
    confusion = opened.confusion(table) if opened.task == "classification" and len(names) == 1 else None
    seen = share_seen(table.without(*names), opened.encoder.schema, y, opened.settings.get("rows_seen"))
    if json:
        record = {
            "task": opened.task,
            "target": names[0] if len(names) == 1 else names,
            **scores,
            "share_seen": seen,
        }
        if confusion is not None:
            record |= {"classes": list(scores["f1_by_class"]), "confusion": confusion.tolist()}
        print_json(record)
        return 0
    parts = {short(data): scores}
    print(scores_table(parts))
    for note in (*explain_errors(parts), explain_constant(opened)):
        print(f"  {note}")
    if weights is not None:
        print(f"  Rows count by {opened.settings['weight']}, as in training.")
    if seen:
        print(paragraph("", _too_good(seen, model), 2))
    if confusion is not None and len(confusion) <= MOST_CLASSES:
        print(f"\n  {names[0]}: rows are true classes, columns predicted ones")
        print(_confusion(confusion, scores["f1_by_class"]))
    return 0


def _confusion(counts: NDArray[np.integer], f1: dict[str, float]) -> str:
    """Return a table of how many rows of each class were predicted as each, with its F1."""
    rows = [["", *f1, "F1"]]
    for (name, score), row in zip(f1.items(), counts.tolist(), strict=True):
        rows.append([name, *map(str, row), f"{score:.4f}"])
    return aligned(rows, indent=4, right=range(1, len(rows[0])))


def _too_good(share: float, model: str) -> str:
    """Return what to say of rows that the model knows."""
    some = "All" if share > ALL else "A few" if share < FEW else f"About {share:.0%}"
    return (
        f"{some} of these rows are among those that the model learnt from, so the scores are better than on new rows; "
        f"deltarule inspect {shlex.quote(model)} shows those of rows that were held out."
    )
