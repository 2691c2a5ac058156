"""The memory there is, and the refusal of what goes beyond it before it is allocated."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from deltarule.errors import OptionError
from deltarule.options import shown

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much a container may use."""


@cache
def memory() -> int:
    """Return the bytes of memory that this process may use; where the system does not tell, what it can address."""
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        there = sys.maxsize
    for limit in LIMITS:
        try:
            there = min(there, int(limit.read_text()))
        except (OSError, ValueError):  # no container, or "max"
            continue
    return there


def refuse_network(sizes: Sequence[int], itemsize: int) -> None:
    """Refuse a network whose theta, with the draws of its largest layer in float64, is beyond memory.

    Raises
    ------
    OptionError
        It says how many parameters the sizes give, what they take, and what the machine has.
    """
    layers = list(pairwise(sizes))
    P = sum(n_out * (n_in + 1) for n_in, n_out in layers)
    drawn = max(n_out * n_in for n_in, n_out in layers)
    need = P * itemsize + drawn * 8
    if need > memory():
        raise OptionError(
            f"sizes are {shown(list(sizes))}; these {count(P)} parameters take {gigabytes(need)}, several times "
            f"that to train, and this machine has {gigabytes(memory())} of memory; take fewer units."
        )


def refuse_training(P: int, itemsize: int, optimiser: str, each: int) -> None:
    """Refuse a training that keeps `each` numbers a parameter where those are beyond memory.

    Raises
    ------
    OptionError
        It says what they take, and what the machine has.
    """
    need = P * each * itemsize
    if need > memory():
        raise OptionError(
            f"training {count(P)} parameters with {optimiser} takes {each} numbers for each (itself, its derivative, "
            f"what the optimiser keeps), {gigabytes(need)}, and this machine has {gigabytes(memory())} of memory; "
            "take fewer units."
        )


def count(n: int) -> str:
    """Return a whole number in words."""
    return f"{n:,}" if n < 10**18 else "more than 10^18"


def gigabytes(n: int) -> str:
    """Return a number of bytes in words.

    >>> gigabytes(52_000_000_008), gigabytes(10**400)
    ('52 GB', 'more than 10^9 GB')
    """
    return f"{n / 1e9:,.3g} GB" if n < 10**12 else f"{n // 10**9:,} GB" if n < 10**18 else "more than 10^9 GB"
