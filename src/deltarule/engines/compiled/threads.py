"""A barrier for threads inside native code, and how they are started.

Threads of one run meet at a barrier twice a step. They spin, because a step may take two microseconds, and after a
while give way to others, because there may be more threads than cores.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.functions import OPTIONS

SPINS = 4_000
"""Looks at the barrier before a thread gives way."""

_give_way = types.ExternalFunction("sched_yield", types.int32())


def _pointer(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


@intrinsic
def add(typing: Any, counters: Any, at: Any, n: Any) -> Any:
    """Add n to counters[at] as one operation, and return what it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw(
            "add", _pointer(context, builder, signature, arguments), arguments[2], "seq_cst"
        )

    return types.int64(counters, types.intp, types.int64), generate


@intrinsic
def look(typing: Any, counters: Any, at: Any) -> Any:
    """Return counters[at] as it is in memory now."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_pointer(context, builder, signature, arguments), "acquire", 8)

    return types.int64(counters, types.intp), generate


@njit(**OPTIONS)
def meet(counters, threads):
    """Return once every thread of the run has come here. counters[0]: who has come; counters[8]: how often."""
    if threads == 1:
        return
    times = look(counters, 8)
    if add(counters, 0, 1) == threads - 1:
        add(counters, 0, -threads)
        add(counters, 8, 1)
        return
    spins = 0
    while look(counters, 8) == times:
        spins += 1
        if spins > SPINS:
            _give_way()


def run(threads: int, work: Callable[[int], None]) -> None:
    """Call work(0), ..., work(threads - 1), each in a thread of its own, and wait; Ctrl-C is seen meanwhile."""
    workers = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
