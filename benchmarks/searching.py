"""What a search of settings gains over the defaults, and what it costs.

    python benchmarks/searching.py [--tune 30] [--tables mpg pima ...] [--seeds 0 1 ...] [--write docs/search.md]

On every table, for every seed: the same split for both (datasets.py), one thread. Every measurement is a line of JSON
that is added to a file; what stands there of the same source and number of settings is not measured again. `--tables`
with nothing behind it measures nothing, and reports what is in the file of the last source.
"""

from __future__ import annotations

import argparse
import json
import warnings
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, root_mean_squared_error

from contestants import MODELS
from datasets import DATA, DATASETS, Dataset, load, split
from deltarule import TableClassifier, TableRegressor
from page import markdown, renew

RESULTS = Path(__file__).resolve().parent / "results" / "searching.jsonl"
TABLES = ["mpg", "auto_horse", "boston_housing", "pima", "segment", "sensory", "titanic", "ecoli", "vote"]
Row = dict[str, Any]


def measured(data: Dataset, seed: int, tune: int) -> Row:
    """Return the error on rows held out and the seconds of both."""
    X, y = load(data)
    learn, held = split(data, X, y, seed)
    face = TableClassifier if data.kind == "classes" else TableRegressor
    row: Row = {}
    for name, n in (("default", None), ("search", tune)):
        begin = process_time()
        model = face(seed=seed, n_threads=1, progress=False, tune=n).fit(X.iloc[learn], y.iloc[learn])
        row[f"{name}_seconds"] = process_time() - begin
        if data.kind == "classes":
            row[name] = log_loss(y.iloc[held], model.predict_proba(X.iloc[held]), labels=model.classes_)
        else:
            row[name] = root_mean_squared_error(y.iloc[held], model.predict(X.iloc[held]))
        if n:
            row["promised"] = model.search_.loss / model.search_.usual_loss
            row["taken"] = not model.search_.is_usual
    return row


def report(rows: list[Row], tune: int) -> str:
    """Return the table of a number of settings, and what it says together."""
    lines = [
        ["table", "measure", "default", "search", "ratio", "standard error", "taken", "seconds", "seconds"]
    ]
    logs: list[float] = []
    for name in dict.fromkeys(row["table"] for row in rows):
        of = [row for row in rows if row["table"] == name]
        each = np.log([row["search"] / row["default"] for row in of])
        logs.append(float(each.mean()))
        mean = {
            key: float(np.mean([row[key] for row in of])) for key in of[0] if key not in ("table", "source")
        }
        lines.append([
            name, "log loss" if DATASETS[name].kind == "classes" else "RMSE", f"{mean['default']:,.4g}",
            f"{mean['search']:,.4g}", f"{np.exp(each.mean()):.3f}", f"{each.std(ddof=1) / len(of) ** 0.5:.3f}",
            f"{sum(row['taken'] for row in of)} of {len(of)}", f"{mean['default_seconds']:.2g}",
            f"{mean['search_seconds']:.2g}",
        ])  # fmt: skip
    ratios = np.exp(logs)
    promised = float(np.exp(np.mean([np.log(row["promised"]) for row in rows])))
    said = (
        f"{tune} settings, the default among them, {len(rows)} splits of {len(logs)} tables. Ratio is the error of the "
        f"search over the default's, geometric mean of the splits, with the standard error of its logarithm: "
        f"{np.exp(np.mean(logs)):.3f} over all tables, median {np.median(ratios):.3f}; lower on "
        f"{int((ratios < 1).sum())}, higher on {int((ratios > 1).sum())}. By its own measure, the loss of the rows "
        f"that chose it (of values the square), the ratio was {promised:.3f}. Taken: on how many splits the default "
        "was left. Seconds are those of the processor, of the default and of the search."
    )
    return f"{said}\n\n{markdown(lines)}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tune", type=int, default=30)
    parser.add_argument("--tables", nargs="*", choices=DATASETS, metavar="TABLE", default=TABLES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    text = given.results.read_text(encoding="utf-8") if given.results.exists() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    key = {"source": MODELS["deltarule"].version, "tune": given.tune}
    done = {(row["seed"], row["table"]) for row in rows if key.items() <= row.items()}
    for seed, name in product(given.seeds, given.tables):
        if (seed, name) in done:
            continue
        if not DATASETS[name].is_there:
            print(f"{name}: left out, there is no {DATA / DATASETS[name].file}")
            continue
        row = {"table": name, "seed": seed, **key, **measured(DATASETS[name], seed, given.tune)}
        rows.append(row)
        with given.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(
            f"{name} {seed}: {row['search'] / row['default']:.3f} in {row['search_seconds']:.1f} s",
            flush=True,
        )
    rows = [row for row in rows if row["tune"] == given.tune]
    rows = [row for row in rows if row["source"] == rows[-1]["source"]]
    if rows:
        print(report(rows, given.tune))
        if given.write:
            renew(given.write, "searching.py", report(rows, given.tune))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
