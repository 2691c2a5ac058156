"""Scores for a person: every measure of a part beside that of a constant prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltarule.cli.output import number, table
from deltarule.tables import TableModel
from deltarule.tables.measures import TITLES, WITH_UNIT

Scores = dict[str, dict[str, Any]]
"""Measures by part."""

LEVEL = "0.9"
"""Of the intervals whose coverage is shown."""
LONGEST_NAME = 24
"""Of a file in a table."""
CONSTANTS = {
    "softmax": "the most frequent class of training (log loss: class frequencies)",
    "sigmoid": "the more frequent class of training (log loss: class frequencies)",
    "linear": "the mean of training",
    "poisson": "the mean of training",
    "absolute_error": "the median of training",
    "huber": "the median of training",
    "quantile": "the quantiles of training",
}


def scores_table(scores: Scores) -> str:
    """Return a row for every measure, and for every part a column, beside the constant's.

    >>> found = {"rows": 9, "r2": 0.5, "constant_r2": -2.3e-6, "rmse": 20.25, "constant_rmse": 30.0}
    >>> print(scores_table({"test": found}))
            test  constant
      rows       9
      R²    0.5000    0.0000
      RMSE   20.25        30
    """
    parts = list(scores.values())
    rows = [["", *(title for part in scores for title in (part, "constant"))]]
    rows.append(["rows", *(cell for part in parts for cell in (f"{part['rows']:,.0f}", ""))])
    if "targets" in parts[0]:
        for name in parts[0]["targets"]:
            rows.append([name, *[""] * (2 * len(parts))])
            rows += [
                [f"  {label}", *cells] for label, *cells in _lines([part["targets"][name] for part in parts])
            ]
    else:
        rows += _lines(parts)
    return table(rows, right=range(1, len(rows[0])))


def _lines(parts: list[dict[str, Any]]) -> list[list[str]]:
    """Return a line for every measure that some part has."""
    names = dict.fromkeys(name for part in parts for name in part if f"constant_{name}" in part)
    return [
        [
            TITLES.get(name) or f"share {name.replace('_', ' q')}",
            *(in_digits(name, part.get(each)) for part in parts for each in (name, f"constant_{name}")),
        ]
        for name in names
    ] + _coverage(parts)


def _coverage(parts: list[dict[str, Any]]) -> list[list[str]]:
    """Return a line for the rows that lie in their intervals, where some part knows that."""
    found = [part.get("coverage", {}).get(LEVEL) for part in parts]
    cells = [cell for share in found for cell in ("" if share is None else in_digits("coverage", share), "")]
    return [[f"share in {float(LEVEL):.0%} interval", *cells]] if any(cells) else []


def in_digits(name: str, value: float | None) -> str:
    """Return a measure as a table of scores shows it: without a unit in four places, else in four digits.

    >>> in_digits("r2", -2.3e-6), in_digits("r2", 0.98765), in_digits("rmse", 2.3e-6), in_digits("roc_auc", None)
    ('0.0000', '0.9877', '2.3e-06', '-')
    """
    if value is None:
        return "-"
    if name in WITH_UNIT or not abs(value) < 1e4:
        return number(value)
    return f"{round(value, 4) + 0.0:.4f}"  # + 0: -0 is 0


def explain_constant(model: TableModel) -> str:
    """Return what the constant prediction is."""
    return f"constant: {CONSTANTS[model.output.name]}"


def short(path: str) -> str:
    """Return what a table calls a file: its name alone, cut where it is long.

    >>> short("/data/2024/may.csv"), short("measurements-of-all-stations.csv")
    ('may.csv', 'measurements-of-all-s...')
    """
    name = "standard input" if path == "-" else Path(path).name or path
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}..."
