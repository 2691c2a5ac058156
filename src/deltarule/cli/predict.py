"""deltarule predict: the target for the rows of a table."""

from __future__ import annotations

import csv
import io
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.cli.output import (
    Data,
    Flag,
    Force,
    Out,
    as_read,
    plain,
    raw_for,
    refuse_existing,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.cli.streams import print_document
from deltarule.errors import OptionError
from deltarule.saving import open_table
from deltarule.spelling import plural
from deltarule.tables import ClassTarget, Column, NumberTarget, TableModel
from deltarule.writing import is_standard_output, write


def predict(
    model: str,
    data: Data,
    /,
    *,
    probabilities: Flag = False,
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
    raw = raw_for(opened, data, missing, file)
    carried = [raw.column(name, "column for --id", data) for name in id or ()]
    table = as_read(opened, raw)
    if out is not None:
        refuse_existing(out, force)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    predicted = _texts(opened, opened.predict(table))
    name = opened.target.name
    columns = [(column.name, [text or "" for text in column.texts()]) for column in carried]
    columns.append((f"predicted {name}" if name in (id or ()) else name, predicted))
    if probabilities and isinstance(opened.target, ClassTarget):
        shares = opened.predict_proba(table).T.tolist()
        for each, column in zip(opened.target.names, shares, strict=True):
            columns.append((f"probability of {each}", [f"{share:.6g}" for share in column]))
    writer.writerow([title for title, _ in columns])
    writer.writerows(zip(*(texts for _, texts in columns), strict=True))
    if out is None or is_standard_output(out):
        print_document(buffer.getvalue(), end="")
    else:
        write(buffer.getvalue().encode(), out)
        print(f"deltarule: wrote {plural(len(predicted), 'prediction')} to {out}", file=sys.stderr)
    return 0


def _texts(model: TableModel, predicted: NDArray[Any]) -> list[str]:
    """Return predictions as they stand in a CSV file: values to the digits that the network's numbers have."""
    target = model.target
    if not isinstance(target, NumberTarget):
        return [plain(value) for value in predicted.tolist()]
    z = target.encode(Column(target.name, "number", predicted))
    step = np.finfo(model.network.dtype).eps * np.maximum(np.abs(z), 1.0)  # of the network's output
    size = np.abs(target.decode(z + step) - predicted)
    places = np.ceil(-np.log10(np.maximum(size, np.finfo(np.float64).tiny)))
    pairs = zip(predicted.tolist(), places.tolist(), strict=True)
    return [plain(round(value, int(n)) if np.isfinite(value) else value) for value, n in pairs]
