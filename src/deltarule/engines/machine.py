"""What the machine has: its processor and the threads that this process may use."""

from __future__ import annotations

import math
import os
import platform
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


def processors() -> int:
    """Return how many processors this process may use: those it is bound to, within its containers' quota."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(there, quota())))


def available_threads() -> int:
    """Return how many processors this process may use, and no more than OMP_NUM_THREADS says.

    That variable is how a person, or joblib for its workers, bounds the threads of all libraries.
    """
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(processors(), int(told)) if told.isdecimal() and int(told) > 0 else processors()


def quota(groups: Path = GROUPS, own: Path = Path("/proc/self/cgroup")) -> float:
    """Return how many processors' time the control groups of this process allow it; infinity where none bounds it.

    Of the second version of control groups, the least of a group and all around it; of the first, which containers
    show as the top, that of the top.
    """
    bounds = [math.inf]
    for group in _groups(groups, own):
        with suppress(OSError, ValueError):
            most, period = (group / "cpu.max").read_text(encoding="utf-8").split()
            bounds.append(int(most) / int(period))
    with suppress(OSError, ValueError):
        first = [
            int((groups / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="utf-8"))
            for name in ("quota", "period")
        ]
        bounds += [first[0] / first[1]] if first[0] > 0 else []
    return min(bound for bound in bounds if bound > 0)


def _groups(groups: Path, own: Path) -> list[Path]:
    """Return the folders of this process's control group and of those around it."""
    with suppress(OSError, ValueError, StopIteration):
        lines = own.read_text(encoding="utf-8").splitlines()
        name = next(line[3:] for line in lines if line.startswith("0::")).strip("/")
        here = groups / name
        return [here, *(each for each in here.parents if each.is_relative_to(groups))]
    return [groups]


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor, with family and model where the system tells, since names can be vague."""
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    first = cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    known = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first)}
    if "model name" not in known:
        return platform.machine()
    return f"{known['model name']} (family {known.get('cpu family', '?')}, model {known.get('model', '?')})"
