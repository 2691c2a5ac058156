"""What `make demo` runs: a real table, trained, evaluated and proven, by the commands a user would type.

The table is scikit-learn's breast_cancer: 569 tumours, 30 measurements each, malignant or benign. It is written to
demo/ as a CSV file, with 30 fields blanked and a column of text added, as real tables are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer

from deltarule.cli import main

FOLDER = Path("demo")


def write_table() -> Path:
    """Write the table and return its path."""
    data = load_breast_cancer()
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {name.replace(" ", "_"): data.data[:, n] for n, name in enumerate(data.feature_names)}
    )
    holes = set(rng.choice(len(frame), 30, replace=False).tolist())
    area = frame["mean_area"]
    frame = frame.with_columns(
        pl.Series("mean_area", [None if row in holes else value for row, value in enumerate(area)]),
        pl.Series(
            "size", ["small" if value < 500 else "medium" if value < 900 else "large" for value in area]
        ),
        pl.Series("diagnosis", data.target_names[data.target]),
    )
    path = FOLDER / "breast_cancer.csv"
    frame.write_csv(path)
    return path


def run(command: str) -> None:
    """Show a command and run it."""
    print(f"\n$ deltarule {command}\n", flush=True)
    code = main(command.split())
    if code:
        sys.exit(code)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    table = write_table()
    model = FOLDER / "breast_cancer.deltarule"
    run(f"fit {table} --target diagnosis --out {model} --force")
    run(f"check {model} {table}")
    print(
        f"\nThe model is {model}, the table {table}. Next, with .venv/bin before the name or the environment active:"
        f"\n\n  deltarule inspect {model}"
        f"\n  deltarule explain {model} {table} --row 39"
        f"\n  deltarule explore {model} {table}"
        f"\n  deltarule predict {model} {table} --probabilities"
        "\n  deltarule fit YOUR.csv --target COLUMN"
    )
