"""The models that accuracy.py compares, and one measurement of one of them.

    python benchmarks/contestants.py MODEL TABLE SEED

prints a line of JSON. Every model gets the table as it was read and stands behind what its users put before it. All
work with what is their default, on one thread (accuracy.py sets the environment to that); a model is imported,
compiled and warm before the clock starts.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from datasets import DATASETS, Dataset, Kind, load, split
from deltarule import __file__ as package
from deltarule import __version__
from deltarule.engines.machine import processor

# What users put before a model ----------------------------------------------------------------------------------


class Prepared(TransformerMixin, BaseEstimator):
    """A frame of numbers and categories: dates as numbers, texts and booleans as categories of the rows learnt from.

    A column without any number is left out.

    dtype
        Of the categories: "category", or object where a model's checks take no missing ones otherwise.
    most
        The most levels of a category: of more, the frequent ones are kept and the others are missing.
    fill
        Whether a missing number becomes the median of its column.
    """

    def __init__(
        self, dates: tuple[str, ...], dtype: Any = "category", most: int | None = None, fill: bool = False
    ) -> None:
        self.dates, self.dtype, self.most, self.fill = dates, dtype, most, fill

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        X = self._dated(X)
        texts = [name for name in X if is_bool_dtype(X[name]) or not is_numeric_dtype(X[name])]
        kept = {name: X[name].value_counts().index[: self.most] for name in texts}
        self.types_ = {name: pd.CategoricalDtype(sorted(levels)) for name, levels in kept.items()}
        numbers = X.columns.difference(texts, sort=False)
        numbers = numbers[X[numbers].notna().any()]
        self.columns_ = [name for name in X if name in self.types_ or name in numbers]
        self.medians_ = X[numbers].median() if self.fill else {}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        X = self._dated(X)[self.columns_].fillna(self.medians_).astype(self.types_)
        X = X.astype(dict.fromkeys(self.types_, self.dtype))
        return X.set_axis([f"c{n}" for n in range(X.shape[1])], axis=1)  # LightGBM refuses some names

    def _dated(self, X: pd.DataFrame) -> pd.DataFrame:
        made: dict[str, pd.Series] = {}
        for name in self.dates:
            date = pd.to_datetime(X[name])
            made[f"{name} day"] = (date - pd.Timestamp(0)) / pd.Timedelta(days=1)
            made[f"{name} hour"] = date.dt.hour + date.dt.minute / 60
            made[f"{name} weekday"] = date.dt.dayofweek
        return X.drop(columns=list(self.dates)).assign(**made)


def encoded() -> Any:
    """Return scikit-learn's usual columns before a network: filled and scaled numbers, one-hot texts."""
    return make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (
            make_pipeline(
                SimpleImputer(strategy="most_frequent"),
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            make_column_selector(dtype_include=object),
        ),
    )


# Models ---------------------------------------------------------------------------------------------------------


def deltarule(data: Dataset, seed: int) -> Any:
    from deltarule import TableClassifier, TableRegressor

    model = TableClassifier if data.kind == "classes" else TableRegressor
    return model(seed=seed, n_threads=1, progress=False)


def lightgbm(data: Dataset, seed: int) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    model = LGBMClassifier if data.kind == "classes" else LGBMRegressor
    return make_pipeline(Prepared(data.dates), model(random_state=seed, n_jobs=1, verbose=-1))


def histgb(data: Dataset, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    model = HistGradientBoostingClassifier if data.kind == "classes" else HistGradientBoostingRegressor
    most = 255  # it takes no more levels
    return make_pipeline(
        Prepared(data.dates, most=most), model(categorical_features="from_dtype", random_state=seed)
    )


def mlp(data: Dataset, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if data.kind == "classes":
        model = MLPClassifier(random_state=seed)
    else:  # it does not scale the target, which costs it a lot
        model = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
    return make_pipeline(Prepared(data.dates, object), encoded(), model)


def realmlp(data: Dataset, seed: int) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    model = RealMLP_TD_Classifier if data.kind == "classes" else RealMLP_TD_Regressor
    return make_pipeline(
        Prepared(data.dates, object, fill=True), model(device="cpu", n_threads=1, random_state=seed)
    )


def tabm(data: Dataset, seed: int) -> Any:
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    model = TabM_D_Classifier if data.kind == "classes" else TabM_D_Regressor
    return make_pipeline(
        Prepared(data.dates, object, fill=True), model(device="cpu", n_threads=1, random_state=seed)
    )


@dataclass(frozen=True)
class Model:
    """A contestant: its name in the page, its package, and what makes one for a table and a seed."""

    title: str
    package: str
    make: Callable[[Dataset, int], Any]

    @property
    def is_there(self) -> bool:
        return find_spec(self.package.replace("scikit-learn", "sklearn")) is not None

    @property
    def version(self) -> str:
        """The package's version; of deltarule, which changes below it, with a digest of the source."""
        if self.package == "deltarule":
            return f"{__version__}, source {source()}"
        beside = f", torch {version('torch')}" if self.package == "pytabkit" else ""
        return version(self.package) + beside


MODELS = {
    "deltarule": Model("deltarule", "deltarule", deltarule),
    "lightgbm": Model("LightGBM", "lightgbm", lightgbm),
    "histgb": Model("HistGradientBoosting", "scikit-learn", histgb),
    "mlp": Model("scikit-learn's MLP", "scikit-learn", mlp),
    "realmlp": Model("RealMLP-TD", "pytabkit", realmlp),
    "tabm": Model("TabM", "pytabkit", tabm),
}


def source() -> str:
    """Return the first digits of a digest of deltarule's source, as it is imported."""
    folder, digest = Path(package).parent, hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:8]


# A measurement --------------------------------------------------------------------------------------------------


def warm_up(name: str, data: Dataset, X: pd.DataFrame, y: pd.Series) -> None:
    """Import and load all that a fit and a prediction need.

    deltarule compiles for the table at hand, so that it goes through all of it once; the others learn a few rows.
    """
    if name != "deltarule":
        data = DATASETS["iris" if data.kind == "classes" else "diabetes"]
        X, y = (part.iloc[::5] for part in load(data))
    model = MODELS[name].make(data, 0).fit(X, y)
    (model.predict_proba if data.kind == "classes" else model.predict)(X)


def measure(name: str, data: Dataset, seed: int) -> dict[str, Any]:
    """Return the errors on the rows held out, and wall and processor seconds of fit and of predict."""
    X, y = load(data)
    learn, held = split(data, X, y, seed)
    X_learn, y_learn, X_held, y_held = X.iloc[learn], y.iloc[learn], X.iloc[held], y.iloc[held]
    warm_up(name, data, X_learn, y_learn)
    model = MODELS[name].make(data, seed)
    clock = [(perf_counter(), process_time())]
    model.fit(X_learn, y_learn)
    clock.append((perf_counter(), process_time()))
    said = (model.predict_proba if data.kind == "classes" else model.predict)(X_held)
    clock.append((perf_counter(), process_time()))
    (fit, fit_cpu), (predict, predict_cpu) = np.diff(np.array(clock), axis=0)
    row: dict[str, Any] = {
        "rows": len(learn),
        "held": len(held),
        **errors(data.kind, model, X_held, y_held, said),
    }
    seconds = {"fit": fit, "fit_cpu": fit_cpu, "predict": predict, "predict_cpu": predict_cpu}
    return {
        **row,
        **{key: round(float(value), 4) for key, value in seconds.items()},
        "processor": processor(),
    }


def errors(kind: Kind, model: Any, X: pd.DataFrame, y: pd.Series, said: np.ndarray) -> dict[str, float]:
    """Return log loss and accuracy, or RMSE and R²."""
    if kind == "values":
        return {"rmse": float(root_mean_squared_error(y, said)), "r2": float(r2_score(y, said))}
    said = np.asarray(said, float)
    said /= said.sum(axis=1, keepdims=True)  # of float32 the sums are not near enough to 1
    classes = list(model.classes_)
    return {
        "log_loss": float(log_loss(y, said, labels=classes)),
        "accuracy": float(accuracy_score(y, model.predict(X))),
    }


def main() -> None:
    name, table, seed = sys.argv[1:]
    warnings.simplefilter(
        "ignore"
    )  # the MLP's 200 epochs, columns without a value, what pytabkit's parts deprecate
    print(json.dumps(measure(name, DATASETS[table], int(seed))))


if __name__ == "__main__":
    main()
