"""How long one waits for a verb of the command line, from the start of Python to its end.

    python benchmarks/shell.py [--rounds 9] [--data shared/data] [--write docs/performance.md]

Python's bytecode and the engine's machine code are written before; rounds are interleaved, and the medians count.
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

from page import markdown, renew

TITANIC, ADULT = "titanic.csv", "adult.csv"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the tables")
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    options = parser.parse_args()
    folder = options.data.resolve()
    titanic, adult = str(folder / TITANIC), str(folder / ADULT)
    verbs = {
        "--version": ["--version"],
        "fit titanic": ["fit", titanic, "--target", "survived", "--out", "titanic.deltarule", "--force"],
        "predict titanic": ["predict", "titanic.deltarule", titanic, "--out", "titanic.csv", "--force"],
        "evaluate titanic": ["evaluate", "titanic.deltarule", titanic],
        "fit adult": ["fit", adult, "--target", "income", "--out", "adult.deltarule", "--force"],
        "check adult": ["check", "adult.deltarule", adult],
    }
    seconds: dict[str, list[float]] = {name: [] for name in verbs}
    with tempfile.TemporaryDirectory() as place:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = kept | {"PYTHONPYCACHEPREFIX": str(Path(place, "bytecode"))}
        for one in range(options.rounds + 1):
            for name, words in verbs.items():
                begin = perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "deltarule", *words],
                    cwd=place,
                    env=environment,
                    check=True,
                    capture_output=True,
                )
                if one:  # the first compiles
                    seconds[name].append(perf_counter() - begin)
    medians = {name: float(np.median(taken)) for name, taken in seconds.items()}
    both = medians["fit titanic"] + medians["predict titanic"]
    goals = {"check adult": "< 5 s"}
    rows = [["what", "seconds", "to reach"]]
    rows += [[f"`deltarule {name}`", f"{value:.2f}", goals.get(name, "")] for name, value in medians.items()]
    rows.append(["`fit` to `predict` of titanic", f"{both:.2f}", "< 3 s"])
    text = markdown(rows)
    print(text)
    if options.write:
        renew(options.write, Path(__file__).name, text)
    return int(both >= 3 or medians["check adult"] >= 5)


if __name__ == "__main__":
    sys.exit(main())
