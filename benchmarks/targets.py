"""What the losses, weights and targets of the table face give on real tables: docs/targets.md.

    python benchmarks/targets.py [--seeds 5] [--only counts ...] [--write docs/targets.md]

On every table, for each seed: a quarter of the rows is held out (of classes a quarter of each), all else is as by
default. Where LightGBM is installed, its classifier with the same class weights stands beside the rare classes.
"""

from __future__ import annotations

import argparse
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from deltarule import TableClassifier, TableRegressor
from page import markdown, renew

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Rows = list[list[str]]


def table(name: str, *left_out: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv").drop(columns=list(left_out))


def parts(frame: pd.DataFrame, seed: int, classes: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to learn from and those held out."""
    by = None if classes is None else frame[classes]
    return tuple(train_test_split(frame, test_size=0.25, random_state=seed, stratify=by))


def mean(values: list[float], digits: str = ".3f") -> str:
    """Return a mean with its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):{digits}} ± {error:{digits}}"


def measured(model: Any, held: pd.DataFrame) -> dict[str, Any]:
    weight = model.weight
    return model.model_.evaluate(held, weights=None if weight is None else held[weight])


# Cases --------------------------------------------------------------------------------------------------------


def rare_adult(seed: int) -> pd.DataFrame:
    """Return adult with so few of the rich that they are 3 in 100."""
    frame = table("adult")
    target = frame.columns[-1]
    is_rich = frame[target].astype(str).str.contains(">50K").to_numpy()
    keep = np.random.default_rng(seed).permutation(np.flatnonzero(is_rich))[
        : int(0.03 / 0.97 * (~is_rich).sum())
    ]
    return frame.iloc[np.sort(np.append(np.flatnonzero(~is_rich), keep))].rename(columns={target: "class"})


RARE: dict[str, Callable[[int], pd.DataFrame]] = {
    "adult, thinned to 3%": rare_adult,
    "oil_spill, 4%": lambda seed: table("more/oil_spill").rename(columns={"spill": "class"}),
    "unbalanced, 1.4%": lambda seed: table("more/unbalanced").rename(columns={"Outcome": "class"}),
}


def rare(seeds: range) -> Rows:
    """Recall and precision of the rare class, and the area under the ROC curve."""
    rows = [["rare class", "weights", "recall", "precision", "ROC AUC", "recall of LightGBM", "its ROC AUC"]]
    for name, make in RARE.items():
        for class_weight in (None, "balanced"):
            found: dict[str, list[float]] = {
                key: [] for key in ("recall", "precision", "auc", "theirs", "their auc")
            }
            for seed in seeds:
                learn, held = parts(make(seed), seed, "class")
                least = held["class"].value_counts().idxmin()
                model = TableClassifier(class_weight=class_weight, seed=seed).fit(learn, "class")
                is_rare, said = (held["class"] == least).to_numpy(), model.predict(held) == least
                found["recall"].append(said[is_rare].mean())
                found["precision"].append(is_rare[said].mean() if said.any() else 0.0)
                found["auc"].append(measured(model, held)["roc_auc"])
                theirs = lightgbm(learn, held, class_weight, least)
                if theirs is not None:
                    found["theirs"].append(theirs[0])
                    found["their auc"].append(theirs[1])
            cells = [mean(values) if values else "-" for values in found.values()]
            rows.append([name, class_weight or "none", *cells])
    return rows


def lightgbm(
    learn: pd.DataFrame, held: pd.DataFrame, class_weight: str | None, least: Any
) -> tuple[float, float] | None:
    """Return what LightGBM's defaults find of the rare class, and their ROC AUC; None where it is not installed."""
    if importlib.util.find_spec("lightgbm") is None:
        return None
    from lightgbm import LGBMClassifier
    from sklearn.metrics import roc_auc_score

    def X(frame: pd.DataFrame) -> pd.DataFrame:
        columns = frame.drop(columns="class")
        texts = [name for name in columns if not pd.api.types.is_numeric_dtype(columns[name])]
        levels = {name: pd.CategoricalDtype(sorted(learn[name].dropna().unique())) for name in texts}
        return columns.astype(levels).set_axis([f"c{n}" for n in range(columns.shape[1])], axis=1)

    model = LGBMClassifier(class_weight=class_weight, verbose=-1, random_state=0, n_jobs=2)
    model.fit(X(learn), (learn["class"] == least).astype(int))
    share = model.predict_proba(X(held))[:, 1]
    is_rare = (held["class"] == least).to_numpy()
    return float((share[is_rare] >= 0.5).mean()), float(roc_auc_score(is_rare, share))


QUANTILES = {
    "california_housing": "median_house_value", "diamonds": "price", "mpg": "mpg", "more/beijing_pm25": "pm2.5",
}  # fmt: skip


def quantiles(seeds: range) -> Rows:
    """Shares of held-out rows below the quantiles .1, .5 and .9, learnt together, and the pinball loss."""
    rows = [["target", "below .1", "below .5", "below .9", "pinball loss", "constant's", "cross"]]
    for name, target in QUANTILES.items():
        frame = table(name).dropna(subset=[target])
        found: dict[str, list[float]] = {}
        for seed in seeds:
            learn, held = parts(frame, seed)
            model = TableRegressor(loss="quantile", quantile=[0.1, 0.5, 0.9], seed=seed).fit(learn, target)
            scores = measured(model, held)
            crossed = (np.diff(model.predict(held), axis=1) < 0).any(axis=1).sum()
            for key in ("below_0.1", "below_0.5", "below_0.9", "pinball", "constant_pinball"):
                found.setdefault(key, []).append(scores[key])
            found.setdefault("crossed", []).append(crossed)
        *shares, pinball, constant, crossed = found.values()
        rows.append([
            f"{target} of {name.split('/')[-1]}", *map(mean, shares), mean(pinball, ".4g"), f"{np.mean(constant):.4g}",
            f"{sum(crossed):g}",
        ])  # fmt: skip
    return rows


def compared(
    seeds: range, cases: dict[str, tuple[Callable[[int], tuple[pd.DataFrame, pd.DataFrame]], str, Any]],
    losses: dict[str, dict[str, Any]], keys: tuple[str, ...],
) -> Rows:  # fmt: skip
    """Return measures of held-out rows by case and loss."""
    rows = [["target", "learnt with", *keys, "least prediction"]]
    for name, (make, target, settings) in cases.items():
        for loss, own in losses.items():
            found: dict[str, list[float]] = {key: [] for key in (*keys, "least")}
            for seed in seeds:
                learn, held = make(seed)
                model = TableRegressor(seed=seed, **{**settings, **own}).fit(learn, target)
                scores = measured(model, held)
                said, true = model.predict(held), held[target].to_numpy(float)
                w = np.ones(len(held)) if model.weight is None else held[model.weight].to_numpy(float)
                found["least"].append(float(said.min()))
                for key in keys:
                    value = poisson_deviance(true, said, w) if key == "deviance" else scores[key]
                    found[key].append(value)
            *each, least = found.values()
            rows.append([name, loss, *(mean(values, ".4g") for values in each), f"{min(least):.3g}"])
    return rows


def poisson_deviance(y: np.ndarray, y_hat: np.ndarray, w: np.ndarray) -> float:
    y_hat = np.maximum(y_hat, 1e-3 * np.average(y, weights=w))  # of a prediction of 0 it is infinite
    return 2 * float(np.average(y_hat - y + y * np.log(np.maximum(y, 1e-300) / y_hat), weights=w))


def counts(seeds: range) -> Rows:
    """Counts (of people, of particles) and a rate (cars' tips a dollar of fare, weighed by the fare)."""

    def titanic(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        frame = table("titanic", "alive", "alone", "who", "adult_male", "sibsp")
        return parts(frame, seed)

    def pm25(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        return parts(
            table("more/beijing_pm25", "No").dropna(subset=["pm2.5"]).sample(12_000, random_state=seed), seed
        )

    def tips(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        frame = table("taxis", "total", "pickup", "dropoff", "pickup_zone", "dropoff_zone")
        return parts(frame.assign(tip=frame["tip"] / frame["fare"]), seed)

    cases = {
        "parents and children of titanic": (titanic, "parch", {}),
        "pm2.5 of beijing_pm25": (pm25, "pm2.5", {}),
        "tip a dollar of taxis": (tips, "tip", {"weight": "fare"}),
    }
    return compared(seeds, cases, {
        "squared_error": {"target_transform": "none"}, "poisson": {"loss": "poisson"},
    }, ("deviance", "mae"))  # fmt: skip


def tails(seeds: range) -> Rows:
    """Targets over many magnitudes, learnt as they are and as by default, which is what a trial finds better."""
    cases = {
        "class of meta": (lambda seed: parts(table("more/meta"), seed), "class", {}),
        "volume of strike": (lambda seed: parts(table("more/strike"), seed), "volume", {}),
        "price of diamonds": (lambda seed: parts(table("diamonds"), seed), "price", {}),
    }
    return compared(seeds, cases, {
        "as it is": {"target_transform": "none"}, "as by default": {}, "absolute_error": {"loss": "absolute_error"},
    }, ("rmse", "mae"))  # fmt: skip


def outliers(seeds: range) -> Rows:
    """A target of which 3 in 100 of the rows to learn from are ten times too large; held-out rows are right."""

    def spoilt(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        learn, held = parts(table("california_housing"), seed)
        is_wrong = np.random.default_rng(seed).random(len(learn)) < 0.03
        return learn.assign(
            median_house_value=learn["median_house_value"] * np.where(is_wrong, 10.0, 1.0)
        ), held

    cases = {"spoilt median_house_value": (spoilt, "median_house_value", {})}
    losses = ("squared_error", "huber", "absolute_error")
    return compared(seeds, cases, {
        loss: {"loss": loss, "transform": "none"} for loss in losses
    }, ("rmse", "mae"))  # fmt: skip


def several(seeds: range) -> Rows:
    """Three targets of taxis, together in one network and each in its own."""
    names, frame = ["fare", "tip", "tolls"], table("taxis", "total")
    rows = [["target of taxis", "R² together", "R² alone"]]
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in names}
    for seed in seeds:
        learn, held = parts(frame, seed)
        together = TableRegressor(seed=seed).fit(learn, names)
        scores = measured(together, held)["targets"]
        for name in names:
            others = [other for other in names if other != name]
            alone = TableRegressor(seed=seed).fit(learn.drop(columns=others), name)
            found[name][0].append(scores[name]["r2"])
            found[name][1].append(measured(alone, held)["r2"])
    return rows + [[name, *map(mean, each)] for name, each in found.items()]


SECTIONS: dict[str, tuple[str, Callable[[range], Rows]]] = {
    "rare": ("Rare classes, with and without `--class-weight balanced`", rare),
    "quantiles": ("Quantiles at once, `--quantile 0.1 0.5 0.9`", quantiles),
    "counts": ("Counts and rates, `--loss poisson`", counts),
    "tails": ("Heavy tails", tails),
    "outliers": ("Outliers among what is learnt from, `--loss huber`", outliers),
    "several": ("Three targets at once, `--target fare --target tip --target tolls`", several),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--write", type=Path, help="renew this page")
    given = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    text: list[str] = []
    for name in given.only:
        title, make = SECTIONS[name]
        said = " ".join((make.__doc__ or "").split())
        text += [f"### {title}", "", said, "", markdown(make(range(given.seeds))), ""]
        print("\n".join(text[-6:]), flush=True)
    if given.write:
        renew(given.write, "targets.py", "\n".join(text).rstrip())


if __name__ == "__main__":
    main()
