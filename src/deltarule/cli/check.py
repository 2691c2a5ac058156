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
)
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.errors import DataError, InputError
from deltarule.options import CHECK
from deltarule.saving import open_table
from deltarule.training.proof import check as certify


def check(
    model: str,
    data: Data,
    /,
    *,
    parameters: Annotated[Whole, setting(CHECK["max_parameters"], "--parameters")] = 1000,
    rows: Annotated[Whole, setting(replace(CHECK["max_examples"], none=None), "--rows")] = 1000,
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
    table, _ = with_targets(opened, read_for(opened, data, missing, file))
    given = None if gradient is None else _read(gradient)
    certificate = certify(
        opened,
        table,
        opened.target.name,
        gradient=given,
        max_parameters=parameters,
        max_examples=rows,
        seed=seed,
    )
    if json:
        print_json(certificate.record())
    else:
        print_text(certificate.text())
    return 0 if certificate.passed else 1


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
