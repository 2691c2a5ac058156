"""deltarule suspects: the rows that a model finds hardest to believe."""

from __future__ import annotations

import numpy as np

from deltarule.chain import suspects as rank
from deltarule.chain.explained import numbers
from deltarule.cli.output import (
    Data,
    Flag,
    Whole,
    number,
    plain,
    print_json,
    read_for,
    table,
    with_targets,
    working,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.saving import open_table
from deltarule.spelling import listed, plural


def suspects(
    model: str,
    data: Data,
    /,
    *,
    top: Whole = 20,
    missing: Names = None,
    file: FileOptions = FOUND,
    json: Flag = False,
) -> int:
    """List the rows with the largest gradients: wrong labels come first, and rows unlike all others.

    Ranks best after a short training, on the rows that the model was trained on.
    For example: deltarule suspects penguins.deltarule penguins.csv

    Parameters
    ----------
    model
        A model file that fit has written.
    data
        A table with the target in it: CSV or other text, Parquet, Arrow, JSON, a workbook, a database;
        several files by a pattern, or - for standard input.
    top
        How many rows to list.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    json
        Print all of that as JSON, unrounded.
    """
    opened = open_table(model)
    given = with_targets(opened, read_for(opened, data, missing, file))
    with working(f"taking the gradients of {plural(len(given), 'row')}"):
        ranked = rank(opened, given, None)
    assert ranked.target is not None
    assert ranked.predicted is not None
    names, first = [target.name for target in opened.targets], ranked.order[: max(top, 0)]
    if json:
        rows = ranked.record(len(first))
        print_json(
            {"rows": len(ranked.order), "target": names[0] if len(names) == 1 else names, "suspects": rows}
        )
        return 0
    is_class = opened.task == "classification" and len(names) == 1
    y = opened.encoded(given)
    of_rows = numbers(first.tolist(), ranked.numbering)
    called = list(of_rows[0]) if of_rows else ["row"]
    probability = ["its probability"] if is_class else []
    rows = [[*called, listed(names), "predicted", *probability, "loss", "gradient"]]
    for n, each in zip(first.tolist(), of_rows, strict=True):
        share = [f"{ranked.y_hat[n, int(y[n])]:.1%}"] if is_class else []
        said = [
            ", ".join(
                number(each) if isinstance(each, float) else plain(each)
                for each in np.ravel(values[n]).tolist()
            )
            for values in (ranked.target, ranked.predicted)
        ]
        measures = [number(float(ranked.losses[n])), number(float(ranked.norms[n]))]
        rows.append([*(f"{one:,}" for one in each.values()), *said, *share, *measures])
    right = [*range(len(called)), *range(len(called) + 2 if is_class else len(called), len(rows[0]))]
    print(f"{len(first):,} of {plural(len(ranked.order), 'row')}, by the norm of their gradients")
    print(table(rows, right=right))
    share = float(np.sum(ranked.norms[first] ** 2) / (np.sum(ranked.norms**2) or 1.0))
    print(f"  They make up {share:.0%} of the sum of all squared norms.")
    return 0
