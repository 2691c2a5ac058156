"""deltarule importance: how much a model depends on each column of a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from deltarule.cli.output import (
    Data,
    Flag,
    Whole,
    choice,
    print_json,
    print_text,
    read_for,
    setting,
    with_targets,
    working,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.cli.streams import has_every_letter
from deltarule.options import IMPORTANCE, Option
from deltarule.saving import open_table
from deltarule.spelling import plural
from deltarule.tables.importance import importance as shuffled
from deltarule.tables.measures import TITLES

ROWS = replace(IMPORTANCE["max_rows"], none=None)
TOP = Option("top", "whole", low=1, help="How many columns to list.")


def importance(
    model: str,
    data: Data,
    /,
    *,
    measure: Annotated[str | None, choice("--measure", TITLES)] = None,
    repeats: Annotated[Whole, setting(IMPORTANCE["repeats"], "--repeats")] = 5,
    rows: Annotated[Whole, setting(ROWS, "--rows")] = 5000,
    seed: Annotated[Whole, setting(IMPORTANCE["seed"], "--seed")] = 0,
    top: Annotated[Whole, setting(TOP, "--top")] = 20,
    missing: Names = None,
    file: FileOptions = FOUND,
    json: Flag = False,
) -> int:
    """Show how much worse a model gets when the cells of a column are shuffled among the rows, column by column.

    Best on rows that it did not learn from. Without --measure it is log loss for classes, deviance for counts, pinball
    loss for quantiles, R² for other values.
    For example: deltarule importance penguins.deltarule penguins.csv

    Parameters
    ----------
    model
        A model file that fit has written.
    data
        A table with the target in it: CSV or other text, Parquet, Arrow, JSON, a workbook, a database;
        several files by a pattern, or - for standard input.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    json
        Print all of that as JSON, unrounded.
    """
    opened = open_table(model)
    given = with_targets(opened, read_for(opened, data, missing, file))
    columns = plural(len(opened.encoder.columns), "column")
    with working(f"shuffling {columns} of {plural(min(rows, len(given)), 'row')}"):
        found = shuffled(opened, given, measure=measure, repeats=repeats, max_rows=rows, seed=seed)
    if json:
        print_json(found.record(top))
        return 0
    text = found.text(most=top)
    print_text(text if has_every_letter() else text.replace("±", "+-"))
    return 0
