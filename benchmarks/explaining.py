"""Time and memory of explaining a weight, and of asking who pulls it.

    python benchmarks/explaining.py [--rounds 9] [--write docs/performance.md]

The memory is the growth of the process's largest size, beyond the table that is given.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from deltarule import Network, explain, pullers, suspects
from page import markdown, renew

EXAMPLES = 50_000


def measured(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the median seconds of a call, and the MiB by which the first made the process grow."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    taken: list[float] = []
    for _ in range(rounds):
        begin = perf_counter()
        call()
        taken.append(perf_counter() - begin)
    return float(np.median(taken)), grown


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    wide, x = Network([54, 256, 256, 7], "relu", seed=0), rng.normal(size=784)
    image = Network([784, 512, 256, 10], "relu", seed=0)
    X, y = rng.normal(size=(EXAMPLES, 54)).astype(np.float32), rng.integers(0, 7, EXAMPLES)
    months = rng.integers(1, 13, EXAMPLES)
    cases: list[tuple[str, Callable[[], object], str]] = [
        (
            "who pulls w[1,4,7] of 54-256-256-7, 50,000 rows by month",
            lambda: pullers(wide, "w[1,4,7]", X, y, groups=months),
            "<= 1 s, < 1,024 MiB",
        ),
        ("suspects among the same 50,000 rows", lambda: suspects(wide, X, y), ""),
        (
            "explain w[1,1,9] of 784-512-256-10, one example",
            lambda: explain(image, "w[1,1,9]", x, 3),
            "<= 0.05 s",
        ),
        ("explain w[3,1,9] of the same", lambda: explain(image, "w[3,1,9]", x, 3), "<= 0.05 s"),
        ("explain and print as text", lambda: explain(image, "w[1,1,9]", x, 3).text(), "<= 0.05 s"),
        ("explain and print as a page", lambda: explain(image, "w[1,1,9]", x, 3).html(), "<= 0.05 s"),
    ]
    rows = [["what", "seconds", "memory", "to reach"]]
    for name, call, goal in cases:
        seconds, grown = measured(call, options.rounds)
        rows.append([name, f"{seconds:.3f}", f"{grown:.0f} MiB", goal])
        print("  ".join(rows[-1]), flush=True)
    if options.write:
        renew(options.write, "explaining.py", markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
