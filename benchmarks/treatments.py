"""Which treatment of a column wins: whole numbers as position, level or both; text left out or by its words.

On every table that has such columns, for seeds 0 to 4: a fifth of the rows is held out, the same for all treatments,
and the table estimators learn the rest with their defaults. The metric is accuracy or R^2 on the rows held out, as a
mean over the seeds, with the difference to the first treatment and its standard error.

    python benchmarks/treatments.py [--seeds 5] [--tables mpg titanic ...]
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from deltarule import TableClassifier, TableRegressor
from deltarule.tables import Schema, Table, guess_task, read_table, schema

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# name: (target, columns left out because they repeat the target)
TABLES = {
    "adult": ("income", []), "california_housing": ("median_house_value", []), "diamonds": ("price", []),
    "mpg": ("mpg", []), "penguins": ("species", []), "taxis": ("tip", []), "titanic": ("survived", ["alive"]),
    "more/auto_horse": ("class", []), "more/beijing_pm25": ("pm2.5", []), "more/bodyfat": ("class", ["Density"]),
    "more/boston_housing": ("class", []), "more/cholesterol": ("chol", []), "more/hypothyroid": ("Class", []),
    "more/lowbwt": ("class", []), "more/oil_spill": ("spill", []), "more/pbc": ("class", []),
    "more/pima": ("diabetes", []), "more/sensory": ("score", []), "more/strike": ("volume", []),
}  # fmt: skip


def treatments(found: Schema, target: str) -> dict[str, dict[str, Schema]]:
    """Return by a kind of columns that a table has, what may be done with them."""
    kinds: dict[str, list[str]] = {
        kind: [one.name for one in found.columns.values() if one.kind == kind and one.name != target]
        for kind in ("ordered", "text")
    }
    choices = {"ordered": ("number", "category", "ordered"), "text": ("ignore", "text", "category")}

    def taken(names: list[str], kind: str) -> Schema:
        columns = {
            name: replace(one, kind=kind, written=None if kind == "category" else one.written)
            if name in names
            else one
            for name, one in found.columns.items()
        }
        return Schema(columns)

    return {
        f"{kind}: {', '.join(names)}": {choice: taken(names, choice) for choice in choices[kind]}
        for kind, names in kinds.items()
        if names
    }


def score(table: Table, target: str, chosen: Schema, seed: int, is_regression: bool) -> float:
    """Return the metric on a fifth of the rows."""
    typed, _ = chosen.read(table)
    column = typed[target]
    rows = np.flatnonzero(~column.is_missing)
    labels = None if is_regression else column.rows(rows).texts()
    counts = {} if labels is None else {label: labels.count(label) for label in set(labels)}
    if labels is not None:
        rows = rows[[counts[label] >= 5 for label in labels]]
        labels = [label for label in labels if counts[label] >= 5]
    learn, held = train_test_split(rows, test_size=0.2, random_state=seed, stratify=labels)
    features = table.without(target)
    estimator = (TableRegressor if is_regression else TableClassifier)(
        seed=seed, progress=False, schema=chosen
    )
    estimator.fit(features.rows(learn), column.rows(learn))
    measured = estimator.model_.evaluate(features.rows(held), column.rows(held))
    return measured["r2" if is_regression else "accuracy"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tables", nargs="*", default=[*TABLES])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| table | columns | treatments: mean (difference ± standard error) |\n|---|---|---|", flush=True)
    for name in arguments.tables:
        target, repeated = TABLES[name]
        table = Table.of(read_table(DATA / f"{name}.csv")).without(*repeated)
        found = schema(table)
        is_regression = guess_task(found.read(table)[0][target])[0] == "regression"
        for columns, choices in treatments(found, target).items():
            scores = {
                choice: np.array(
                    [score(table, target, chosen, seed, is_regression) for seed in range(arguments.seeds)]
                )
                for choice, chosen in choices.items()
            }
            first = next(iter(scores.values()))
            cells = [
                f"{choice} {values.mean():.4f}"
                + (
                    ""
                    if values is first
                    else f" ({(values - first).mean():+.4f} ± {(values - first).std(ddof=1) / len(first) ** 0.5:.4f})"
                )
                for choice, values in scores.items()
            ]
            print(f"| {name} | {columns} | {'; '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
