"""The vectors of the processor that the machine code is made for."""

from __future__ import annotations

from functools import cache

import llvmlite.binding

_FEATURES: dict[str, bool] = dict(llvmlite.binding.get_host_cpu_features())
IS_WIDE = bool(_FEATURES.get("avx512f"))
"""Whether the processor has 32 registers of 64 bytes, not 16 of 32."""
LANES_4: int = 16 if IS_WIDE else 8
LANES_8: int = 8 if IS_WIDE else 4
"""Numbers in a vector: of 4 bytes, of 8 bytes."""


@cache
def fingerprint() -> str:
    """Return what machine code for this processor depends on."""
    features = sorted(name for name, has in _FEATURES.items() if has)
    return (
        f"{llvmlite.binding.get_process_triple()} {llvmlite.binding.get_host_cpu_name()} {' '.join(features)}"
    )
