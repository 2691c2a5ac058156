"""Linux's control groups: what a container, or whoever else shares a machine out, lets this process have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def processors(groups: Path = GROUPS, own: Path = OWN) -> float:
    """Return how many processors' time the groups allow; infinity where none bounds it."""
    bounds = [math.inf]
    for folder in _folders("cpu", groups, own):
        with suppress(OSError, ValueError):
            most, period = _text(folder / "cpu.max").split()
            bounds.append(int(most) / int(period))
        with suppress(OSError, ValueError):
            most, period = (_text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
            bounds.append(int(most) / int(period))  # -1 where there is none
    return min(bound for bound in bounds if bound > 0)


def memory(groups: Path = GROUPS, own: Path = OWN) -> float:
    """Return how many bytes the groups leave; infinity where none bounds it. Files that are kept in them give way."""
    left = [math.inf]
    for folder in _folders("memory", groups, own):
        for most, used, kept in (
            ("memory.max", "memory.current", "file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"),
        ):
            with suppress(OSError, KeyError, ValueError):
                lines = (line.split() for line in _text(folder / "memory.stat").splitlines())
                known = {name: int(value) for name, value in lines}
                left.append(int(_text(folder / most)) - int(_text(folder / used)) + known[kept])
    return min(left)


def _folders(controller: str, groups: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's group and of all around it, of either version of control groups.

    The first has a hierarchy for each controller; within a container its top shows the container's own group, and the
    name of that group, as the machine around knows it, leads nowhere.
    """
    with suppress(OSError, ValueError, KeyError):
        lines = [line.split(":", 2) for line in _text(own).splitlines()]
        firsts = {name: path for _, names, path in lines for name in names.split(",")}
        top, path = (
            (groups / controller, firsts[controller]) if controller in firsts else (groups, firsts[""])
        )
        here = top / path.strip("/")
        yield from (each for each in (here, *here.parents) if each.is_relative_to(top))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
