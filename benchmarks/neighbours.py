"""Time of a training step beside busy processes, and under limits, with the number of threads that the engine chooses.

    python benchmarks/neighbours.py [--rounds 3] [--seconds 2] [--cases table large ...] [--write docs/performance.md]

Each case of speed.py is trained with one thread, with one for each processor, and with the engine's choice: on a quiet
machine; beside one and two processes that compute without end; on one processor (taskset); and, where control groups
may be made, under a quota of one and of half a processor. The three are processes of their own that take turns, so that
a slow minute falls on all of them. The hash of theta after an epoch is the same for all.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, perf_counter, sleep

import numpy as np

from deltarule.groups import GROUPS
from page import markdown, renew
from systems import CASES, Case, Deltarule

WAYS = ("one", "all", "chosen")
SITUATIONS = ("quiet", "1 busy process", "2 busy processes", "1 processor", "quota of 1", "quota of 1/2")
PERIOD = 100_000
"""Microseconds in which a group gets its quota."""
WORST, BEST = 1.15, 0.97
"""To reach: of the time of one thread beside the same neighbours, at most; of the better one's pace when quiet."""


def serve(name: str, way: str) -> None:
    """Train a case for as long as each line on standard input says; answer with the seconds of a step."""
    from deltarule.engines import engine

    case = next(case for case in CASES if case.name == name)
    model = Deltarule(case)
    threads = {"one": 1, "all": len(os.sched_getaffinity(0)), "chosen": None}[way]
    warnings.simplefilter("ignore", UserWarning)  # under a limit all processors are more than there are
    model.engine = engine("compiled", model.problem, threads)
    model.epoch()
    print(hashlib.sha256(model.problem.net.theta.tobytes()).hexdigest(), flush=True)
    for line in sys.stdin:
        begin, epochs = perf_counter(), 0
        while perf_counter() - begin < float(line):
            model.epoch()
            epochs += 1
        print((perf_counter() - begin) / epochs / case.steps, flush=True)


@contextmanager
def busy(count: int) -> Generator[None]:
    """Let so many processes compute without end."""
    made = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in made:
            process.kill()
            process.wait()


@contextmanager
def quota(processors: float) -> Generator[Path | None]:
    """Make a control group of either version that gets so much of a processor; nothing where that is not allowed."""
    is_first = (GROUPS / "cpu").is_dir()
    group = (GROUPS / "cpu" if is_first else GROUPS) / f"deltarule-{os.getpid()}"
    most = int(processors * PERIOD)
    name, told = ("cpu.cfs_quota_us", f"{most}") if is_first else ("cpu.max", f"{most} {PERIOD}")
    try:
        if not is_first:
            (GROUPS / "cgroup.subtree_control").write_text("+cpu", encoding="utf-8")
        group.mkdir()
        (group / name).write_text(told, encoding="utf-8")
    except OSError:
        with suppress(OSError):
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        _end(group)


def _end(group: Path) -> None:
    """Remove a group, and what trainers have left running in it, as a kernel that was being compiled."""
    until = monotonic() + 10.0
    while True:
        for process in (group / "cgroup.procs").read_text(encoding="utf-8").split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        try:
            group.rmdir()
            return
        except OSError:  # a process that was killed is still about to end
            if monotonic() > until:
                raise
            sleep(0.05)


class Trainer:
    """A process that trains a case in one way."""

    def __init__(self, case: Case, way: str, situation: str, group: Path | None) -> None:
        self.seconds: list[float] = []
        command = [sys.executable, __file__, "--serve", case.name, way]
        if situation == "1 processor":
            command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *command]
        if group is not None:
            command = ["sh", "-c", f'echo $$ > "{group}/cgroup.procs" && exec "$@"', "sh", *command]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        try:
            self.hash = self._line()
        except BaseException:
            self.__exit__()
            raise

    def _line(self) -> str:
        assert self.process.stdout
        if not (line := self.process.stdout.readline()):
            raise SystemExit("a process that trains ended; its words stand above.")
        return line.strip()

    def train(self, seconds: float) -> None:
        assert self.process.stdin
        print(seconds, file=self.process.stdin, flush=True)
        self.seconds.append(float(self._line()))

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def measure(case: Case, situation: str, rounds: int, seconds: float) -> tuple[list[float], set[str]] | None:
    """Return seconds of a step in each way, and the hashes; nothing where the situation cannot be made."""
    processors = {"quota of 1": 1.0, "quota of 1/2": 0.5}.get(situation)
    with quota(processors) if processors else busy(int(situation[0]) if "busy" in situation else 0) as group:
        if processors and group is None:
            return None
        with ExitStack() as trained:
            trainers = [trained.enter_context(Trainer(case, way, situation, group)) for way in WAYS]
            for _ in range(rounds):
                for trainer in trainers:
                    trainer.train(seconds)
    return [float(np.median(each.seconds)) for each in trainers], {each.hash for each in trainers}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [case.name for case in CASES]
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each trains in a round")
    parser.add_argument("--cases", nargs="+", choices=names, default=names)
    parser.add_argument("--situations", nargs="+", choices=SITUATIONS, default=SITUATIONS)
    parser.add_argument("--write", type=Path, help="the page whose table is renewed")
    parser.add_argument("--serve", nargs=2, metavar=("CASE", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
        return 0
    rows = [["case", "situation", "one thread, us", "all, us", "chosen, us", "of one", "of the better"]]
    is_same, missed = True, list[str]()
    for case in (case for case in CASES if case.name in options.cases):
        of_case: set[str] = set()
        for situation in options.situations:
            if (found := measure(case, situation, options.rounds, options.seconds)) is None:
                print(f"{case.name}, {situation}: control groups cannot be made here", flush=True)
                continue
            (one, every, chosen), hashes = found
            of_case |= hashes
            times = [f"{1e6 * seconds:,.4g}" for seconds in (one, every, chosen)]
            rows.append(
                [case.name, situation, *times, f"{chosen / one:.2f}", f"{chosen / min(one, every):.2f}"]
            )
            print("  ".join(rows[-1]), flush=True)
            most = min(one, every) / BEST if situation == "quiet" else WORST * one
            if chosen > most:
                missed.append(f"{case.name}, {situation}")
        is_same = is_same and len(of_case) == 1
    print("All hashes are the same." if is_same else "THE HASHES DIFFER.")
    print("Beyond what is to be reached:", "; ".join(missed) or "nothing")
    if options.write:
        renew(options.write, "neighbours.py", markdown(rows))
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
