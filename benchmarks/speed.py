"""Time of a training step: deltarule's compiled engine beside scikit-learn, PyTorch and JAX, in one run.

Every system trains the same network from the same start on the same batches with Adam in float32, in a process of
its own; the processes take turns, so that a slow minute of the machine falls on all of them. Medians over the rounds.

    python benchmarks/speed.py [--rounds 5] [--cases table large ...] [--systems JAX ...] [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from deltarule.engines.machine import available_threads, processor
from page import markdown, renew
from systems import CASES, PRODUCTS, SYSTEMS, TRAFFIC, Case

OURS = "deltarule"
WIDE = 50_000
"""Parameters from which on the floor is given: the products at the rate of sgemm, and one pass over theta, m and v."""
AGREEMENT = 0.02
"""By how much the losses after the first epoch may differ, as a share."""


@dataclass
class Worker:
    """One system at one case, in its own process."""

    system: str
    case: Case
    loss: float = np.nan
    error: str = ""
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("systems.py")), self.system, self.case.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
        )  # fmt: skip
        self.loss = self.ask("first").get("loss", np.nan)

    def ask(self, what: str) -> dict[str, float]:
        assert self.process.stdin
        assert self.process.stdout
        print(what, file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')
        self.error = answer.pop("error", self.error)
        return answer

    def run(self) -> None:
        if not self.error:
            self.seconds += self.ask("run").values()

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    @property
    def step(self) -> float:
        """Median seconds a step."""
        return float(np.median(self.seconds)) / self.case.steps if self.seconds else np.inf

    @property
    def text(self) -> str:
        """The median and half the distance from the fastest to the slowest round, as a share of it."""
        if not self.seconds:
            return "-"
        spread = (max(self.seconds) - min(self.seconds)) / 2 / float(np.median(self.seconds))
        return f"{microseconds(self.step)} ±{spread:.0%}"


def measure(case: Case, systems: list[str], rounds: int) -> dict[str, Worker]:
    workers = {name: Worker(name, case) for name in systems}
    for _ in range(rounds):
        for worker in workers.values():
            worker.run()
    for worker in workers.values():
        worker.end()
    return workers


def microseconds(seconds: float) -> str:
    value = seconds * 1e6
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--cases", nargs="+", choices=[c.name for c in CASES], default=[c.name for c in CASES]
    )
    peers = [name for name in SYSTEMS if name != OURS]
    parser.add_argument("--systems", nargs="*", choices=peers, default=peers, help="the peers")
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()

    systems = [OURS, *options.systems]
    packages = ["numpy", "numba", *(p for p in ("scikit-learn", "torch", "jax", "optax") if options.systems)]
    products = measure(CASES[0], list(PRODUCTS), options.rounds)
    rates = {name: 2 * 2048**3 / np.median(w.seconds) / 1e9 for name, w in products.items() if w.seconds}
    limit = max(rates.values())
    head = [
        f"{processor()}, {available_threads()} threads.",
        f"Python {platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in packages)}.",
        f"Limit: {', '.join(f'{name} {rate:.0f} GFLOP/s' for name, rate in rates.items())}.",
        f"Microseconds a step, median of {options.rounds} rounds.",
    ]
    print("\n".join(head), end="\n\n", flush=True)

    rows = [["case", *systems, "GFLOP/s", "of sgemm", "of the floor", "ratio", "to reach"]]
    ratios: list[float] = []
    complaints: list[str] = []
    for case in CASES:
        if case.name not in options.cases:
            continue
        workers = measure(case, [*systems, TRAFFIC], options.rounds)
        ours, traffic = workers[OURS], workers.pop(TRAFFIC)
        best = min((w.step for name, w in workers.items() if name != OURS), default=np.nan)
        ratios.append(best / ours.step)
        for name, worker in workers.items():
            if worker.error:
                complaints.append(f"{case.name}: {name} did not run: {worker.error}")
            elif not abs(worker.loss / ours.loss - 1) < AGREEMENT:
                complaints.append(
                    f"{case.name}: {name} has loss {worker.loss:.6f}, deltarule {ours.loss:.6f}"
                )
        rate = case.flops / ours.step / 1e9
        floor = case.flops / limit / 1e9 + traffic.step
        rows.append(
            [case.name, *(workers[name].text for name in systems), f"{rate:.0f}", f"{rate / limit:.0%}",
             f"{floor / ours.step:.0%}" if case.parameters > WIDE else "", f"{ratios[-1]:.2f}", f"{case.ratio:g}"]
        )  # fmt: skip
        print("  ".join(f"{a}: {b}" for a, b in zip(rows[0], rows[-1], strict=True)), flush=True)
    mean = f"Geometric mean of the ratios: {np.exp(np.mean(np.log(ratios))):.2f}."
    agreement = complaints or [f"After an epoch from the same start all losses agree within {AGREEMENT:.0%}."]
    text = "\n\n".join([" ".join(head), markdown(rows), " ".join([mean, *agreement])])
    print(f"\n{text}")
    if options.write:
        renew(options.write, "speed.py", text)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
