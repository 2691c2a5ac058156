"""deltarule predict: the target for the rows of a table."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.cli.output import (
    LEVEL,
    Data,
    Flag,
    Force,
    Out,
    as_read,
    plain,
    raw_for,
    refuse_existing,
    setting,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.cli.streams import print_document
from deltarule.errors import OptionError
from deltarule.saving import open_table
from deltarule.spelling import plural
from deltarule.tables import ClassTarget, TableModel
from deltarule.tables.bounds import bounds_of, level_of
from deltarule.writing import is_standard_output, write


def predict(
    model: str,
    data: Data,
    /,
    *,
    probabilities: Flag = False,
    interval: Annotated[float | None, setting(LEVEL, "--interval")] = None,
    id: Names = None,
    out: Out | None = None,
    force: Force = False,
    missing: Names = None,
    file: FileOptions = FOUND,
) -> int:
    """Predict the target for the rows of a table, as CSV in the order of the rows.

    Values have the digits that the network's float32 holds, about seven; --id carries columns into the output.

    For example: deltarule predict penguins.deltarule new.csv > species.csv

    Parameters
    ----------
    model
        A model file that fit has written.
    data
        A table: CSV or other text, Parquet, Arrow, JSON, a workbook, a database; several files by a pattern, or - for
        standard input; columns in any order, further ones are ignored.
    probabilities
        Add a column with the probability of every class.
    id
        A column of DATA to write before the predictions, as it is there; may be given several times.
    out
        Write to this file instead of standard output.
    force
        Replace that file if it exists.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    """
    opened = open_table(model)
    if probabilities and opened.task == "regression":
        raise OptionError("--probabilities needs a classification model; this one is a regression.")
    level = None if interval is None else level_of(opened, interval)
    raw = raw_for(opened, data, missing, file)
    carried = [raw.column(name, "column for --id", data) for name in id or ()]
    table = as_read(opened, raw)
    if out is not None:
        refuse_existing(out, force)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    y_hat = opened.y_hat(table)
    made = list(zip(opened.predicted, _texts(opened, y_hat, opened.decoded), strict=True))
    if level is not None:
        made = _beside_bounds(opened, y_hat, level, made)
    if probabilities:
        made += _shares(opened, y_hat)
    columns = [(column.name, [text or "" for text in column.texts()]) for column in carried]
    columns += [(f"predicted {name}" if name in (id or ()) else name, texts) for name, texts in made]
    writer.writerow([title for title, _ in columns])
    writer.writerows(zip(*(texts for _, texts in columns), strict=True))
    if out is None or is_standard_output(out):
        print_document(buffer.getvalue(), end="")
    else:
        write(buffer.getvalue().encode(), out)
        print(f"deltarule: wrote {plural(len(y_hat), 'prediction')} to {out}", file=sys.stderr)
    return 0


def _texts(
    model: TableModel, y_hat: NDArray[Any], of: Callable[[NDArray[Any]], NDArray[Any]]
) -> list[list[str]]:
    """Return what is made of the network's output as columns of a CSV file: values to the digits of its numbers."""
    predicted = of(y_hat).reshape(len(y_hat), -1).T
    if model.task == "classification":
        return [[plain(value) for value in column.tolist()] for column in predicted]
    step = np.finfo(y_hat.dtype).eps * np.maximum(np.abs(y_hat), 1.0)
    size = np.abs(of(y_hat + step).reshape(len(y_hat), -1).T - predicted)
    places = np.clip(np.ceil(-np.log10(np.maximum(size, np.finfo(np.float64).tiny))), -400, 300)
    return [
        [plain(round(value, int(n)) if np.isfinite(value) else value) for value, n in zip(*pair, strict=True)]
        for pair in zip(predicted.tolist(), places.tolist(), strict=True)
    ]


def _beside_bounds(
    model: TableModel, y_hat: NDArray[Any], level: float, made: list[tuple[str, list[str]]]
) -> list[tuple[str, list[str]]]:
    """Return the columns of predictions, those of each target with the bounds of its interval after them."""
    bounds = iter(_texts(model, y_hat, lambda output: bounds_of(model, output, level)))
    each = len(made) // len(model.targets)
    columns: list[tuple[str, list[str]]] = []
    for n, target in enumerate(model.targets):
        columns += made[n * each : (n + 1) * each]
        columns += [(f"{target.name} {side}", next(bounds)) for side in ("from", "to")]
    return columns


def _shares(model: TableModel, y_hat: NDArray[Any]) -> list[tuple[str, list[str]]]:
    """Return a column with the probability of every class; of several targets, of the second of each."""
    columns: list[tuple[str, list[str]]] = []
    for target, part in model.parts_of(y_hat):
        assert isinstance(target, ClassTarget)
        of_class = dict(zip(map(str, target.names), target.shares(part).T.tolist(), strict=True))
        for name, shares in list(of_class.items())[len(model.targets) > 1 :]:
            what = f"{target.name}={name}" if len(model.targets) > 1 else name
            columns.append((f"probability of {what}", [f"{share:.6g}" for share in shares]))
    return columns
