"""What becomes machine code. Only this room imports Numba, and only where something must be compiled."""

# pyright: basic
# Numba gives these functions their types when it compiles them.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from deltarule.engines.compiled.kernels import (
    activations,
    epoch,
    meeting,
    optimisers,
    outputs,
    rowwise,
    single,
    tiles,
)
from deltarule.engines.compiled.kernels.compiling import entry, object_code, of_memory
from deltarule.engines.compiled.letters import CHUNKS, SINGLES, STEPS

OVER_MEMORY = {
    "product": tiles.product,
    "activate": activations.activate,
    "delta": outputs.delta,
    "y_hat": outputs.y_hat,
    "step": optimisers.step,
    "change": rowwise.change,
    **{f"one_{lanes}": function for lanes, function in single.BY_LANES.items()},
}
"""Kernels that others call by their addresses.

Numba copies the code of what a function calls into it, and compiles it anew there. For code as large as a product's
that is too slow.
"""
ENTRIES = {
    "steps": (epoch.steps_of, STEPS),
    "chunks": (epoch.chunks_of, CHUNKS),
    "singles": (single.singles, SINGLES),
}
MEETING = (meeting.side_by_side, meeting.listen, meeting.hire, meeting.dismiss)


def compiled(dtype: str) -> dict[str, tuple[str, bytes]]:
    """Return the symbol and the object file of every kernel for networks of a dtype."""
    made: dict[str, tuple[str, bytes]] = {}
    for name, function in OVER_MEMORY.items():
        made[name] = object_code(function, of_memory(function, dtype))
    for name, (function, names) in ENTRIES.items():
        made[name] = object_code(entry(function, names, dtype), [types.int64, types.int64])
    for function in MEETING:
        count = function.__code__.co_argcount
        made[function.__name__] = object_code(function, [types.int64] * count)
    return made


def frozen(
    dtype: str, layers: NDArray[np.int64], places: NDArray[np.int64], optimiser: int
) -> tuple[str, bytes]:
    """Return the entry `singles` for one network and optimiser."""
    function: Any = single.frozen(layers, places, optimiser)
    return object_code(entry(function, SINGLES, dtype), [types.int64, types.int64])
