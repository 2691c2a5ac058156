"""What else a user waits for: frozen layers, a whole process, the first compilation.

    python benchmarks/costs.py [--rounds 9] [--write docs/performance.md]

The whole process and the compilation are timed in processes of their own; what is compared takes turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from deltarule.engines import Problem, engine
from deltarule.maths.optimisers import optimiser
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant
from deltarule.network import Network
from page import markdown, renew
from systems import CASES

OURS = """
from sklearn.datasets import load_breast_cancer
from deltarule import Network, train
X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
net = Network([30, 100, 2], activation="relu", seed=0)
train(net, X, y, optimiser="adam", epochs=100, batch_size=200, l2=1e-4)
"""
THEIRS = """
import warnings
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
MLPClassifier(max_iter=100, n_iter_no_change=100, random_state=0).fit(X, y)
"""
COMPILE = """
from time import perf_counter
begin = perf_counter()
from deltarule import Network, train
train(Network([3, 4, 4, 2]), [[0.0, 1.0, 2.0]] * 4, [0, 1, 0, 1], epochs=1)
print(perf_counter() - begin)
"""


def frozen_layers(rounds: int) -> list[list[str]]:
    """Time a step of the wide table's network: its last layer alone, its forward pass, and all of it."""
    case = next(case for case in CASES if case.name == "wide table")
    X, y, order = case.data()
    never = np.zeros(1, bool)

    def runner(only: list[str] | None) -> tuple[Problem, object]:
        net = Network(case.sizes, activation=case.activation, output=case.output, seed=0)
        q = Problem(
            net, *net.examples(X, y), case.batch, 1, optimiser("adam"), Constant(), net.layout.select(only),
            Penalty(), None, None,
        )  # fmt: skip
        return q, engine("compiled", q)

    (q, last), (_, whole) = runner([f"W[{len(case.sizes) - 1}]", f"b[{len(case.sizes) - 1}]"]), runner(None)
    work = {
        "last": lambda: last.epoch(order, never),
        "forward": lambda: last.loss(q.X, q.p, q.w / q.w.sum()),
        "whole": lambda: whole.epoch(order, never),
    }
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(4 * rounds + 1):
        for name, call in work.items():
            begin = perf_counter()
            call()
            times[name].append((perf_counter() - begin) / case.steps * 1e6)
    last_us, forward, all_us = (float(np.median(times[name][1:])) for name in work)
    label = "step of the wide table's network, only the last layer learns"
    return [
        [label, f"{last_us:.0f} us", f"forward pass {forward:.0f} us", f"{last_us / forward:.2f}", "<= 1.2"],
        ["the same, all layers learn", f"{all_us:.0f} us", f"forward pass {forward:.0f} us",
         f"{all_us / forward:.2f}", ""],
    ]  # fmt: skip


def whole_process(rounds: int) -> list[list[str]]:
    """Time a process that imports, loads a table and trains for 100 epochs."""
    times: dict[str, list[float]] = {OURS: [], THEIRS: []}
    for script in times:
        subprocess.run([sys.executable, "-c", script], check=True)
    for _ in range(rounds):
        for script, taken in times.items():
            begin = perf_counter()
            subprocess.run([sys.executable, "-c", script], check=True)
            taken.append(perf_counter() - begin)
    ours, theirs = (float(np.median(taken)) for taken in times.values())
    label = "process: import, breast_cancer, 100 epochs of 30-100-2, batch 200"
    return [[label, f"{ours:.2f} s", f"scikit-learn {theirs:.2f} s", f"{ours / theirs:.2f}", "< 1"]]


def first_compilation() -> list[list[str]]:
    """Time the first training of a process that finds no compiled code, and of the next one."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "NUMBA_CACHE_DIR": empty}
        first, second = (
            float(
                subprocess.run(
                    [sys.executable, "-c", COMPILE],
                    check=True,
                    capture_output=True,
                    text=True,
                    env=environment,
                ).stdout
            )
            for _ in range(2)
        )
    return [
        ["first training on a machine: import and compilation", f"{first:.1f} s", "", "", "<= 15 s"],
        ["the next process: import and loading", f"{second:.2f} s", "", "", ""],
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    rows = [["what", "deltarule", "beside", "share of it", "to reach"]]
    for part in (frozen_layers(options.rounds), whole_process(options.rounds), first_compilation()):
        for row in part:
            print("  ".join(row), flush=True)
            rows.append(row)
    if options.write:
        renew(options.write, "costs.py", markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
