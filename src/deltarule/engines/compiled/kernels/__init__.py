"""What becomes machine code. Only this room imports Numba, and only where something must be compiled."""

# pyright: basic
# Numba gives these functions their types when it compiles them.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from deltarule.engines.compiled.kernels import (
    activations,
    dropout,
    epoch,
    inner,
    meeting,
    optimisers,
    outputs,
    rowwise,
    single,
    tiles,
    transfers,
)
from deltarule.engines.compiled.kernels.compiling import entry, object_code, of_memory
from deltarule.engines.compiled.letters import CHUNKS, SINGLES, STEPS, TRANSFERS

OVER_MEMORY = {
    "product": tiles.product,
    "inner": inner.inner,
    "activate": activations.activate,
    "drop": dropout.drop,
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
    "take": (transfers.take, TRANSFERS),
    "give": (transfers.give, TRANSFERS),
}
MEETING = {
    function.__name__: function
    for function in (meeting.side_by_side, meeting.listen, meeting.hire, meeting.dismiss)
}
LONGEST = "steps"
"""The kernel that takes as long to compile as all others together."""
OTHERS = tuple(name for name in (*OVER_MEMORY, *ENTRIES, *MEETING) if name != LONGEST)


def compiled(dtype: str, names: Iterable[str]) -> dict[str, tuple[str, bytes]]:
    """Return the symbol and the object file of kernels for networks of a dtype."""
    return {name: _object_code(dtype, name) for name in names}


def _object_code(dtype: str, name: str) -> tuple[str, bytes]:
    if name in OVER_MEMORY:
        return object_code(OVER_MEMORY[name], of_memory(OVER_MEMORY[name], dtype))
    if name in ENTRIES:
        function, told = ENTRIES[name]
        return object_code(entry(function, told, dtype), [types.int64, types.int64])
    return object_code(MEETING[name], [types.int64] * MEETING[name].__code__.co_argcount)


def frozen(
    dtype: str, layers: NDArray[np.int64], places: NDArray[np.int64], optimiser: int
) -> tuple[str, bytes]:
    """Return the entry `singles` for one network and optimiser."""
    function: Any = single.frozen(layers, places, optimiser)
    return object_code(entry(function, SINGLES, dtype), [types.int64, types.int64])
