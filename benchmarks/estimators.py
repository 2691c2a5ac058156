"""MLPClassifier and MLPRegressor beside scikit-learn's: milliseconds an epoch and a grid search, default settings.

On every table both fit in turns, with the same seeds: the same epochs of the same weights. Each has a process of its
own and begins after a rest, for BLAS leaves threads behind that look for work for a while. An epoch's time is that of
the whole fit over its epochs. Numbers are standardised, text is one-hot encoded; "sparse" is how the ColumnTransformer
gives it. The searches fit 20 settings on 5 folds.

    python benchmarks/estimators.py [--rounds 5] [--tables iris ...] [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import pandas as pd
import sklearn.datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deltarule.engines.machine import available_threads, processor
from page import markdown, renew

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SYSTEMS = {"scikit-learn": "sklearn.neural_network", "deltarule": "deltarule"}
REST = 0.5
"""Seconds between one system's work and the other's."""
GRID = {"alpha": [1e-5, 1e-4, 1e-3, 1e-2], "learning_rate_init": [5e-4, 1e-3, 2e-3, 5e-3, 1e-2]}


def encoded(frame: pd.DataFrame) -> Any:
    """Return a table of text and numbers as the usual pipeline encodes it."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
    ).fit_transform(frame)


@cache
def table(name: str) -> tuple[str, Any, Any]:
    """Return a table's estimator, X and y."""
    if name in ("iris", "breast_cancer", "digits"):
        X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
        return "MLPClassifier", StandardScaler().fit_transform(X), y
    if name == "california_housing":
        houses = pd.read_csv(DATA / "california_housing.csv").drop(
            columns="ocean_proximity"
        )  # as scikit-learn's own
        y = houses.pop("median_house_value") / 1e5
        return "MLPRegressor", encoded(houses), y.to_numpy()
    people = pd.read_csv(DATA / "adult.csv")
    y = people.pop("income").to_numpy()
    X = encoded(people)
    return "MLPClassifier", X if name == SPARSE else X.toarray(), y


SPARSE, DENSE = "adult, one-hot (sparse)", "adult, one-hot (dense)"
TABLES = "iris", "breast_cancer", "digits", "california_housing", SPARSE, DENSE


def fit(system: str, name: str, seed: int) -> tuple[float, int, float]:
    """Fit a system's estimator to a table; return seconds, epochs and the last loss."""
    kind, X, y = table(name)
    model = getattr(import_module(SYSTEMS[system]), kind)(random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        begin = perf_counter()
        model.fit(X, y)
        return perf_counter() - begin, model.n_iter_, model.loss_


def search(system: str, jobs: int) -> tuple[float, float]:
    """Search the grid on digits; return seconds and the best score."""
    _, X, y = table("digits")
    model = import_module(SYSTEMS[system]).MLPClassifier(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        begin = perf_counter()
        found = GridSearchCV(model, GRID, cv=5, n_jobs=jobs).fit(X, y)
        return perf_counter() - begin, found.best_score_


Ask = Callable[..., dict[str, Any]]


def epochs(ask: Ask, names: list[str], rounds: int) -> list[list[str]]:
    """Time an epoch of both on every table."""
    rows = [
        [
            "table",
            "rows x columns",
            "epochs",
            *(f"{name}, ms" for name in SYSTEMS),
            "ratio",
            "lowest to highest",
        ]
    ]
    ratios: dict[str, float] = {}
    for name in names:
        ask(fit, name, 0)  # loads the table, warms up
        done = [ask(fit, name, seed) for seed in range(rounds)]
        for each in done:
            theirs, ours = each.values()
            assert abs(theirs[2] - ours[2]) < 0.05 * abs(theirs[2]) + 0.01, (name, theirs, ours)
        times = {system: [1e3 * each[system][0] / each[system][1] for each in done] for system in SYSTEMS}
        each = [theirs / ours for theirs, ours in zip(*times.values(), strict=True)]
        ratios[name] = median(each)
        shape = table(name)[1].shape
        rows.append(
            [
                name,
                f"{shape[0]:,} x {shape[1]}",
                f"{median(each['deltarule'][1] for each in done):.0f}",
                *(f"{median(of_one):.3f}" for of_one in times.values()),
                f"{ratios[name]:.1f}",
                f"{min(each):.1f} to {max(each):.1f}",
            ]
        )
        print(" ".join(rows[-1]), flush=True)
    five = [ratio for name, ratio in ratios.items() if name != DENSE]
    mean = math.exp(sum(map(math.log, five)) / len(five))
    rows.append(["geometric mean (adult as sparse)", "", "", "", "", f"{mean:.1f}", ""])
    return rows


def searches(ask: Ask) -> list[list[str]]:
    """Time a grid search of both, with one worker and with two."""
    rows = [["GridSearchCV on digits, 20 settings x 5 folds", *(f"{name}, s" for name in SYSTEMS), "ratio"]]
    for jobs in (1, 2):
        (theirs, their_best), (ours, our_best) = ask(search, jobs).values()
        assert abs(their_best - our_best) < 0.01, (their_best, our_best)
        rows.append([f"n_jobs={jobs}", f"{theirs:.1f}", f"{ours:.1f}", f"{theirs / ours:.1f}"])
        print(" ".join(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), metavar="TABLE")
    parser.add_argument("--write", type=Path, help="page whose part to renew")
    parser.add_argument("--skip-searches", action="store_true")
    given = parser.parse_args()
    pools = {system: ProcessPoolExecutor(1, get_context("spawn")) for system in SYSTEMS}

    def ask(function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Call a function for every system, one after the other, in its process."""
        answers: dict[str, Any] = {}
        for system, pool in pools.items():
            sleep(REST)
            answers[system] = pool.submit(function, system, *arguments).result()
        return answers

    head = f"{processor()}, {available_threads()} threads. Medians of {given.rounds} rounds."
    text = f"{head}\n\n{markdown(epochs(ask, given.tables, given.rounds))}"
    if not given.skip_searches:
        text += "\n\n" + markdown(searches(ask))
    print(text)
    if given.write:
        renew(given.write, "estimators.py", text)


if __name__ == "__main__":
    main()
