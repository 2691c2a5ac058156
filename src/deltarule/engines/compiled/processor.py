"""The vectors of the processor that the machine code is made for."""

from __future__ import annotations

import os
from functools import cache

import llvmlite.binding

from deltarule.errors import OptionError

_FEATURES: dict[str, bool] = dict(llvmlite.binding.get_host_cpu_features())
WIDTHS = 16, 32, 64
"""Bytes of a vector, of SSE or NEON, of AVX2, of AVX-512. The last has 32 registers on x86, the others 16."""
_WIDER: dict[int, tuple[str, ...]] = {
    16: ("avx", "fma", "f16c", "vaes", "vpclmulqdq", "xop", "amx"),
    32: ("avx512", "avx10", "evex512", "amx"),
    64: (),
}
"""How the names of features begin that a processor with vectors of so many bytes lacks."""


def _widest() -> int:
    """Return how many bytes the processor's vectors have."""
    return 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx2") else 16


def width_of(told: str, widest: int) -> int:
    """Return how many bytes vectors are to have: as DELTARULE_VECTORS tells, or all that the processor has.

    Raises
    ------
    OptionError
        What is told is no width, or wider than the processor has.
    """
    allowed = [width for width in WIDTHS if width <= widest]
    if not told:
        return widest
    if told.strip() in map(str, allowed):
        return int(told)
    raise OptionError(
        f"the environment variable DELTARULE_VECTORS is {told!r}; this processor has vectors of {widest} bytes, so "
        f"that it may be {' or '.join(map(str, allowed))}, or unset."
    )


IS_CHOSEN = bool(os.environ.get("DELTARULE_VECTORS"))
"""Whether DELTARULE_VECTORS says how wide vectors are."""
BYTES = width_of(os.environ.get("DELTARULE_VECTORS", ""), _widest())
IS_WIDE = BYTES == 64
"""Whether there are 32 registers of 64 bytes, not 16."""
LANES_4: int = BYTES // 4
LANES_8: int = max(4, BYTES // 8)  # four numbers at least are turned together
"""Numbers in a vector: of 4 bytes, of 8 bytes."""


def _cache(name: str, otherwise: int) -> int:
    """Return the bytes of a cache as the system tells them, which not every one does."""
    try:
        return max(0, os.sysconf(name)) or otherwise
    except (AttributeError, OSError, ValueError):
        return otherwise


FIRST_CACHE = _cache("SC_LEVEL1_DCACHE_SIZE", 2**15)
SECOND_CACHE = _cache("SC_LEVEL2_CACHE_SIZE", 2**18)
"""Bytes of the caches that a processor has for itself."""


def features_of(found: dict[str, bool], width: int) -> str:
    """Return the features that machine code with vectors of so many bytes may use, as LLVM writes them."""
    signs = {name: "+" if has and not name.startswith(_WIDER[width]) else "-" for name, has in found.items()}
    return ",".join(sign + name for name, sign in sorted(signs.items()))


FEATURES = features_of(_FEATURES, BYTES)


@cache
def fingerprint() -> str:
    """Return what machine code for this processor depends on."""
    name = llvmlite.binding.get_host_cpu_name()
    return f"{llvmlite.binding.get_process_triple()} {name} {BYTES} {FIRST_CACHE} {SECOND_CACHE} {FEATURES}"
