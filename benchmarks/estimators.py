"""MLPClassifier and MLPRegressor beside scikit-learn's: milliseconds an epoch and a grid search, default settings.

On every table both fit in turns, with the same seeds: the same epochs of the same weights. An epoch's time is that of
the whole fit over its epochs. Numbers are standardised, text is one-hot encoded; "sparse" is how the ColumnTransformer
gives it. The searches fit 20 settings on 5 folds.

    python benchmarks/estimators.py [--rounds 5] [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import math
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import sklearn.datasets
import sklearn.neural_network
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import deltarule
from page import markdown, renew

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LONG = 20
"""Epochs of the larger tables; the smaller ones get what the default settings give them."""
GRID = {"alpha": [1e-5, 1e-4, 1e-3, 1e-2], "learning_rate_init": [5e-4, 1e-3, 2e-3, 5e-3, 1e-2]}


def encoded(frame: pd.DataFrame) -> Any:
    """Return a table of text and numbers as the usual pipeline encodes it."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
    ).fit_transform(frame)


def tables() -> dict[str, tuple[str, Any, Any, dict[str, Any]]]:
    """Return by name: the estimator, X, y and options."""
    found = {
        name: ("MLPClassifier", StandardScaler().fit_transform(X), y, {})
        for name in ("iris", "breast_cancer", "digits")
        for X, y in [getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)]
    }
    houses = pd.read_csv(DATA / "california_housing.csv")
    y = houses.pop("median_house_value") / 1e5
    numbers = houses.drop(columns="ocean_proximity")  # as scikit-learn's own copy of it
    found["california_housing"] = ("MLPRegressor", encoded(numbers), y.to_numpy(), {"max_iter": LONG})
    people = pd.read_csv(DATA / "adult.csv")
    y = people.pop("income").to_numpy()
    X = encoded(people)
    found["adult, one-hot (sparse)"] = ("MLPClassifier", X, y, {"max_iter": LONG})
    found["adult, one-hot (dense)"] = ("MLPClassifier", X.toarray(), y, {"max_iter": LONG})
    return found


def epochs(rounds: int) -> list[list[str]]:
    """Time an epoch of both on every table."""
    rows = [["table", "rows x columns", "scikit-learn, ms", "deltarule, ms", "ratio", "lowest to highest"]]
    ratios: dict[str, float] = {}
    for name, (kind, X, y, options) in tables().items():
        times: dict[str, list[float]] = {"theirs": [], "ours": []}
        for r in range(-1, rounds):  # round -1 warms up
            for who, module in (("theirs", sklearn.neural_network), ("ours", deltarule)):
                model = getattr(module, kind)(random_state=max(r, 0), **options)
                begin = perf_counter()
                model.fit(X, y)
                if r >= 0:
                    times[who].append(1e3 * (perf_counter() - begin) / model.n_iter_)
        each = [theirs / ours for theirs, ours in zip(times["theirs"], times["ours"], strict=True)]
        ratios[name] = median(each)
        rows.append(
            [
                name,
                f"{X.shape[0]:,} x {X.shape[1]}",
                f"{median(times['theirs']):.3f}",
                f"{median(times['ours']):.3f}",
                f"{ratios[name]:.1f}",
                f"{min(each):.1f} to {max(each):.1f}",
            ]
        )
        print(" ".join(rows[-1]), flush=True)
    five = [ratio for name, ratio in ratios.items() if "dense" not in name]
    mean = math.exp(sum(map(math.log, five)) / len(five))
    rows.append(["geometric mean of five (adult as sparse)", "", "", "", f"{mean:.1f}", ""])
    return rows


def searches() -> list[list[str]]:
    """Time a grid search of both, with one worker and with two."""
    X, y = sklearn.datasets.load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    rows = [["GridSearchCV on digits, 20 settings x 5 folds", "scikit-learn, s", "deltarule, s", "ratio"]]
    for jobs in (1, 2):
        seconds, best = [], []
        for module in (sklearn.neural_network, deltarule):
            search = GridSearchCV(module.MLPClassifier(random_state=0), GRID, cv=5, n_jobs=jobs)
            begin = perf_counter()
            search.fit(X, y)
            seconds.append(perf_counter() - begin)
            best.append(search.best_score_)
        assert abs(best[0] - best[1]) < 0.01, best
        ratio = seconds[0] / seconds[1]
        rows.append([f"n_jobs={jobs}", f"{seconds[0]:.1f}", f"{seconds[1]:.1f}", f"{ratio:.1f}"])
        print(" ".join(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="page whose part to renew")
    parser.add_argument("--skip-searches", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    np.seterr(all="ignore")
    text = markdown(epochs(given.rounds))
    if not given.skip_searches:
        text += "\n\n" + markdown(searches())
    print(text)
    if given.write:
        renew(given.write, "benchmarks/estimators.py", text)


if __name__ == "__main__":
    main()
