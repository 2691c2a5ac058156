"""What each part of the defaults is worth: the error with one of them taken away, or put in, over the defaults' error.

    python benchmarks/ablation.py [--variants "no dropout" ...] [--tables mpg pima ...] [--seeds 0 1 ...]
        [--write docs/accuracy.md]

On every table, for every seed: the same split for all (datasets.py), one thread. Every measurement is a line of JSON
that is added to a file; what stands there of the same source is not measured again. `--tables` with nothing behind it
measures nothing, and reports what is in the file of the last source.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from contestants import MODELS, errors
from datasets import DATA, DATASETS, Dataset, Kind, load, split
from deltarule import TableClassifier, TableRegressor
from deltarule.estimators import blending, course, members
from deltarule.estimators.recipes import LARGE, Recipe
from deltarule.maths.optimisers import OPTIMISERS, AdamW
from deltarule.network import Network
from deltarule.tables.scaling import Scale
from page import markdown, renew

RESULTS = Path(__file__).resolve().parent / "results" / "ablation.jsonl"
USUAL = "default"
Row = dict[str, Any]
Recipes = Sequence[Recipe]


@dataclass(frozen=True)
class Variant:
    """The defaults but for one thing.

    settings
        Of the estimator.
    recipes
        Returns others in place of the default's.
    patches
        What makes it, where it is no setting.
    kind
        The tables that it makes a difference to; None for all.
    is_of_small
        Whether it makes none to large tables.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    recipes: Callable[[Recipes], Recipes] | None = None
    patches: tuple[Callable[[], AbstractContextManager[Any]], ...] = ()
    kind: Kind | None = None
    is_of_small: bool = False

    def concerns(self, data: Dataset, rows: int) -> bool:
        return self.kind in (None, data.kind) and not (self.is_of_small and rows >= LARGE)


def all_with(**changes: Any) -> Callable[[Recipes], Recipes]:
    return lambda recipes: tuple(replace(recipe, **changes) for recipe in recipes)


def without(place: int) -> Callable[[Recipes], Recipes]:
    return lambda recipes: tuple(recipe for n, recipe in enumerate(recipes) if n != place)


def _unscaled(*given: Any, scale: bool = False, **settings: Any) -> Network:
    return Network(*given, **settings)


def _unbent(cls: type[Scale], values: Any, median: float) -> Scale:
    return replace(_scale_of(cls, values, median), bend=None)


_scale_of: Any = Scale.__dict__["of"].__func__

VARIANTS = {
    USUAL: Variant(),
    "no coordinates": Variant(recipes=all_with(coordinates=False)),
    "no scale of inputs": Variant(patches=(lambda: patch.object(course, "Network", _unscaled),)),
    "numbers do not bend": Variant(patches=(lambda: patch.object(Scale, "of", classmethod(_unbent)),)),
    "without the smooth recipe": Variant(recipes=without(0), is_of_small=True),
    "without bins": Variant(recipes=without(1), is_of_small=True),
    "without the calm recipe": Variant(recipes=without(2), is_of_small=True),
    "one network": Variant({"members": 1}),
    "10 members": Variant({"members": 10}, is_of_small=True),
    "2 repeats": Variant({"repeats": 2}, is_of_small=True),
    "no temperature": Variant(patches=(lambda: patch.object(blending, "CALIBRATED", ()),), kind="classes"),
    "no doubt": Variant(patches=(lambda: patch.object(blending, "DOUBT", 0.0),), kind="classes"),
    "no decay": Variant({"weight_decay": 0.0}),
    "no dropout": Variant({"dropout": 0.0}, kind="classes"),
    "dropout .1": Variant({"dropout": 0.1}, kind="values"),
    "constant rate": Variant({"schedule": "constant"}),
    "cosine": Variant({"schedule": "cosine"}),
    "beta2 .95": Variant(patches=(lambda: patch.dict(OPTIMISERS, adamw=partial(AdamW, beta2=0.95)),)),
    "gradient's norm at most 1": Variant({"clip_norm": 1.0}),
    "label smoothing .05": Variant({"label_smoothing": 0.05}, kind="classes"),
    "128 units": Variant({"hidden": (128, 128)}),
    "one layer": Variant({"hidden": (64,)}),
    "silu": Variant({"activation": "silu"}),
}


def measured(name: str, data: Dataset, seed: int) -> Row:
    """Return the error on rows held out and the seconds of the processor."""
    variant = VARIANTS[name]
    X, y = load(data)
    learn, held = split(data, X, y, seed)
    if not variant.concerns(data, len(learn)):
        return {"is_same": True}
    face = TableClassifier if data.kind == "classes" else TableRegressor
    with ExitStack() as stack:
        for patched in variant.patches:
            stack.enter_context(patched())
        if variant.recipes is not None:
            change, small, large = variant.recipes, members.of_small, members.of_large
            stack.enter_context(patch.object(members, "of_small", lambda **given: change(small(**given))))
            if not variant.is_of_small:
                stack.enter_context(
                    patch.object(members, "of_large", lambda **given: change([large(**given)])[0])
                )
        begin = process_time()
        model = face(seed=seed, n_threads=1, progress=False, **variant.settings)
        model.fit(X.iloc[learn], y.iloc[learn])
        seconds = process_time() - begin
    X, y = X.iloc[held], y.iloc[held]
    said = (model.predict_proba if data.kind == "classes" else model.predict)(X)
    return {"rows": len(learn), "seconds": seconds, **errors(data.kind, model, X, y, said)}


def report(rows: list[Row]) -> str:
    """Return the table of variants."""
    frame = pd.DataFrame(rows)
    frame = frame[frame["is_same"].isna()] if "is_same" in frame else frame
    frame = frame.assign(loss=frame.get("rmse", np.nan))
    frame["loss"] = frame["loss"].fillna(frame.get("log_loss", np.nan)).clip(lower=1e-4)
    frame = frame.set_index(["table", "seed"])
    usual = frame[frame["variant"] == USUAL]
    lines = [
        [
            "",
            "tables",
            "error over the defaults'",
            "standard error",
            "median",
            "better on",
            "worse on",
            "seconds",
        ]
    ]
    for name in VARIANTS:
        other = frame[frame["variant"] == name].join(
            usual[["loss", "seconds"]], rsuffix="_usual", how="inner"
        )
        if name == USUAL or not len(other):
            continue
        logs = np.log(other["loss"] / other["loss_usual"])
        by_seed, by_table = logs.groupby("seed").mean(), logs.groupby("table").mean()
        seconds = np.exp(np.log(other["seconds"] / other["seconds_usual"]).mean())
        lines.append([
            name, str(len(by_table)), f"{np.exp(logs.mean()):.3f}", f"{by_seed.std(ddof=1) / len(by_seed) ** 0.5:.3f}",
            f"{np.exp(by_table.median()):.3f}", str((by_table < 0).sum()), str((by_table > 0).sum()), f"{seconds:.2f}",
        ])  # fmt: skip
    seeds = usual.index.get_level_values("seed").nunique()
    return f"{seeds} splits, {usual.index.get_level_values('table').nunique()} tables.\n\n{markdown(lines)}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, metavar="VARIANT", default=list(VARIANTS),
                        help=f"of {', '.join(VARIANTS)}")  # fmt: skip
    parser.add_argument("--tables", nargs="*", choices=DATASETS, metavar="TABLE", default=list(DATASETS),
                        help=f"of {', '.join(DATASETS)}")  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], help="one a split")
    parser.add_argument("--write", type=Path, help="the page to renew")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    source = MODELS["deltarule"].version
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    if not asked.tables and rows:
        source = rows[-1]["source"]
    done = {(row["variant"], row["table"], row["seed"]) for row in rows if row["source"] == source}
    todo = [key for key in product(asked.variants, asked.tables, asked.seeds) if key not in done]
    for n, (name, table, seed) in enumerate(todo, 1):
        if not DATASETS[table].is_there:
            print(f"{table}: left out, there is no {DATA / DATASETS[table].file}")
            continue
        row = {"source": source, "variant": name, "table": table, "seed": seed}
        row |= measured(name, DATASETS[table], seed)
        rows.append(row)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if n % 20 == 0:
            print(f"{n} of {len(todo)}  {name}", flush=True)
    text = report([row for row in rows if row["source"] == source])
    print(text)
    if asked.write:
        renew(asked.write, "ablation.py", text)


if __name__ == "__main__":
    main()
