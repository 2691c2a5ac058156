"""What becomes machine code. Only this room imports Numba, and only where something must be compiled."""

# pyright: basic
# Numba gives these functions their types when it compiles them.

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from deltarule.engines.compiled.catalogue import ENTRIES, OVER_MEMORY, place_of
from deltarule.engines.compiled.kernels.compiling import by_letter, object_code, of_memory


def compiled(dtype: str, name: str) -> tuple[str, bytes]:
    """Return the symbol and the object file of a kernel for networks of a dtype."""
    function = _function(name)
    if name in OVER_MEMORY:
        return object_code(function, of_memory(function, dtype))
    if name in ENTRIES:
        return object_code(*by_letter(function, *ENTRIES[name][1:], dtype))
    return object_code(function, [types.int64] * function.__code__.co_argcount)


def _function(name: str) -> Any:
    module, _, attribute = place_of(name).partition(".")
    found = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found[int(name.split("_")[1])] if isinstance(found, dict) else found


def frozen(dtype: str, layers: list[list[int]], places: list[int], optimiser: int) -> tuple[str, bytes]:
    """Return the entry `singles` for one network and optimiser."""
    from deltarule.engines.compiled.kernels import single

    of_layers: NDArray[np.int64] = np.array(layers, np.int64)
    function: Any = single.frozen(of_layers, np.array(places, np.int64), optimiser)
    return object_code(*by_letter(function, *ENTRIES["singles"][1:], dtype))
