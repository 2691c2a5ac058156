"""What accuracy.py says of its results: errors, seconds, ratios, and what is reached of what was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from contestants import MODELS
from datasets import DATASETS, MORE
from page import markdown

BEFORE = "before"
"""The name of deltarule's results before its defaults were renewed."""
TITLES = {
    "deltarule": "deltarule",
    BEFORE: "deltarule before",
    **{name: m.title for name, m in MODELS.items()},
}

ASKED = [
    ("california_housing", "rmse", 45_000), ("adult", "accuracy", 0.871), ("adult", "log_loss", 0.279),
    ("diamonds", "rmse", 530), ("taxis_tip", "rmse", 1.35), ("taxis_payment", "log_loss", 0.57), ("mpg", "rmse", 2.50),
    ("titanic", "accuracy", 0.832), ("titanic", "log_loss", 0.426),
    ("taxis_payment", "accuracy", 0.724),
]  # fmt: skip
"""Table, measure, and what it is to reach ..."""
ASKED_ON = (0, 1, 2)
"""... on the splits of these seeds, for which it was asked; all else is of all splits."""
MEASURES = {"rmse": "RMSE", "log_loss": "log loss", "accuracy": "accuracy", "r2": "R²"}
OF_KIND = {"classes": {"loss": "log loss", "score": "accuracy"}, "values": {"loss": "RMSE", "score": "R²"}}

Rows = list[list[str]]


def page(rows: list[dict[str, Any]]) -> str:
    """Return the part of the page that is made of the results."""
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=frame.columns.union(["error", *MEASURES]))
    frame = frame.assign(
        loss=frame["rmse"].fillna(frame["log_loss"]), score=frame["r2"].fillna(frame["accuracy"])
    )
    failed, frame = frame[frame["error"].notna()], frame[frame["error"].isna()]
    models = [name for name in TITLES if name in set(frame["model"])]
    parts = [_made_by(frame, models)]
    for subject in ("deltarule", BEFORE):
        if subject in models:
            peers = [name for name in models if name not in (subject, "deltarule")]
            parts += [f"## {TITLES[subject]} beside the others", markdown(beside(frame, subject, peers))]
    if "deltarule" in models:
        parts += ["## What is asked for", markdown(reached(frame))]
    parts += ["## Log loss or RMSE", markdown(means(frame, models, "loss"))]
    parts += ["## Accuracy or R²", markdown(means(frame, models, "score"))]
    parts += ["## Seconds of the processor, fit and predict", markdown(seconds(frame, models))]
    if len(failed):
        parts += ["## What failed", markdown(_failures(failed))]
    return "\n\n".join(parts)


def pairs(frame: pd.DataFrame, subject: str, peer: str) -> pd.DataFrame:
    """Return both models' means by table, over the splits that both have: loss_x, loss_y, accuracy_x, ..., ratio."""
    keys, values = ["table", "seed"], ["loss", "accuracy", "fit_cpu"]
    one, other = (frame.loc[frame["model"] == name, keys + values] for name in (subject, peer))
    both = one.merge(other, on=keys).groupby("table", sort=False).mean().drop(columns="seed")
    return both.assign(ratio=both["loss_x"] / both["loss_y"])


def beside(frame: pd.DataFrame, subject: str, peers: list[str]) -> Rows:
    rows = [["beside", "tables", "error over theirs, geometric mean", "median", "better on", "accuracy better on",
             "equal on", "worse on"]]  # fmt: skip
    for place, tables in {"all tables": list(DATASETS), "data/more": MORE}.items():
        for peer in peers:
            both = pairs(frame, subject, peer).reindex(tables).dropna(subset=["ratio"])
            if both.empty:
                continue
            gained = (both["accuracy_x"] - both["accuracy_y"]).dropna().round(9)
            rows.append([
                f"{TITLES[peer]}, {place}", f"{len(both)}", f"{_geometric(both):.3f}", f"{both['ratio'].median():.3f}",
                f"{(both['ratio'] < 1).sum()}", f"{(gained > 0).sum()}", f"{(gained == 0).sum()}",
                f"{(gained < 0).sum()}",
            ])  # fmt: skip
    return rows


def reached(frame: pd.DataFrame) -> Rows:
    """Return what was asked for beside what is there."""
    rows = [["what", "asked for", "deltarule", "before", "LightGBM", "reached"]]
    first = frame[frame["seed"].isin(ASKED_ON)]
    means = first.groupby(["table", "model"])[list(MEASURES)].mean()

    def value(table: str, model: str, measure: str) -> float:
        return float(means[measure].get((table, model), np.nan))

    def add(what: str, asked: str, said: str, is_reached: bool, *others: str) -> None:
        rows.append([what, asked, said, *(others or ("", "")), "yes" if is_reached else "no"])

    for table, measure, limit in ASKED:
        ours, before, theirs = (value(table, model, measure) for model in ("deltarule", BEFORE, "lightgbm"))
        if np.isnan(ours):
            continue
        more = measure == "accuracy"
        add(f"{table}, {MEASURES[measure]}", f"{'>=' if more else '<='} {number(limit)}", number(ours),
            ours >= limit if more else ours <= limit, number(before), number(theirs))  # fmt: skip

    before, theirs = (pairs(frame, "deltarule", peer) for peer in (BEFORE, "lightgbm"))
    more, their_more = (both.reindex(MORE).dropna(subset=["ratio"]) for both in (before, theirs))
    if len(more):
        mean, median = _geometric(more), more["ratio"].median()
        add("data/more, error over before, geometric mean", "<= .62", f"{mean:.3f}", mean <= 0.62)
        add("the same, median", "<= .93", f"{median:.3f}", median <= 0.93)
    if len(before):
        worst = before["ratio"].idxmax()
        most = before["ratio"][worst]
        add("the largest error over before", "<= 1.05", f"{most:.3f} ({worst})", most <= 1.05)
    if len(their_more):
        better = int((their_more["ratio"] < 1).sum())
        add(
            "data/more, better than LightGBM on",
            ">= 16 of 20",
            f"{better} of {len(their_more)}",
            better >= 16,
        )
        gained = (their_more["accuracy_x"] - their_more["accuracy_y"]).dropna().round(9)
        better = int((gained > 0).sum())
        add(
            "the same by accuracy",
            "half of the class tables",
            f"{better} of {len(gained)}",
            2 * better >= len(gained),
        )
    for peer, limit in (("realmlp", 0.99), ("tabm", 1.0)):
        both = pairs(frame, "deltarule", peer)
        if len(both):
            mean = _geometric(both)
            add(
                f"error over {TITLES[peer]}'s, {len(both)} tables",
                f"<= {limit:g}",
                f"{mean:.3f}",
                mean <= limit,
            )
    if len(theirs):
        slow = theirs.index[theirs["fit_cpu_x"] > np.maximum(3, 10 * theirs["fit_cpu_y"])]
        add(
            "seconds of fit",
            "10 times LightGBM's or 3",
            f"more on {', '.join(slow) or 'none'}",
            not len(slow),
        )
    ours = frame[frame["model"] == "deltarule"].groupby("table")[["fit_cpu", "rows"]].mean()
    slow = ours.index[ours["fit_cpu"] > 10 * ours["rows"] / 1000]
    add("seconds of fit for 1,000 rows", "<= 10", f"more on {', '.join(slow) or 'none'}", not len(slow))
    return rows


def means(frame: pd.DataFrame, models: list[str], measure: str) -> Rows:
    """Return means by table and model, with the number of splits if it is few; the best of all splits is bold."""
    found = frame.groupby(["table", "model"])[measure].agg(["mean", "count"])
    most = found["count"].max()
    rows = [["table", "measure", *(TITLES[name] for name in models)]]
    for data in _present(frame):
        here = found.loc[data.name]
        whole = here.loc[here["count"] == most, "mean"]
        best = whole.max() if measure == "score" else whole.min()
        cells: list[str] = []
        for name in models:
            mean, count = here.loc[name] if name in here.index else (np.nan, 0)
            text = number(mean)
            cells.append(
                f"{text} ({count:g})" if 0 < count < most else f"**{text}**" if mean == best else text
            )
        rows.append([data.name, OF_KIND[data.kind][measure], *cells])
    return rows


def seconds(frame: pd.DataFrame, models: list[str]) -> Rows:
    """Return processor seconds of fit and of predict by table and model."""
    found = frame.groupby(["table", "model"])[["rows", "held", "fit_cpu", "predict_cpu"]].mean()
    rows = [["table", "rows learnt from", "held out", *(TITLES[name] for name in models)]]
    for data in _present(frame):
        here = found.loc[data.name]
        cells = [
            "{:.3g}, {:.2g}".format(*here.loc[name, ["fit_cpu", "predict_cpu"]]) if name in here.index else ""
            for name in models
        ]
        rows.append([data.name, f"{here['rows'].iloc[0]:,.0f}", f"{here['held'].iloc[0]:,.0f}", *cells])
    return rows


def number(value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _geometric(both: pd.DataFrame) -> float:
    return float(np.exp(np.log(both["ratio"]).mean()))


def _present(frame: pd.DataFrame) -> list[Any]:
    there = set(frame["table"])
    return [data for name, data in DATASETS.items() if name in there]


def _made_by(frame: pd.DataFrame, models: list[str]) -> str:
    versions = frame.groupby("model")["version"].unique()
    said = "; ".join(f"{TITLES[name]} ({' and '.join(versions[name])})" for name in models)
    return f"{said}. Processor: {'; '.join(sorted(set(frame['processor'])))}."


def _failures(failed: pd.DataFrame) -> Rows:
    rows = [["model", "table", "split", "why"]]
    return rows + [
        [TITLES[row["model"]], row["table"], str(row["seed"]), row["error"].replace("|", "/")]
        for row in failed.to_dict("records")
    ]
