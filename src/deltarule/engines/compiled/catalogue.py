"""The kernels there are: where in kernels/ each stands, and what it is called with."""

from __future__ import annotations

from deltarule.engines.compiled.letters import CHUNKS, SINGLES, STEPS, TRANSFERS

OVER_MEMORY: dict[str, str] = {
    "product": "tiles.product",
    "inner": "inner.inner",
    "activate": "activations.activate",
    "drop": "dropout.drop",
    "delta": "outputs.delta",
    "y_hat": "outputs.y_hat",
    "step": "optimisers.step",
    "change": "rowwise.change",
    **{f"one_{lanes}": "single.BY_LANES" for lanes in (2, 4, 8, 16)},
}
"""Kernels that others call by their addresses; one_2 is the entry 2 of single.BY_LANES.

Numba copies the code of what a function calls into it, and compiles it anew there. For code as large as a product's
that is too slow.
"""
ENTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "steps": ("epoch.steps_of", STEPS),
    "chunks": ("epoch.chunks_of", CHUNKS),
    "singles": ("single.singles", SINGLES),
    "take": ("transfers.take", TRANSFERS),
    "give": ("transfers.give", TRANSFERS),
}
"""Kernels that Python calls with a letter, and what is in it."""
MEETING: dict[str, str] = {name: f"meeting.{name}" for name in ("side_by_side", "listen", "hire", "dismiss")}
"""Kernels of threads, which take integers."""
NAMES: tuple[str, ...] = (*OVER_MEMORY, *ENTRIES, *MEETING)
LONGEST = "steps"
"""The kernel that takes nearly as long to compile as all others together."""


def place_of(name: str) -> str:
    """Return the module and the name in it of a kernel.

    >>> place_of("steps"), place_of("one_4"), place_of("hire")
    ('epoch.steps_of', 'single.BY_LANES', 'meeting.hire')
    """
    if name in ENTRIES:
        return ENTRIES[name][0]
    return OVER_MEMORY[name] if name in OVER_MEMORY else MEETING[name]
