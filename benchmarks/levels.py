"""What columns of many levels cost and give: memory a row, a fit of a million rows, R² where every level has its own.

    python benchmarks/levels.py [--rows 1000000] [--write docs/performance.md]

Each case runs in a process of its own, whose peak of memory the system counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from page import markdown, renew

PEAK = """
import resource
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
"""
TABLE = """
import numpy as np, polars as pl
rng = np.random.default_rng(0)
levels = np.array([f"v{{i:02d}}" for i in range(100)])
columns = {{f"c{{j}}": levels[rng.integers(0, 100, {rows})] for j in range(20)}}
"""
ENCODED = """
from deltarule.tables import Table, TableEncoder
table = Table.of(columns)
TableEncoder.fit(table.rows(np.arange(1000))).encode(table.rows(np.arange(1000)))  # what is imported late
before = peak()
X = TableEncoder.fit(table).encode(table)
print((peak() - before) / {rows})
"""
WRITTEN = """
pl.DataFrame(columns).with_columns(y=pl.Series(rng.normal(size={rows}))).write_csv({path!r})
"""
FITTED = """
from deltarule.cli import main
command = ["fit", {path!r}, "--target", "y", "--epochs", "1", "--quiet", "--force", "--out", {path!r} + ".model"]
assert main(command) == 0
print(peak())
"""
SHOPS = """
import numpy as np
from deltarule import TableRegressor
rng = np.random.default_rng(0)
mean = 100 * rng.normal(size={shops})
shop = np.repeat(np.arange({shops}), {each})
y = mean[shop] + rng.normal(size=len(shop))
order = rng.permutation(len(shop))
learn, test = order[: int(0.8 * len(order))], order[int(0.8 * len(order)):]
named = {{"shop": [{name} for n in shop]}}
part = lambda rows: {{"shop": [named["shop"][n] for n in rows]}}
print(TableRegressor(seed=0).fit(part(learn), y[learn]).score(part(test), y[test]))
"""


def printed(*parts: str, **words: object) -> float:
    """Return the number that a script prints in a process of its own."""
    script = PEAK + "".join(parts).format(**words)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    few = max(options.rows // 10, 10_000)
    rows = [["what", "measured", "to reach"]]
    a_row = printed(TABLE, ENCODED, rows=few)
    rows.append(
        [f"encoding 20 text columns of 100 levels, {few:,} rows: bytes a row", f"{a_row:,.0f}", "< 1,000"]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "levels.csv")
        printed(TABLE, WRITTEN, "print(0)", rows=options.rows, path=path)
        peak = printed(FITTED, path=path)
    rows.append([f"`fit` of {options.rows:,} such rows, one epoch: peak, GB", f"{peak / 1e9:.2f}", "< 3"])
    for name, shops, each, code in (
        ("200 shops of 15 rows, R²", 200, 15, 'f"shop {n}"'),
        ("45 shops as whole numbers, 40 rows each, R²", 45, 40, "n"),
    ):
        score = printed(SHOPS, shops=shops, each=each, name=code)
        rows.append([name, f"{score:.4f}", ">= .98"])
    text = markdown(rows)
    print(text)
    if options.write:
        renew(options.write, "levels.py", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
