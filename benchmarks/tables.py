"""Time of reading a large table, beside what Polars takes to read the file; and of `deltarule schema` of another.

    python benchmarks/tables.py [--file adult.csv] [--times 50] [--rounds 5] [--write docs/performance.md]

The rows of the file are written many times over. Every round takes each step once, so that a busy neighbour meets all
alike; a ratio is the median of the rounds' ratios to Polars' own time in the same round. The other file has a million
rows and ten columns of all kinds, most of whose cells come once.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from deltarule.tables import TableEncoder, find, read_table
from deltarule.tables.readers.front import read_frame
from deltarule.tables.readers.options import Reading
from page import markdown, renew

ADULT = Path(__file__).parents[2] / "shared" / "data" / "adult.csv"


@dataclass(frozen=True)
class Step:
    """Something that is done with a file, the first being the measure of the others; or with the file of all kinds."""

    name: str
    take: Callable[[Path], object]
    goal: str = ""
    is_of_kinds: bool = False


def encoded(path: Path) -> object:
    """Return the features of the file, as `fit` takes them."""
    table = read_table(path)
    found = find(table)
    typed, _ = found.read(table)
    return TableEncoder.fit(typed, schema=found).features_of(typed, "float32")


def shown(path: Path) -> object:
    """Run `deltarule schema`."""
    command = [sys.executable, "-m", "deltarule", "schema", str(path)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


STEPS = [
    Step("Polars: `read_csv`, types inferred", pl.read_csv),
    Step("looked at, read as text, checked", lambda path: read_frame(path, Reading()), "<= 1.5"),
    Step("`read_table`: texts coded", read_table),
    Step("and `schema`", lambda path: find(read_table(path))),
    Step("and encoded", encoded, "<= 3"),
    Step(
        "`deltarule schema` of a million rows of all kinds, start included", shown, "< 5 s", is_of_kinds=True
    ),
]


def written(source: Path, times: int, folder: Path) -> Path:
    """Write the rows of a file many times over under its header."""
    header, _, rows = source.read_bytes().partition(b"\n")
    path = folder / source.name
    path.write_bytes(header + b"\n" + (rows if rows.endswith(b"\n") else rows + b"\n") * times)
    return path


def of_kinds(folder: Path) -> Path:
    """Write a million rows of keys, numbers, dates, times, levels, zip codes and booleans."""
    random, N = np.random.default_rng(0), 1_000_000
    second = np.datetime64("2015-01-01", "ms") + 1000 * random.integers(0, 3650 * 86_400, N)
    frame = pl.DataFrame(
        {
            "id": [f"A-{n:07d}" for n in range(1, N + 1)],
            "temp": random.normal(20.0, 5.0, N),
            "load": random.gamma(2.0, 50.0, N).round(2),
            "count": random.integers(0, 100_000, N),
            "day": random.permutation(second.astype("M8[D]")),
            "at": second,
            "clock": [f"{minute // 60:02d}:{minute % 60:02d}" for minute in random.integers(0, 1440, N)],
            "shop": random.choice(["north", "south", "east", "west", "centre", "harbour"], N),
            "zip": [f"{code:05d}" for code in random.integers(501, 99_951, N)],
            "paid": random.random(N) < 0.7,
        }
    )
    path = folder / "kinds.csv"
    frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")
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
        kinds = of_kinds(Path(folder)) if any(step.is_of_kinds for step in steps) else path
        taken = np.array(
            [
                [seconds(step, kinds if step.is_of_kinds else path) for step in steps]
                for _ in range(options.rounds)
            ]
        )
    rows = [["what", "seconds", "to Polars", "to reach"]]
    for n, step in enumerate(steps):
        ratio = "" if step.is_of_kinds else f"{np.median(taken[:, n] / taken[:, 0]):.2f}"
        rows.append([step.name, f"{np.median(taken[:, n]):.2f}", ratio, step.goal])
    text = f"{options.file.name} {options.times} times over, {height:,} rows:\n\n{markdown(rows)}"
    print(text)
    if options.write:
        renew(options.write, "tables.py", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
