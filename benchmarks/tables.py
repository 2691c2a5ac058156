"""Time of reading a large table, beside what Polars takes to read the file.

    python benchmarks/tables.py [--file adult.csv] [--times 50] [--rounds 5] [--write docs/performance.md]

The rows of the file are written many times over. Every round takes each step once, so that a busy neighbour meets all
alike; a ratio is the median of the rounds' ratios to Polars' own time in the same round.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from deltarule.tables import TableEncoder, read_table, schema
from deltarule.tables.readers.front import read_frame
from deltarule.tables.readers.options import Reading
from page import markdown, renew

ADULT = Path(__file__).parents[2] / "shared" / "data" / "adult.csv"


@dataclass(frozen=True)
class Step:
    """Something that is done with a file, the first being the measure of the others."""

    name: str
    take: Callable[[Path], object]
    goal: str = ""


def encoded(path: Path) -> object:
    """Return the features of the file, as `fit` takes them."""
    table = read_table(path)
    found = schema(table)
    typed, _ = found.read(table)
    return TableEncoder.fit(typed, schema=found).features_of(typed, "float32")


STEPS = [
    Step("Polars: `read_csv`, types inferred", pl.read_csv),
    Step("looked at, read as text, checked", lambda path: read_frame(path, Reading()), "<= 1.5"),
    Step("`read_table`: texts coded", read_table),
    Step("and `schema`", lambda path: schema(read_table(path))),
    Step("and encoded", lambda path: encoded(path), "<= 3"),
]


def written(source: Path, times: int, folder: Path) -> Path:
    """Write the rows of a file many times over under its header."""
    header, _, rows = source.read_bytes().partition(b"\n")
    path = folder / source.name
    path.write_bytes(header + b"\n" + (rows if rows.endswith(b"\n") else rows + b"\n") * times)
    return path


def seconds(step: Step, path: Path) -> float:
    begin = perf_counter()
    result = step.take(path)
    taken = perf_counter() - begin
    del result
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, default=ADULT)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=int, help="how many of the steps, from the first on")
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    steps = STEPS[: options.only]
    with tempfile.TemporaryDirectory() as folder:
        path = written(options.file, options.times, Path(folder))
        height = pl.scan_csv(path).select(pl.len()).collect().item()
        print(f"{path.name}: {height:,} rows, {path.stat().st_size / 1e6:,.0f} MB", flush=True)
        taken = np.array([[seconds(step, path) for step in steps] for _ in range(options.rounds)])
    rows = [["what", "seconds", "to Polars", "to reach"]]
    for n, step in enumerate(steps):
        ratio = float(np.median(taken[:, n] / taken[:, 0]))
        rows.append([step.name, f"{np.median(taken[:, n]):.2f}", f"{ratio:.2f}", step.goal])
    text = f"{options.file.name} {options.times} times over, {height:,} rows:\n\n{markdown(rows)}"
    print(text)
    if options.write:
        renew(options.write, "tables.py", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
