"""deltarule predict: the target for the rows of a table."""

from __future__ import annotations

import csv
import io
import sys

from deltarule.cli.output import (
    Data,
    Flag,
    Force,
    Out,
    open_model,
    plain,
    read_for,
    refuse_existing,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.cli.streams import print_document
from deltarule.errors import OptionError
from deltarule.tables import ClassTarget
from deltarule.writing import is_standard_output, write


def predict(
    model: str,
    data: Data,
    /,
    *,
    probabilities: Flag = False,
    out: Out | None = None,
    force: Force = False,
    missing: Names = None,
    file: FileOptions = FOUND,
) -> int:
    """Predict the target for the rows of a table, as CSV in the order of the rows.

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
    out
        Write to this file instead of standard output.
    force
        Replace that file if it exists.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    """
    opened = open_model(model)
    if probabilities and opened.task == "regression":
        raise OptionError("--probabilities needs a classification model; this one is a regression.")
    table = read_for(opened, data, missing, file)
    if out is not None:
        refuse_existing(out, force)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    predicted = opened.predict(table).tolist()
    if probabilities and isinstance(opened.target, ClassTarget):
        names = opened.target.names
        writer.writerow([opened.target.name, *(f"probability of {name}" for name in names)])
        shares = opened.predict_proba(table).tolist()
        writer.writerows(
            [plain(y), *(f"{q:.6g}" for q in row)] for y, row in zip(predicted, shares, strict=True)
        )
    else:
        writer.writerow([opened.target.name])
        writer.writerows([plain(y)] for y in predicted)
    if out is None or is_standard_output(out):
        print_document(buffer.getvalue(), end="")
    else:
        write(buffer.getvalue().encode(), out)
        print(f"deltarule: wrote {len(predicted):,} predictions to {out}", file=sys.stderr)
    return 0
