"""The tables of accuracy.py and how their rows are split.

`load` gives the columns to learn from and the target, as they come out of the file; `split` the rows to learn from and
those held out, which are the same for every model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import sklearn.datasets
from sklearn.model_selection import GroupShuffleSplit, train_test_split

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
HELD_OUT = 0.2

Kind = Literal["classes", "values"]


@dataclass(frozen=True)
class Dataset:
    """A table and what is to be learnt from it."""

    name: str
    kind: Kind
    target: str
    file: str = ""
    """Below shared/data; none is scikit-learn's sample of that name."""
    left_out: tuple[str, ...] = ()
    """Columns that repeat the target, or number the rows."""
    dates: tuple[str, ...] = ()
    """Texts that are dates, which a user of a model that takes none makes numbers of."""
    whole: tuple[str, ...] = ()
    """Columns whose groups of rows are held out whole, since neighbours in time are alike."""

    @property
    def is_there(self) -> bool:
        return not self.file or (DATA / self.file).exists()


def _file(
    file: str, kind: Kind, target: str, *left_out: str, name: str = "", dates: tuple[str, ...] = (),
    whole: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    return Dataset(name or Path(file).stem, kind, target, file, left_out, dates, whole)


_TAXIS = ("pickup", "dropoff")
_LIST = [
    _file("adult.csv", "classes", "income"),
    _file("california_housing.csv", "values", "median_house_value"),
    _file("diamonds.csv", "values", "price"),
    _file("mpg.csv", "values", "mpg"),
    _file("penguins.csv", "classes", "species"),
    _file("taxis.csv", "values", "tip", "total", name="taxis_tip", dates=_TAXIS),
    _file("taxis.csv", "classes", "payment", "total", "tip", name="taxis_payment", dates=_TAXIS),
    _file("titanic.csv", "classes", "survived", "alive"),
    _file("more/auto_horse.csv", "values", "class"),
    _file("more/banknote.csv", "classes", "forged"),
    _file("more/beijing_pm25.csv", "values", "pm2.5", "No", whole=("year", "month")),
    _file("more/bodyfat.csv", "values", "class", "Density"),
    _file("more/boston_housing.csv", "values", "class"),
    _file("more/cholesterol.csv", "values", "chol"),
    _file("more/ecoli.csv", "classes", "site"),
    _file("more/hypothyroid.csv", "classes", "Class"),
    _file("more/lowbwt.csv", "values", "class"),
    _file("more/meta.csv", "values", "class"),
    _file("more/oil_spill.csv", "classes", "spill"),
    _file("more/pbc.csv", "values", "class"),
    _file("more/pima.csv", "classes", "diabetes"),
    _file("more/quake.csv", "values", "richter"),
    _file("more/segment.csv", "classes", "class"),
    _file("more/sensory.csv", "values", "score"),
    _file("more/soybean.csv", "classes", "class"),
    _file("more/strike.csv", "values", "volume"),
    _file("more/unbalanced.csv", "classes", "Outcome"),
    _file("more/vote.csv", "classes", "Class"),
    *(Dataset(name, "classes", "target") for name in ("breast_cancer", "wine", "iris", "digits")),
    Dataset("diabetes", "values", "target"),
]
DATASETS = {dataset.name: dataset for dataset in _LIST}
MORE = [dataset.name for dataset in _LIST if dataset.file.startswith("more/")]


def load(dataset: Dataset) -> tuple[pd.DataFrame, pd.Series]:
    """Return the columns to learn from and the target, of the rows that have one."""
    if dataset.file:
        frame = pd.read_csv(DATA / dataset.file).drop(columns=list(dataset.left_out))
    else:
        frame = getattr(sklearn.datasets, f"load_{dataset.name}")(as_frame=True).frame
    frame = frame.dropna(subset=[dataset.target]).reset_index(drop=True)
    return frame.drop(columns=dataset.target), frame[dataset.target]


def split(dataset: Dataset, X: pd.DataFrame, y: pd.Series, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows to learn from and of those held out: a fifth, of classes a fifth of each."""
    if dataset.whole:
        groups = X.groupby(list(dataset.whole)).ngroup()
        parts = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=seed)
        return next(parts.split(X, groups=groups))
    classes = y if dataset.kind == "classes" else None
    learn, held = train_test_split(np.arange(len(y)), test_size=HELD_OUT, random_state=seed, stratify=classes)
    return learn, held
