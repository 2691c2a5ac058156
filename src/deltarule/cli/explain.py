"""deltarule explain: why one parameter of a model moves, for a row or for a whole table."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np

from deltarule.chain import explain as explain_chain
from deltarule.chain import pullers as who_pulls
from deltarule.cli.output import (
    Data,
    Flag,
    Real,
    Whole,
    choice,
    one_row,
    print_json,
    print_text,
    read_for,
    with_targets,
    working,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.cli.streams import has_every_letter, print_document
from deltarule.errors import DataError, OptionError
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.network import Floats, Network
from deltarule.saving import open_table
from deltarule.spelling import plural
from deltarule.tables import groups_of

Format: TypeAlias = Literal["text", "latex", "html", "json"]


def explain(
    model: str,
    data: Data,
    /,
    *,
    parameter: str | None = None,
    row: Whole | None = None,
    pullers: Flag = False,
    by: str | None = None,
    top: Whole = 5,
    split: Whole | None = None,
    optimiser: Annotated[str | None, choice("--optimiser", OPTIMISERS, "--optimizer")] = None,
    learning_rate: Real | None = None,
    format: Format = "text",
    ascii: Flag = False,
    missing: Names = None,
    file: FileOptions = FOUND,
    json: Flag = False,
) -> int:
    """Show every factor of one parameter's derivative, their product, its proof, and the update; or who pulls it.

    For example: deltarule explain penguins.deltarule penguins.csv --row 183 --parameter "w[1,7,9]"
    Ends with exit code 1 where the proof fails.

    Parameters
    ----------
    model
        A model file that fit has written.
    data
        A table with the target in it: CSV or other text, Parquet, Arrow, JSON, a workbook, a database;
        several files by a pattern, or - for standard input.
    parameter
        "w[k,i,j]", layer k, to unit i, from unit j, "b[k,i]", or "s[j]" where inputs have scales, counted from 1; left
        out, the one with the largest derivative.
    row
        The row to explain, counted from 1; left out, all rows together.
    pullers
        Instead of factors, list the rows that pull the parameter most.
    by
        With --pullers, which this implies: split the derivative by the groups of this column: levels, classes, months.
    top
        With --pullers: how many rows to list in each direction.
    split
        Also break the chain at the activation of this layer.
    optimiser
        What would make the update: gradient_descent, adam or another; left out, what trained the model, in its state.
    learning_rate
        Of the update; left out, the optimiser's own.
    format
        text, latex (a document), html (a page), or json with unrounded numbers.
    ascii
        Text in ASCII alone, as also where standard output has no other letters.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    json
        The same as --format json.
    """
    form: Format = "json" if json else format
    opened = open_table(model)
    table = read_for(opened, data, missing, file)
    if row is not None:
        table = table.rows(np.array([one_row(row, len(table), data)]))
        if table.column(opened.target.name, "target column").is_missing[0]:
            raise DataError(
                f"{table.numbering.name(0)} of {data} has no {opened.target.name}, thus no loss; choose another --row."
            )
    table = with_targets(opened, table)
    with working(f"taking the gradient of {plural(len(table), 'row')}"):
        chosen = parameter or _largest(opened.network, *opened.arrays(table))
    if pullers or by is not None:
        if form in ("latex", "html"):
            raise OptionError(f"--pullers gives text or json; leave out --format {form}.")
        groups = None if by is None else groups_of(table.column(by, "column", data))
        answer = who_pulls(opened, chosen, table, None, groups=groups, by=by or "", most=top)
        print_json(answer.record()) if form == "json" else print_text(answer.text())
        return 0
    with working(f"explaining {chosen} on {plural(len(table), 'row')}"):
        chain = explain_chain(
            opened, chosen, table, None, split=split, optimiser=optimiser, learning_rate=learning_rate
        )
    match form:
        case "text":
            print_text(chain.text(ascii=ascii or not has_every_letter()))
        case "latex":
            print_document(chain.latex(standalone=True))
        case "html":
            print_document(chain.html())
        case "json":
            print_document(chain.json())
    return 0 if chain.passed else 1


def _largest(net: Network, X: Floats, y: Floats) -> str:
    """Return the parameter with the largest derivative."""
    return net.layout.name(int(np.abs(net.gradients(X, y).theta).argmax()))
