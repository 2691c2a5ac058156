"""Memory: how much can still be had, and the error that names what did not fit."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from deltarule import groups
from deltarule.errors import OutOfMemoryError

if sys.platform == "win32":
    resource = None
else:
    import resource

FEWER = "take fewer rows or columns"
SMALLER = "take a smaller network or a smaller batch_size"
WORTH_ASKING = 2**26
"""Bytes from which on it is worth the time to ask the system whether they can be had."""
HALF_LOADED = "Polars binary is missing"
SIGNS = (
    "failed to map segment", "annot allocate", "cannot map zero-fill pages", "cannot create shared object descriptor",
    "out of memory", "can't start new thread", HALF_LOADED,
)  # fmt: skip
"""What loaders, systems and libraries say instead of raising a MemoryError."""
UNSAID = (
    "without exception set", "without setting an exception", "without raising an exception", "with an exception set",
    "raised unreported exception",
)  # fmt: skip
"""What Python says of native code that fails and says nothing, as some does where a limit has it refused memory."""


def _nobody(said: object) -> None:
    return None


tell: Callable[[str], None] = _nobody
"""Told what to say if the process should end now because memory was refused, which native libraries end by."""
over: Callable[[int], None] = _nobody
"""Told the exit code of a command whose last sentence is about to be said, whatever ends the process then."""
_said = [""]


@contextmanager
def room_for(what: str, remedy: str = FEWER) -> Generator[None]:
    """Let a MemoryError meanwhile be an OutOfMemoryError that names what did not fit, and what to do.

    >>> with room_for("the table"):
    ...     raise MemoryError
    Traceback (most recent call last):
    deltarule.errors.OutOfMemoryError: out of memory: the table does not fit; take fewer rows or columns.
    """
    sentence = f"out of memory: {what} does not fit; {remedy}."
    _said.append(sentence)
    tell(sentence)
    try:
        yield
    except OutOfMemoryError:
        raise
    except MemoryError:
        raise OutOfMemoryError(sentence) from None
    else:
        tell(_said[-2])
    finally:
        _said.pop()


def require(size: int, what: str, remedy: str = FEWER) -> None:
    """Raise an OutOfMemoryError where so many bytes cannot be had, as far as the system tells.

    For what the system would grant and then kill the process for, and for what a native library would abort at.
    """
    there = available() if size >= WORTH_ASKING else None
    if there is not None and size > there:
        raise OutOfMemoryError(
            f"out of memory: {what} takes about {amount(size)} and {amount(there)} can be had; {remedy}."
        )


def require_network(sizes: Sequence[int], itemsize: int) -> None:
    """Raise an OutOfMemoryError where a network's theta, with the draws of its largest layer, cannot be had."""
    layers = list(pairwise(sizes))
    P = sum(n_out * (n_in + 1) for n_in, n_out in layers)
    drawn = max(n_out * n_in for n_in, n_out in layers)
    require(P * itemsize + drawn * 8, f"the network of {count(P)} parameters", SMALLER)


def require_training(P: int, itemsize: int, optimiser: str, each: int) -> None:
    """Raise an OutOfMemoryError where a training that keeps `each` numbers a parameter cannot have them."""
    what = f"training {count(P)} parameters with {optimiser}, {each} numbers for each,"
    require(P * each * itemsize, what, SMALLER)


def count(n: int) -> str:
    """Return a whole number in words."""
    return f"{n:,}" if n < 10**18 else "more than 10^18"


def amount(size: int) -> str:
    """Return a number of bytes in words.

    >>> amount(-5), amount(300_000_000), amount(52_000_000_008), amount(10**400)
    ('0 MB', '300 MB', '52 GB', 'more than 10^9 GB')
    """
    if size >= 10**18:
        return "more than 10^9 GB"
    return f"{max(size, 0) / 1e6:,.0f} MB" if size < 10**9 else f"{size / 1e9:,.3g} GB"


def available() -> int | None:
    """Return how many bytes this process can still have; None where the system does not tell.

    The least of what is left of its own limits (`ulimit -v`, `-d`), of its control group's, and of the machine's.
    """
    bounds = [*_of_limits(), groups.memory(), *_of_machine()]
    return int(least) if (least := min(bounds)) < math.inf else None


def limit() -> int | None:
    """Return how many bytes this process may have by its own limits; None where it has none."""
    if resource is None:
        return None
    limits = (resource.getrlimit(which)[0] for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return min((each for each in limits if each != resource.RLIM_INFINITY), default=None)


def _of_limits() -> list[int]:
    if resource is None or (most := limit()) is None:
        return []
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
        return [most - pages * os.sysconf("SC_PAGE_SIZE")]
    return []


def _of_machine(meminfo: Path = Path("/proc/meminfo")) -> list[int]:
    with suppress(OSError, KeyError, ValueError):
        lines = (line.partition(":") for line in meminfo.read_text(encoding="utf-8").splitlines())
        kilobytes = {name: int(value.split()[0]) for name, _, value in lines}
        return [1024 * (kilobytes["MemAvailable"] + kilobytes["SwapFree"])]
    return []


def is_shortage(error: BaseException | None) -> bool:
    """Return whether an error, or one that it came from, says in one way or another that memory was refused."""
    while error is not None:
        text = str(error)
        if isinstance(error, MemoryError) or any(sign in text for sign in SIGNS):
            return True
        if isinstance(error, SystemError) and any(sign in text for sign in UNSAID) and limit():
            return True
        error = error.__cause__ or error.__context__
    return False
