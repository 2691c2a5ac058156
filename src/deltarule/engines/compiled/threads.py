"""A barrier for threads inside native code, and how they are started.

Threads of one run meet at a barrier twice a step. They spin, because a step may take two microseconds, and after a
while give way to others, because there may be more threads than cores.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, ClassVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.keeping import OPTIONS, kept

COUNTERS, STOP, NEXT = 48, 16, 32
"""How many counters threads share; the places, a cache line apart, of the one that says whether to go on and of the
one that gives out groups."""
GOING, INTERRUPTED, DIVERGED = range(3)

SPINS = 4_000
"""Looks at the barrier before a thread gives way."""

YIELDS = 1_000
"""How often a worker gives way while it listens, before it sleeps: about half a millisecond."""

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


@kept
def _listen(bell, heard):
    """Return once bell[0] is not what was heard, or after a while."""
    for _ in range(YIELDS):
        if look(bell, 0) != heard:
            return
        _give_way()


class Worker:
    """A thread that does one piece of work after another. It ends with the process.

    For a moment after its work it listens for more, since waking a sleeping thread takes as long as a short epoch.
    """

    idle: ClassVar[list[Worker]] = []

    def __init__(self) -> None:
        self.bell = np.zeros(1, np.int64)
        self.given: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.done: SimpleQueue[BaseException | None] = SimpleQueue()
        self.heard = 0
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self) -> None:
        while True:
            _listen(self.bell, self.heard)
            work = self.given.get()
            self.heard += 1
            try:
                work()
            except BaseException as error:
                self.done.put(error)
            else:
                self.done.put(None)
            del work

    def give(self, work: Callable[[], None]) -> None:
        self.given.put(work)
        self.bell[0] += 1

    @classmethod
    def hired(cls) -> Worker:
        """Return an idle worker, or a new one."""
        try:
            return cls.idle.pop()
        except IndexError:
            return cls()


if hasattr(os, "register_at_fork"):  # a child process has no threads but the one that forked
    os.register_at_fork(after_in_child=Worker.idle.clear)


def run(threads: int, work: Callable[[int], None], *, is_long: bool) -> None:
    """Call work(0), ..., work(threads - 1) side by side, and wait.

    The calling thread does work(0) itself, except where it is long: then it waits, since a main thread sees Ctrl-C
    only outside of native code.
    """
    first = 0 if is_long else 1
    workers = [Worker.hired() for _ in range(first, threads)]
    for n, worker in enumerate(workers, first):
        worker.give(partial(work, n))
    if not is_long:
        work(0)
    for error in [worker.done.get() for worker in workers]:
        if error is not None:
            raise error
    Worker.idle.extend(workers)
