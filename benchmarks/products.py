"""Rate of the engine's own matrix product beside that of the BLAS, on one thread, in float32.

    python benchmarks/products.py [--rounds 7] [--quantile .5] [--shape 192 768 256] [--write docs/performance.md]

C[m, n] = sum_k A[m, k] B[k, n]; B lies in panels for the engine and row by row for the BLAS. Both are called from
machine code, so that neither pays for Python, and take turns.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numba import njit

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.tiles import SET
from deltarule.engines.compiled.kernels.vectors import call
from deltarule.engines.compiled.machine_code import code_for
from deltarule.engines.compiled.places import PANEL
from page import markdown, renew

SHAPES = [
    (16, 10, 32), (32, 32, 32), (64, 30, 128), (64, 64, 128), (128, 256, 256), (256, 100, 300), (512, 784, 128),
    (2048, 1000, 64), (2048, 2048, 1024),
]  # fmt: skip
"""(m, k, n)."""
SECONDS = 0.05


@njit(**OPTIONS)
def ours(times, memory, address, m, k, n, a, b, c):
    for _ in range(times):
        call(address, memory, (c, n, a, k, 1, b, PANEL, k * PANEL, m, 0, n, k, k, 0, SET))


@njit
def theirs(times, a, b, c):
    for _ in range(times):
        np.dot(a, b, c)


def seconds(call_many: Callable[[int], None]) -> float:
    """Return the seconds of one call."""
    times = 1
    while True:
        begin = perf_counter()
        call_many(times)
        taken = perf_counter() - begin
        if taken > SECONDS:
            return taken / times
        times *= 2


def measure(m: int, k: int, n: int, rounds: int, quantile: float) -> tuple[float, float]:
    """Return GFLOP/s of the engine's product and of the BLAS, by a quantile of the times of all rounds."""
    rng = np.random.default_rng(0)
    A, B = (rng.normal(size=shape).astype(np.float32) for shape in ((m, k), (k, n)))
    C, panels = np.zeros((m, n), np.float32), -(-n // PANEL)
    wide = np.zeros((k, panels * PANEL), np.float32)
    wide[:, :n] = B
    in_panels = wide.reshape(k, panels, PANEL).transpose(1, 0, 2)
    memory = np.concatenate([A.ravel(), in_panels.ravel(), np.zeros(m * n + PANEL, np.float32)])
    a, b, c = 0, A.size, A.size + in_panels.size
    address = code_for("float32").address["product"]
    results: list[tuple[float, float]] = []
    for _ in range(rounds):
        results.append(
            (
                seconds(lambda times: ours(times, memory, address, m, k, n, a, b, c)),
                seconds(lambda times: theirs(times, A, B, C)),
            )
        )
    np.testing.assert_allclose(memory[c : c + m * n].reshape(m, n), C, rtol=1e-3, atol=1e-3 * k**0.5)
    mine, other = np.quantile(results, quantile, axis=0)
    return 2e-9 * m * k * n / mine, 2e-9 * m * k * n / other


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--quantile", type=float, default=0.5, help="of the times; a low one where neighbours disturb"
    )
    parser.add_argument("--shape", type=int, nargs=3, metavar=("M", "K", "N"), help="this one alone")
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    rows = [["m x k x n", "deltarule, GFLOP/s", "BLAS, GFLOP/s", "ratio"]]
    for m, k, n in [options.shape] if options.shape else SHAPES:
        mine, other = measure(m, k, n, options.rounds, options.quantile)
        rows.append([f"{m} x {k} x {n}", f"{mine:.0f}", f"{other:.0f}", f"{mine / other:.2f}"])
        print("  ".join(rows[-1]), flush=True)
    if options.write:
        renew(options.write, "products.py", markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
