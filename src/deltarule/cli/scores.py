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
LEARNT = "train"
"""The part that was learnt from."""
CONSTANT, ERROR = "constant_", "standard_error_"
"""What the names of a constant's measures begin with, and those of standard errors."""
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
    """Return a row for every measure, and for every part a column, with standard errors where it was held out.

    The constant's stand beside the part that `judging` names.

    >>> found = {"rows": 9, "r2": 0.5, "constant_r2": -2.3e-6, "rmse": 20.25, "constant_rmse": 30.0}
    >>> found |= {"standard_error_r2": 0.0123, "standard_error_rmse": 1234.5}
    >>> print(scores_table({"train": found, "test": found}))
             train    test      ±  constant
      rows       9       9
      R²    0.5000  0.5000  0.012    0.0000
      RMSE   20.25   20.25  1,234        30
    """
    beside = judging(scores)
    columns = [
        (part, prefix)
        for part, found in scores.items()
        for prefix, is_shown in (("", True), (ERROR, _has_errors(part, found)), (CONSTANT, part == beside))
        if is_shown
    ]
    titles = {ERROR: "±", CONSTANT: "constant"}
    rows = [["", *(titles.get(prefix, part) for part, prefix in columns)]]
    rows.append(["rows", *("" if prefix else f"{scores[part]['rows']:,.0f}" for part, prefix in columns)])
    names = scores[beside].get("targets")
    if names is None:
        rows += _lines(scores, columns)
    for name in names or ():
        rows.append([name, *[""] * len(columns)])
        of_target = {part: found["targets"][name] for part, found in scores.items()}
        rows += [[f"  {label}", *cells] for label, *cells in _lines(of_target, columns)]
    return table(rows, right=range(1, len(rows[0])))


def judging(scores: Scores) -> str:
    """Return the part whose scores tell how good a model is: that of rows held out that has most rows."""
    held = [part for part in scores if part != LEARNT] or list(scores)
    return max(held, key=lambda part: scores[part]["rows"])


def _has_errors(part: str, found: dict[str, Any]) -> bool:
    each = found["targets"].values() if "targets" in found else [found]
    return part != LEARNT and any(name.startswith(ERROR) for one in each for name in one)


def _lines(scores: Scores, columns: list[tuple[str, str]]) -> list[list[str]]:
    """Return a line for every measure that some part has."""
    names = dict.fromkeys(name for part in scores.values() for name in part if f"{CONSTANT}{name}" in part)
    lines = [
        [
            TITLES.get(name) or f"share {name.replace('_', ' q')}",
            *(_cell(name, prefix, scores[part].get(f"{prefix}{name}")) for part, prefix in columns),
        ]
        for name in names
    ]
    shares = [None if prefix else scores[part].get("coverage", {}).get(LEVEL) for part, prefix in columns]
    if any(share is not None for share in shares):
        cells = ("" if share is None else in_digits("coverage", share) for share in shares)
        lines.append([f"share in {float(LEVEL):.0%} interval", *cells])
    return lines


def _cell(name: str, prefix: str, value: float | None) -> str:
    if prefix == ERROR:
        return "" if value is None else two_digits(value)
    return in_digits(name, value)


def two_digits(error: float) -> str:
    """Return a standard error in two digits.

    >>> two_digits(0.01234), two_digits(123.4), two_digits(9.96), two_digits(0.2)
    ('0.012', '123', '10', '0.20')
    """
    return f"{error:,.0f}" if error >= 9.95 else f"{error:#.2g}"


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


def explain_errors(scores: Scores) -> list[str]:
    """Return what standard errors are, where there are any."""
    has_any = any(_has_errors(part, found) for part, found in scores.items())
    return ["±: standard error, by which scores on other such rows would differ"] if has_any else []


def short(path: str) -> str:
    """Return what a table calls a file: its name alone, cut where it is long.

    >>> short("/data/2024/may.csv"), short("measurements-of-all-stations.csv")
    ('may.csv', 'measurements-of-all-s...')
    """
    name = "standard input" if path == "-" else Path(path).name or path
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 3]}..."
