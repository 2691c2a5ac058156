"""What coordinates cost: training with numbers in bins, beside without them, and beside their matrix.

    python benchmarks/bins.py [--rounds 5] [--updates 500] [--tables mpg diamonds ...] [--write docs/performance.md]

Networks of two hidden layers of 64 units on one thread, in batches as the default takes them, AdamW. "Numbers" is the
table without coordinates; "in bins" has those, and a scale for every input, as the default's networks do; "matrix" are
the same inputs as numbers of a matrix. Rounds are interleaved; what is shown is the median, and its ratio to "numbers".
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

import numpy as np

from datasets import DATASETS, load
from deltarule import Network, train
from deltarule.estimators.recipes import LARGE, of_large, of_small
from deltarule.sparse import first_of
from deltarule.tables import ClassTarget, Column, TableEncoder
from page import markdown, renew

TABLES = ["mpg", "titanic", "pima", "boston_housing", "taxis_tip", "california_housing", "adult", "diamonds"]


def measured(name: str, rounds: int, updates: int) -> list[str]:
    """Return a line of the table."""
    dataset = DATASETS[name]
    X, y = load(dataset)
    encoder = TableEncoder.fit(X, coordinates=True)
    binned = encoder.features_of(encoder.read(X)[0], "float32")
    if dataset.kind == "classes":
        target = ClassTarget.fit(Column.of("y", y))
        y, output, units = target.encode(Column.of("y", y)), "softmax", len(target.names)
    else:
        y, output, units = (np.asarray(y, float) - np.mean(y)) / np.std(y), "linear", 1
    N = len(y)
    recipe = of_large(are_classes=False, is_alone=False) if N >= LARGE else of_small(are_classes=False)[0]
    batch = recipe.batch_of(N)
    ways: dict[str, tuple[Any, bool]] = {
        "numbers": (first_of(binned, len(encoder.plain.features)), False),
        "in bins": (binned, True),
        "matrix": (binned.toarray(), True),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds + 1):  # the first is left out: it compiles, and warms up
        for way, (rows, scale) in ways.items():
            net = Network([rows.shape[1], *recipe.hidden, units], output=output, seed=0, scale=scale)
            run = train(
                net, rows, y,
                optimiser="adamw", learning_rate=1e-3, epochs=max(2, round(updates * batch / N)), batch_size=batch,
                seed=0, n_threads=1, progress=False,
            )  # fmt: skip
            seconds[way].append(run.seconds / run.epochs)
    median = {way: float(np.median(each[1:])) for way, each in seconds.items()}
    sizes = f"{N:,} x {ways['numbers'][0].shape[1]}", f"{binned.shape[1]}", f"{batch}"
    times = (f"{1e3 * median[way]:.2f}" for way in ways)
    ratios = (f"{median[way] / median['numbers']:.2f}" for way in ("in bins", "matrix"))
    return [name, *sizes, *times, *ratios]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=500, help="about how many each training makes")
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--write", type=Path, help="the page to renew")
    asked = parser.parse_args()
    head = ["table", "rows x features", "with coordinates", "batch"]
    head += ["ms an epoch", "in bins", "as a matrix", "in bins / without", "matrix / without"]
    rows = [head, *(measured(name, asked.rounds, asked.updates) for name in asked.tables)]
    for column in (-2, -1):
        ratios = [float(row[column]) for row in rows[1:]]
        rows[0][column] += f" (geometric mean {np.exp(np.mean(np.log(ratios))):.2f})"
    text = markdown(rows)
    print(text)
    if asked.write:
        renew(asked.write, "bins.py", f"{platform.processor() or platform.machine()}, one thread.\n\n{text}")


if __name__ == "__main__":
    main()
