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
_THREAD = ("thread",)
_PART_1 = "thread", "start", "count", "salted", "real_scale"
_CORRECTED = "real_corrected_a", "real_corrected_b", "real_corrected_c"
ENTRIES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "steps": ("epoch.steps", STEPS, _THREAD),
    "together": ("epoch.together", STEPS, _PART_1),
    "in_groups": ("epoch.in_groups", STEPS, _PART_1),
    "in_strands": ("epoch.in_strands", STEPS, _PART_1),
    "by_one": ("single.by_one", STEPS, _PART_1),
    "by_blocks": (
        "blocks.by_blocks",
        STEPS,
        ("part", "count", "keeps", "real_share", "real_lr", *_CORRECTED),
    ),
    "clipped": ("blocks.by_blocks_clipped", STEPS, ("part", "real_lr", *_CORRECTED)),
    "scales": ("blocks.by_blocks_of_scales", STEPS, ("thread", "makes", "steps", "real_lr", *_CORRECTED)),
    "chunks": ("epoch.chunks", CHUNKS, _THREAD),
    "singles": ("single.singles", SINGLES, _THREAD),
    "take": ("transfers.take", TRANSFERS, _THREAD),
    "give": ("transfers.give", TRANSFERS, _THREAD),
}
"""Kernels that are called with a letter: what is in it, and what is given beside it. Python calls those of a thread
alone; `steps` calls the others by their addresses."""
MEETING: dict[str, str] = {name: f"meeting.{name}" for name in ("side_by_side", "listen", "hire", "dismiss")}
"""Kernels of threads, which take integers."""
NAMES: tuple[str, ...] = (*OVER_MEMORY, *ENTRIES, *MEETING)
RARE = frozenset({"in_strands", "by_one", "singles", "scales", *(f"one_{lanes}" for lanes in (2, 4, 8, 16))})
"""Kernels that are compiled where a network needs them; all others are, before anything is trained or predicted."""
HALF = "together", "in_groups", "in_strands", "chunks", "take", "give"
"""Kernels that take as long to compile as all others. The first four have most of what they are made of in common,
which is compiled once for all of them."""


def place_of(name: str) -> str:
    """Return the module and the name in it of a kernel.

    >>> place_of("steps"), place_of("one_4"), place_of("hire")
    ('epoch.steps', 'single.BY_LANES', 'meeting.hire')
    """
    if name in ENTRIES:
        return ENTRIES[name][0]
    return OVER_MEMORY[name] if name in OVER_MEMORY else MEETING[name]
