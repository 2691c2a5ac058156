"""deltarule suspects: the rows that a model finds hardest to believe."""

from __future__ import annotations

import numpy as np

from deltarule.chain import suspects as rank
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
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.saving import open_table
from deltarule.tables import ClassTarget


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
    given, kept = with_targets(opened, read_for(opened, data, missing, file))
    target = opened.target
    ranked = rank(opened, given, target.name)
    assert ranked.target is not None
    assert ranked.predicted is not None
    first = ranked.order[: max(top, 0)]
    true, said = ranked.target[first], ranked.predicted[first]
    if json:
        rows = ranked.record(len(first), kept)
        print_json({"rows": len(ranked.order), "target": target.name, "suspects": rows})
        return 0
    is_class = isinstance(target, ClassTarget)
    y = target.encode(given.column(target.name, "target column"))
    head = ["row", target.name, "predicted", *(["its probability"] if is_class else []), "loss", "gradient"]
    listed = [head]
    for n, value, guess in zip(first.tolist(), true.tolist(), said.tolist(), strict=True):
        share = [f"{ranked.y_hat[n, int(y[n])]:.1%}"] if is_class else []
        words = [plain(value), plain(guess)] if is_class else [number(value), number(guess)]
        listed.append(
            [
                f"{kept[n] + 1:,}",
                *words,
                *share,
                number(float(ranked.losses[n])),
                number(float(ranked.norms[n])),
            ]
        )
    right = [0, *range(3 if is_class else 1, len(head))]
    print(f"{len(first):,} of {len(ranked.order):,} rows, by the norm of their gradients")
    print(table(listed, right=right))
    share = float(np.sum(ranked.norms[first] ** 2) / (np.sum(ranked.norms**2) or 1.0))
    print(f"  They make up {share:.0%} of the sum of all squared norms.")
    return 0
