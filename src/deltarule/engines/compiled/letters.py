"""Letters: the arguments of an entry into machine code, as one row of integers that native threads can read.

An array is its address and its shape, a number itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS: dict[str, tuple[str, int]] = {
    "memory": ("number", 1),
    "layers": ("int64", 2),
    "places": ("int64", 1),
    "layers_of": ("int64", 3),
    "places_of": ("int64", 2),
    "blocks": ("int64", 2),
    "shares": ("int64", 1),
    "code": ("int64", 0),
    "reals": ("float64", 1),
    "X": ("number", 2),
    "lists": ("int64", 1),
    "p": ("number", 2),
    "w": ("number", 1),
    "keys": ("number", 1),
    "order": ("int64", 1),
    "rates": ("float64", 1),
    "t": ("int64", 0),
    "losses": ("float64", 1),
    "squares": ("float64", 2),
    "norms": ("float64", 1),
    "result": ("float64", 1),
    "counters": ("int64", 1),
    "interrupted": ("bool", 1),
    "done": ("int64", 0),
    "most": ("int64", 0),
    "out": ("number", 2),
    "sums": ("float64", 1),
    "threads": ("int64", 0),
    "theta": ("number", 1),
    "before": ("number", 1),
}
"""The dtype of every argument, `number` being that of the network, and how many axes it has."""

STEPS = (
    "memory", "layers_of", "places_of", "blocks", "shares", "code", "reals", "X", "lists", "p", "w", "keys",
    "order", "rates", "t", "losses", "squares", "norms", "result", "counters", "interrupted", "done", "most",
    "threads",
)  # fmt: skip
SINGLES = (
    "memory", "layers", "places", "code", "reals", "X", "p", "order", "rates", "t", "norms", "result", "counters",
    "interrupted", "most",
)  # fmt: skip
CHUNKS = "memory", "layers_of", "places_of", "X", "lists", "p", "w", "order", "out", "sums", "threads"
TRANSFERS = "memory", "layers_of", "places_of", "lists", "theta", "before", "counters", "result"
"""The arguments of the entries, in their order."""


class Letter:
    """The arguments of one entry for a network of one dtype; what does not change need not be written again."""

    def __init__(self, names: tuple[str, ...], dtype: np.dtype[Any]) -> None:
        self._dtypes = {
            name: dtype if KINDS[name][0] == "number" else np.dtype(KINDS[name][0]) for name in names
        }
        self._held: dict[str, NDArray[Any]] = {}
        self._places: dict[str, int] = {}
        size = 0
        for name in names:
            self._places[name] = size
            size += 1 + KINDS[name][1]
        self.numbers = np.zeros(size, np.int64)
        self.address = int(self.numbers.ctypes.data)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def write(self, **arguments: Any) -> Letter:
        """Write some of the arguments. Arrays are kept alive, and must be contiguous and of the right dtype."""
        for name, value in arguments.items():
            at, axes = self._places[name], KINDS[name][1]
            if axes == 0:
                self.numbers[at] = value
            elif self._held.get(name) is not value:
                if value.ndim != axes or value.dtype != self._dtypes[name] or not value.flags.c_contiguous:
                    raise TypeError(f"{name} is {value.dtype} with {value.ndim} axes, or not contiguous")
                self._held[name] = value
                self.numbers[at] = value.__array_interface__["data"][0]
                self.numbers[at + 1 : at + 1 + axes] = value.shape
        return self
