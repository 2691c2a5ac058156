"""Side by side: the columns of a large table on several threads, as NumPy and Polars let them run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from deltarule.engines.machine import available_threads
from deltarule.memory import limit

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGE = 2**17
"""Rows of all items together from which on threads are worth their start."""


def side_by_side(function: Callable[[Item], Result], items: Iterable[Item], rows: int) -> list[Result]:
    """Return what a function makes of each item, in their order; of several at once where there are many rows.

    Where memory is limited it is one after the other: Polars, refused memory for a thread, waits for ever. What an
    item raises is raised here, of the first that does.

    >>> side_by_side(len, ["a", "bc"], rows=2**20)
    [1, 2]
    """
    items = list(items)
    threads = min(available_threads(), len(items))
    if threads < 2 or rows * len(items) < LARGE or limit() is not None:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))
