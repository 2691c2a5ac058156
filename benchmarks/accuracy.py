"""Test metric with default settings: deltarule's table estimators beside scikit-learn's MLP.

On every table, for seeds 0 to 4: the same split (a quarter is held out, stratified for classes), the same rows.
scikit-learn's MLP stands behind its usual pipeline (median or most frequent value for missing ones, StandardScaler,
OneHotEncoder) and keeps all of its own defaults. Its regressor does not scale the target; the last column shows it
behind TransformedTargetRegressor, which its users have to add by hand.

    python benchmarks/accuracy.py [--seeds 5] [--tables iris wine ...] [--write docs/accuracy.md]
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import sklearn
import sklearn.datasets
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deltarule import TableClassifier, TableRegressor

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# name: (target, columns left out because they repeat the target)
FILES = {
    "penguins": ("species", []),
    "titanic": ("survived", ["alive"]),
    "mpg": ("mpg", []),
    "california_housing": ("median_house_value", []),
}
SAMPLES = ["breast_cancer", "wine", "iris", "digits"]
REGRESSIONS = {"mpg", "california_housing"}


def load(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the columns to learn from and the target."""
    if name in SAMPLES:
        return getattr(sklearn.datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    target, left_out = FILES[name]
    frame = pd.read_csv(DATA / f"{name}.csv")
    return frame.drop(columns=[target, *left_out]), frame[target]


def pipeline(X: pd.DataFrame, model: Any) -> Pipeline:
    """Return scikit-learn's usual pipeline before a model."""
    numbers = [name for name in X if pd.api.types.is_numeric_dtype(X[name]) and X[name].dtype != bool]
    texts = [name for name in X if name not in numbers]
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "texts",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"),
                    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                ),
                texts,
            ),
        ]
    )
    return make_pipeline(columns, model)


def objects(X: pd.DataFrame) -> pd.DataFrame:
    """Return the frame as scikit-learn's imputer takes it: text and booleans as objects, NaN for missing."""
    return X.apply(
        lambda column: (
            column
            if pd.api.types.is_numeric_dtype(column) and column.dtype != bool
            else column.astype(object).where(column.notna(), np.nan)
        )
    )


def measure(name: str, seed: int) -> dict[str, float]:
    """Return the test metric, accuracy or R^2, of every contestant, and the seconds ours and theirs took."""
    X, y = load(name)
    is_regression = name in REGRESSIONS
    train_X, test_X, train_y, test_y = train_test_split(
        X, y, test_size=0.25, random_state=seed, stratify=None if is_regression else y
    )
    score = r2_score if is_regression else accuracy_score
    start = perf_counter()
    ours = (TableRegressor if is_regression else TableClassifier)(seed=seed, progress=False).fit(
        train_X, train_y
    )
    result = {"deltarule": score(test_y, ours.predict(test_X)), "seconds": perf_counter() - start}
    start = perf_counter()
    theirs = pipeline(X, (MLPRegressor if is_regression else MLPClassifier)(random_state=seed))
    theirs.fit(objects(train_X), train_y)
    result["scikit-learn"] = score(test_y, theirs.predict(objects(test_X)))
    result["their seconds"] = perf_counter() - start
    if is_regression:
        scaled = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
        scaled = pipeline(X, scaled).fit(objects(train_X), train_y)
        result["scikit-learn, target scaled"] = score(test_y, scaled.predict(objects(test_X)))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--tables", nargs="*", default=[*SAMPLES, *FILES])
    parser.add_argument("--write", type=Path, help="a Markdown file for the table")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # their default of 200 epochs
    rows = [
        "| table | metric | deltarule | scikit-learn | difference | at least as good | target scaled "
        "| seconds | theirs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(rows), flush=True)
    is_good = True
    for name in arguments.tables:
        if name in FILES and not (DATA / f"{name}.csv").exists():
            print(f"{name}: left out, no {DATA / name}.csv", file=sys.stderr)
            continue
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        results = pd.DataFrame([measure(name, seed) for seed in seeds])
        mean = results.mean()
        difference = results["deltarule"] - results["scikit-learn"]
        error = difference.std() / np.sqrt(len(difference))
        good = bool(mean["deltarule"] >= mean["scikit-learn"])
        is_good &= good
        scaled = "scikit-learn, target scaled"
        rows.append(
            f"| {name} | {'R²' if name in REGRESSIONS else 'accuracy'} "
            f"| {mean['deltarule']:.4f} | {mean['scikit-learn']:.4f} "
            f"| {round(difference.mean(), 4) + 0.0:+.4f} ± {error:.4f} | {'yes' if good else 'no'} "
            f"| {f'{mean[scaled]:.4f}' if scaled in mean else ''} "
            f"| {mean['seconds']:.1f} | {mean['their seconds']:.1f} |"
        )
        print(rows[-1], flush=True)
    if arguments.write:
        arguments.write.write_text(_page(rows, arguments.first_seed, arguments.seeds), encoding="utf-8")
    return 0 if is_good else 1


def _page(rows: list[str], first: int, seeds: int) -> str:
    text = textwrap.fill(
        f"The metric on a quarter of the rows, held out, as a mean over seeds {first} to {first + seeds - 1}; the "
        "difference with its standard error. Both sides see the same splits and keep all of their defaults: "
        f"deltarule's `TableClassifier` and `TableRegressor`, scikit-learn {sklearn.__version__}'s `MLPClassifier` "
        "and `MLPRegressor` behind an imputer, a `StandardScaler` and a `OneHotEncoder`. scikit-learn's regressor "
        "does not scale the target; with `TransformedTargetRegressor`, which its users have to add by hand, it "
        'gives the column "target scaled". titanic is without `alive`, which repeats the target. Made by:',
        120,
        break_on_hyphens=False,
    )
    command = "    python benchmarks/accuracy.py --write docs/accuracy.md"
    return "\n\n".join(["# Accuracy with default settings", text, command, "\n".join(rows)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
