"""How threads meet inside native code: counters they share, a barrier, and the boards that work is given through.

Whoever waits spins, because a step may take two microseconds, and after a while gives way to others, because there
may be more threads than cores.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.vectors import INTEGER, call
from deltarule.engines.compiled.threads import (
    ASLEEP,
    DONE,
    EACH,
    FUNCTION,
    GIVEN,
    HIRED,
    LETTER,
    LISTENING,
    MEETINGS,
    QUEUES,
    STATE,
    THREAD,
    WAS,
)

SPINS = 4_000
"""Looks at what others change before a thread gives way."""
YIELDS = 1_000
"""How often a worker that nobody has hired gives way before it sleeps: about half a millisecond."""

FROM_BACK = 1 << 32

_give_way = types.ExternalFunction(
    "SwitchToThread" if sys.platform == "win32" else "sched_yield", types.int32()
)


def _pointer(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
    """Return a pointer to number `arguments[1]` of an array, or of what lies from an address on."""
    kind, counters = signature.args[0], arguments[0]
    if isinstance(kind, types.Array):
        data = context.make_array(kind)(context, builder, counters).data
    else:
        data = builder.inttoptr(counters, INTEGER.as_pointer())
    return builder.gep(data, [arguments[1]])


@intrinsic
def add(typing: Any, counters: Any, at: Any, n: Any) -> Any:
    """Add n to counters[at] as one operation, and return what it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature, arguments)
        return builder.atomic_rmw("add", place, arguments[2], "seq_cst")

    return types.int64(counters, types.intp, types.int64), generate


@intrinsic
def swap(typing: Any, counters: Any, at: Any, n: Any) -> Any:
    """Set counters[at] to n as one operation, and return what it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature, arguments)
        return builder.atomic_rmw("xchg", place, arguments[2], "seq_cst")

    return types.int64(counters, types.intp, types.int64), generate


@intrinsic
def replace(typing: Any, counters: Any, at: Any, old: Any, new: Any) -> Any:
    """Set counters[at] to new if it is old, as one operation, and return whether it was."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature, arguments)
        found = builder.cmpxchg(place, *arguments[2:], "seq_cst", "seq_cst")
        return builder.extract_value(found, 1)

    return types.boolean(counters, types.intp, types.int64, types.int64), generate


@intrinsic
def look(typing: Any, counters: Any, at: Any) -> Any:
    """Return counters[at] as it is in memory now."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_pointer(context, builder, signature, arguments), "acquire", 8)

    return types.int64(counters, types.intp), generate


@njit(**OPTIONS)
def meet(counters, thread, threads):
    """Return once every thread of the run has come here.

    Each counts its own meetings, and nobody else writes there: so news of one goes from cache to cache once.
    """
    if threads == 1:
        return
    times = look(counters, MEETINGS + EACH * thread) + 1
    swap(counters, MEETINGS + EACH * thread, times)
    for other in range(threads):
        spins = 0
        while look(counters, MEETINGS + EACH * other) < times:
            spins += 1
            if spins > SPINS:
                _give_way()


@njit(**OPTIONS)
def next_of(counters, shares, thread, threads):
    """Return the next thing for a thread to do: from the front of its own share, then from the back of others'; or -1.

    counters[QUEUES + EACH t] counts what was taken of share t: from the front in its lower half, from the back above.
    """
    for distance in range(threads):
        of = (thread + distance) % threads
        taken = add(counters, QUEUES + EACH * of, 1 if distance == 0 else FROM_BACK)
        front, back = taken % FROM_BACK, taken // FROM_BACK
        if shares[of] + front + back < shares[of + 1]:
            return shares[of] + front if distance == 0 else shares[of + 1] - 1 - back
    return -1


def side_by_side(function, letter, boards, count, first, its_letter, last, last_letter):
    """Call an entry with a letter in this thread, as thread 0, and in the `count` threads of boards; wait for all.

    boards is the address of the boards' addresses. This thread calls `first` before them, and `last` after them, each
    with a letter of its own, unless it is 0.
    """
    if first != 0:
        call(first, its_letter, (0,))
    for n in range(count):
        board = look(boards, n)
        swap(board, FUNCTION, function)
        swap(board, LETTER, letter)
        swap(board, THREAD, n + 1)
        add(board, GIVEN, 1)
    call(function, letter, (0,))
    for n in range(count):
        board = look(boards, n)
        spins = 0
        while look(board, DONE) != look(board, GIVEN):
            spins += 1
            if spins > SPINS:
                _give_way()

    if last != 0:
        call(last, last_letter, (0,))


def listen(board):
    """Do the work that comes to a board; return when nobody has hired its worker for a while."""
    turns = 0
    while turns <= SPINS + YIELDS or not replace(board, STATE, LISTENING, ASLEEP):
        if look(board, GIVEN) != look(board, DONE):
            call(look(board, FUNCTION), look(board, LETTER), (look(board, THREAD),))
            add(board, DONE, 1)
            turns = 0
        turns += 1
        if turns > SPINS:
            _give_way()


def hire(board):
    """Hire a worker, and write on its board what it was."""
    swap(board, WAS, swap(board, STATE, HIRED))


def dismiss(board):
    """Let a worker go."""
    swap(board, STATE, LISTENING)
