"""How many rows lie in their prediction intervals: docs/targets.md.

    python benchmarks/intervals.py [--tables mpg diamonds ...] [--seeds 10] [--write docs/targets.md]

On every table of values, for each seed: a fifth of the rows is held out (datasets.py), all else is as by default. Of
these rows the share that lies within the intervals of each level is what the level promises, or should be.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np

from datasets import DATA, DATASETS, load, split
from deltarule import TableRegressor
from page import markdown, renew

LEVELS = 0.5, 0.8, 0.9, 0.95
SHOWN = 0.9
"""The level whose width is told."""
USUAL = ["mpg", "boston_housing", "diabetes", "taxis_tip", "california_housing", "diamonds"]
Found = dict[float, list[float]]


def measured(table: str, seeds: range) -> tuple[Found, list[float], int]:
    """Return by level the share of rows within, how wide intervals are over those of the target, and the rows."""
    dataset = DATASETS[table]
    X, y = load(dataset)
    shares: Found = {level: [] for level in LEVELS}
    widths: list[float] = []
    rows = 0
    for seed in seeds:
        learn, held = split(dataset, X, y, seed)
        model = TableRegressor(seed=seed, progress=False).fit(X.iloc[learn], y.iloc[learn])
        true, rows = y.iloc[held].to_numpy(float), len(learn)
        for level in LEVELS:
            low, high = model.predict_interval(X.iloc[held], level).T
            shares[level].append(float(((low <= true) & (true <= high)).mean()))
            if level == SHOWN:
                low_of_all, high_of_all = np.quantile(y.iloc[learn], [(1 - level) / 2, (1 + level) / 2])
                widths.append(float((high - low).mean() / (high_of_all - low_of_all)))
    return shares, widths, rows


def cell(values: list[float]) -> str:
    """Return a mean with its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.3f} ± {error:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    values = [name for name, dataset in DATASETS.items() if dataset.kind == "values"]
    parser.add_argument("--tables", nargs="+", choices=values, metavar="TABLE", default=USUAL,
                        help=f"of {', '.join(values)}")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=10, help="one a split")
    parser.add_argument("--write", type=Path, help="renew this page")
    given = parser.parse_args()
    if missing := [name for name in given.tables if not DATASETS[name].is_there]:
        parser.error(f"there is no table of {', '.join(missing)} in {DATA}")
    warnings.simplefilter("ignore", UserWarning)
    rows = [
        ["table", "rows learnt from", *(f"within {level:.0%}" for level in LEVELS), f"width of {SHOWN:.0%}"]
    ]
    means: Found = {level: [] for level in LEVELS}
    for table in given.tables:
        shares, widths, n = measured(table, range(given.seeds))
        for level in LEVELS:
            means[level].append(float(np.mean(shares[level])))
        rows.append([table, f"{n:,}", *map(cell, shares.values()), f"{np.mean(widths):.2f}"])
        print(rows[-1], flush=True)
    rows.append(["mean", "", *(f"{np.mean(each):.3f}" for each in means.values()), ""])
    said = (
        f"Shares of rows held out, means over {given.seeds} splits with their standard errors. Width: the mean width, "
        "over that of the one interval in which as many of the rows learnt from lie."
    )
    text = f"{said}\n\n{markdown(rows)}"
    print(text)
    if given.write:
        renew(given.write, "intervals.py", text)


if __name__ == "__main__":
    main()
