"""What else a user waits for: frozen layers, scales of inputs, a whole process, the first compilation.

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
from time import perf_counter, process_time

import numpy as np
from sklearn.datasets import load_breast_cancer

from deltarule.engines import Problem, engine
from deltarule.maths.optimisers import optimiser
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant
from deltarule.network import Network
from page import markdown, renew
from systems import CASES

FROM_FILE = """
import numpy as np
with np.load({path!r}) as arrays:
    X, y = arrays["X"], arrays["y"]
"""
FROM_SKLEARN = """
from sklearn.datasets import load_breast_cancer
X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
"""
OURS = """
from deltarule import Network, train
net = Network([30, 100, 2], activation="relu", seed=0)
train(net, X, y, optimiser="adam", epochs=100, batch_size=200, l2=1e-4)
"""
THEIRS = """
import warnings
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
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


def scaled_inputs(rounds: int) -> list[list[str]]:
    """Time a step with a scale for every input and one without, on one thread, by the processor's time."""
    sizes, batch, steps = (100, 64, 64, 1), 256, 40
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(batch * steps, sizes[0])), rng.normal(size=batch * steps)
    order, never = np.arange(len(X)), np.zeros(1, bool)
    runners = []
    for scale in (True, False):
        net = Network(sizes, "relu", "linear", scale=scale)
        q = Problem(
            net, *net.examples(X, y), batch, 1, optimiser("adamw"), Constant(), net.layout.select(None), Penalty(),
            None, None, rates=net.layout.factors(net.layout.rates()),
        )  # fmt: skip
        runners.append(engine("compiled", q, 1))
    times: list[list[float]] = [[], []]
    for _ in range(4 * rounds + 1):
        for runner, found in zip(runners, times, strict=True):
            begin = process_time()
            runner.epoch(order, never)
            found.append((process_time() - begin) / steps * 1e6)
    with_, without = (float(np.median(found[1:])) for found in times)
    label = "step of 100-64-64-1 at 256 with a scale for every input, one thread"
    return [[label, f"{with_:.0f} us", f"without {without:.0f} us", f"{with_ / without:.2f}", "<= 1.1"]]


def whole_process(rounds: int) -> list[list[str]]:
    """Time a process that imports, loads breast_cancer and trains 30-100-2 for 100 epochs in batches of 200."""
    X, y = load_breast_cancer(return_X_y=True)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "breast_cancer.npz")
        np.savez(path, X=(X - X.mean(axis=0)) / X.std(axis=0), y=y)
        loading = {
            "process: breast_cancer from a file, 100 epochs": FROM_FILE.format(path=path),
            "process: breast_cancer by scikit-learn, 100 epochs": FROM_SKLEARN,
        }
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds + 1):  # the first finds nothing in memory
            for label, load in loading.items():
                for system, script in (("ours", OURS), ("theirs", THEIRS)):
                    begin = perf_counter()
                    subprocess.run([sys.executable, "-c", load + script], check=True)
                    times.setdefault((label, system), []).append(perf_counter() - begin)
    rows: list[list[str]] = []
    for label in loading:
        ours, theirs = (float(np.median(times[label, system][1:])) for system in ("ours", "theirs"))
        rows.append([label, f"{ours:.2f} s", f"scikit-learn {theirs:.2f} s", f"{ours / theirs:.2f}", "< 1"])
    return rows


def first_compilation() -> list[list[str]]:
    """Time the first training of a process that finds no compiled code, and of the next one."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "DELTARULE_CACHE": empty}
        first, second = (
            float(
                subprocess.run(
                    [sys.executable, "-c", COMPILE],
                    check=True,
                    capture_output=True,
                    encoding="utf-8",
                    env=environment,
                ).stdout
            )
            for _ in range(2)
        )
    return [
        ["first training on a machine: import and compilation", f"{first:.1f} s", "", "", "<= 10 s"],
        ["the next process: import and loading", f"{second:.2f} s", "", "", "<= .25 s"],
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    rows = [["what", "deltarule", "beside", "share of it", "to reach"]]
    rounds = options.rounds
    parts = frozen_layers(rounds), scaled_inputs(rounds), whole_process(rounds), first_compilation()
    for part in parts:
        for row in part:
            print("  ".join(row), flush=True)
            rows.append(row)
    if options.write:
        renew(options.write, "costs.py", markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
