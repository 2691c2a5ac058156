"""What the machine has: its processor and the threads that this process may use."""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path

from deltarule import groups


def processors() -> int:
    """Return how many processors this process may use: those it is bound to, within its containers' quota."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(there, groups.processors())))


def available_threads() -> int:
    """Return how many processors this process may use, and no more than OMP_NUM_THREADS says.

    That variable is how a person, or joblib for its workers, bounds the threads of all libraries.
    """
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(processors(), int(told)) if told.isdecimal() and int(told) > 0 else processors()


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor, with family and model where the system tells, since names can be vague."""
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    first = cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    known = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first)}
    if "model name" not in known:
        return platform.machine()
    return f"{known['model name']} (family {known.get('cpu family', '?')}, model {known.get('model', '?')})"
