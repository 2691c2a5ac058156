"""Accuracy and seconds with default settings: deltarule's table estimators beside other models for tables.

    python benchmarks/accuracy.py [--models deltarule lightgbm ...] [--tables iris wine ...] [--seeds 0 1 ...]
        [--report docs/accuracy.md]

On every table, for every seed: the same split, the same rows for every model (datasets.py); each model behind what its
users put before it, on one thread, in a process of its own (contestants.py). Every measurement is a line of JSON that
is added to a file; what stands there of the same version is not measured again, so that a run can be broken off and
taken up. To compare two states of deltarule, run one with `--as before`. `--report` renews the page from the file
(comparison.py); with `--models` and nothing behind it, nothing is measured first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

from comparison import BEFORE, page
from contestants import MODELS
from datasets import DATA, DATASETS
from page import renew

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]
Key = tuple[str, str, int]


def read(results: Path) -> dict[Key, Row]:
    """Return the last row of every model, table and split."""
    text = results.read_text(encoding="utf-8") if results.exists() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    return {(row["model"], row["table"], row["seed"]): row for row in rows}


def write(results: Path, rows: list[Row], mode: str = "a") -> None:
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.open(mode, encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def measured(model: str, table: str, seed: int, limit: float) -> Row:
    """Return what a process of its own measures, or why it did not."""
    worker = [sys.executable, str(HERE / "contestants.py"), model, table, str(seed)]
    environment = os.environ | {
        f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")
    }
    try:
        done = subprocess.run(
            worker, capture_output=True, encoding="utf-8", timeout=limit, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {limit:g} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:200]}
    return json.loads(done.stdout.splitlines()[-1])


def run(given: argparse.Namespace) -> None:
    """Measure what is not in the results yet."""
    names = {model: BEFORE if model == "deltarule" and given.as_before else model for model in given.models}
    versions = {model: MODELS[model].version for model in given.models}
    rows, todo = read(given.results), []
    for seed, table, model in product(given.seeds, given.tables, given.models):
        row = rows.get((names[model], table, seed))
        if row is None or given.again or row["version"] != versions[model]:
            rows.pop((names[model], table, seed), None)
            todo.append((model, table, seed))
    if todo:
        write(given.results, list(rows.values()), "w")  # without what is measured again
    for n, (model, table, seed) in enumerate(todo, 1):
        row = {"model": names[model], "version": versions[model], "table": table, "seed": seed}
        row |= measured(model, table, seed, given.limit)
        write(given.results, [row])
        said = row.get("error") or f"{row.get('log_loss', row.get('rmse')):.5g} in {row['fit_cpu']:.2f} s"
        print(f"{n} of {len(todo)}  {table} {seed}  {names[model]}  {said}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    there = [name for name, model in MODELS.items() if model.is_there]
    parser.add_argument("--models", nargs="*", choices=MODELS, metavar="MODEL", default=there,
                        help=f"of {', '.join(MODELS)}; all that are installed, unless said")  # fmt: skip
    parser.add_argument("--tables", nargs="+", choices=DATASETS, metavar="TABLE", default=list(DATASETS),
                        help=f"of {', '.join(DATASETS)}")  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], help="one a split")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "accuracy.jsonl")
    parser.add_argument("--again", action="store_true", help="measure what is in the results, too")
    parser.add_argument("--as", dest="as_before", choices=[BEFORE], metavar=BEFORE,
                        help="keep deltarule's results under this name, for states of it that come later")  # fmt: skip
    parser.add_argument(
        "--limit", type=float, default=3600, help="seconds a measurement may take, warm-up included"
    )
    parser.add_argument("--report", type=Path, help="the page whose tables are renewed")
    given = parser.parse_args()
    if missing := [name for name in given.models if name not in there]:
        packages = sorted({MODELS[name].package for name in missing})
        parser.error(
            f"{', '.join(missing)} cannot run without {', '.join(packages)}: "
            f"{sys.executable} -m pip install --requirement {HERE / 'requirements.txt'}"
        )
    for name in [name for name in MODELS if name not in there] if given.models == there else []:
        print(f"{name}: not measured, there is no {MODELS[name].package}", file=sys.stderr)
    for table in [table for table in given.tables if not DATASETS[table].is_there]:
        print(f"{table}: left out, there is no {DATA / DATASETS[table].file}", file=sys.stderr)
        given.tables.remove(table)
    run(given)
    if given.report:
        rows = list(read(given.results).values())
        if not rows:
            parser.error(f"there is nothing to report, {given.results} has no row; name models to measure")
        renew(given.report, "accuracy.py", page(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
