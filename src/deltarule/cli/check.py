"""deltarule check: the certificate of a model's gradient on a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from deltarule.cli.output import (
    Data,
    Flag,
    Whole,
    print_json,
    print_text,
    read_for,
    setting,
    with_targets,
    working,
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.errors import DataError, InputError
from deltarule.options import CHECK
from deltarule.saving import open_table
from deltarule.spelling import plural
from deltarule.training.proof import check as certify

MOST, FEWEST = 1000, 100
"""Parameters, and rows, that are looked at unless told otherwise."""
WORK = 25 * 10**8
"""Parameters compared x rows x parameters of the network, in a second or two."""
FOR_SECONDS = f"for {MOST:,}, or fewer, {FEWEST} at least, where that would take longer than seconds"
PARAMETERS = replace(CHECK["max_parameters"], none=FOR_SECONDS)
ROWS = replace(CHECK["max_examples"], none=FOR_SECONDS)


def check(
    model: str,
    data: Data,
    /,
    *,
    parameters: Annotated[Whole | None, setting(PARAMETERS, "--parameters")] = None,
    rows: Annotated[Whole | None, setting(ROWS, "--rows")] = None,
    seed: Annotated[Whole, setting(CHECK["seed"], "--seed")] = 0,
    gradient: Path | None = None,
    missing: Names = None,
    file: FileOptions = FOUND,
    json: Flag = False,
) -> int:
    """Compare a model's gradient with central differences and the complex step, on the rows of a table.

    Ends with exit code 1 where they do not agree. For example: deltarule check penguins.deltarule penguins.csv

    Parameters
    ----------
    model
        A model file that fit has written.
    data
        A table with the target in it: CSV or other text, Parquet, Arrow, JSON, a workbook, a database;
        several files by a pattern, or - for standard input.
    gradient
        A .npy file with a gradient of your own, flat like theta, to compare; its mistake is named where it is known.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    json
        Print the certificate as JSON.
    """
    opened = open_table(model)
    table = with_targets(opened, read_for(opened, data, missing, file))
    given = None if gradient is None else _read(gradient)
    size, N = opened.network.layout.size, len(table)
    n_parameters = parameters or _most(FEWEST * size)
    n_rows = rows or _most(n_parameters * size)
    counts = plural(min(n_parameters, size), "derivative"), plural(min(n_rows, N), "row")
    with working(f"comparing {counts[0]} on {counts[1]}"):
        certificate = certify(
            opened, table, None, gradient=given, max_parameters=n_parameters, max_examples=n_rows, seed=seed
        )
    if json:
        print_json(certificate.record())
    else:
        print_text(certificate.text())
    return 0 if certificate.passed else 1


def _most(work: int) -> int:
    """Return how many rows or parameters keep the work within what takes seconds."""
    return max(FEWEST, min(MOST, WORK // max(work, 1)))


def _read(path: Path) -> Any:
    """Return the array of a .npy file; no code in it is run."""
    try:
        return np.load(path, allow_pickle=False)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}; --gradient is a .npy file."
        ) from None
    except (ValueError, EOFError):
        raise DataError(
            f"{path} is not a .npy file with an array of numbers; numpy.save(path, gradient) writes one."
        ) from None
