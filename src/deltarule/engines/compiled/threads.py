"""Threads that work side by side in native code: how they are hired, given work, and meet.

A run is one call of native code. Its thread hands the work to the others itself, through a board that each of them
watches, so that no Python stands between two short epochs. Within the work threads meet at a barrier. Whoever waits
spins, because a step may take two microseconds, and after a while gives way to others, because there may be more
threads than cores.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, ClassVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from deltarule.engines.compiled.keeping import OPTIONS, kept
from deltarule.engines.compiled.vectors import INTEGER

COUNTERS, STOP, NEXT = 48, 16, 32
"""How many counters threads share; the places, a cache line apart, of the one that says whether to go on and of the
one that gives out groups."""
GOING, INTERRUPTED, DIVERGED = range(3)

BOARD, FUNCTION, ARGUMENTS, THREAD, GIVEN, DONE, STATE = 64, 0, 1, 2, 16, 32, 48
"""The size of a worker's board; the places on it of what to call, with what, and as which thread; of how much work was
given and how much is done; and of what the worker is:"""
LISTENING, HIRED, ASLEEP = range(3)

SPINS = 4_000
"""Looks at what others change before a thread gives way."""
YIELDS = 1_000
"""How often a worker that nobody has hired gives way before it sleeps: about half a millisecond."""

_give_way = types.ExternalFunction("sched_yield", types.int32())


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


@intrinsic
def answer(typing: Any, what: Any, address: Any, thread: Any) -> Any:
    """Call the function at address `what` with the arguments that lie at an address, as a thread."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        form = ir.FunctionType(ir.VoidType(), [INTEGER, INTEGER])
        builder.call(builder.inttoptr(arguments[0], form.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


def letter_for(function: Any) -> Callable[..., tuple[int, int]]:
    """Return what makes a letter, which `side_by_side` takes, of the arguments of function(*arguments, thread)."""
    kind = types.Dispatcher(function)

    def write_call(context: Any, builder: Any, form: Any, wanted: Any) -> Any:
        """Write a function that `answer` can call, and return it."""
        name = f"{function.__name__}.answer"
        made = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [INTEGER, INTEGER]), name)
        made.linkage = "internal"
        inside = ir.IRBuilder(made.append_basic_block("entry"))
        given = inside.load(inside.inttoptr(made.args[0], form.as_pointer()))
        parts = [inside.extract_value(given, n) for n in range(len(form.elements))]
        compiled = function.overloads[wanted.args]
        context.active_code_library.add_linking_library(compiled.library)
        called = context.declare_function(builder.module, compiled.fndesc)
        context.call_conv.call_function(inside, called, types.none, wanted.args, [*parts, made.args[1]])
        inside.ret_void()
        return made

    @intrinsic
    def letter(typing: Any, arguments: Any) -> Any:
        """Return the addresses of a function that `answer` can call and of the arguments, in the caller's stack."""
        wanted = typing.resolve_function_type(kind, (*arguments.types, types.int64), {})

        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            place = cgutils.alloca_once_value(builder, given[0])
            made = write_call(context, builder, given[0].type, wanted)
            addresses = [builder.ptrtoint(pointer, INTEGER) for pointer in (made, place)]
            return context.make_tuple(builder, signature.return_type, addresses)

        return types.UniTuple(types.int64, 2)(arguments), generate

    return letter


@njit(**OPTIONS)
def side_by_side(boards, letter):
    """Do the work of a letter in this thread, as thread 0, and in those of the boards, which are given as addresses.

    Returns when all have done it.
    """
    what, address = letter
    for n in range(len(boards)):
        swap(boards[n], FUNCTION, what)
        swap(boards[n], ARGUMENTS, address)
        swap(boards[n], THREAD, n + 1)
        add(boards[n], GIVEN, 1)
    answer(what, address, 0)
    for n in range(len(boards)):
        spins = 0
        while look(boards[n], DONE) != look(boards[n], GIVEN):
            spins += 1
            if spins > SPINS:
                _give_way()


@kept
def _listen(board):
    """Do the work that comes to a board; return when nobody has hired its worker for a while."""
    turns = 0
    while turns <= SPINS + YIELDS or not replace(board, STATE, LISTENING, ASLEEP):
        if look(board, GIVEN) != look(board, DONE):
            answer(look(board, FUNCTION), look(board, ARGUMENTS), look(board, THREAD))
            add(board, DONE, 1)
            turns = 0
        turns += 1
        if turns > SPINS:
            _give_way()


@kept
def _hire(board):
    """Hire a worker and return whether it sleeps."""
    return swap(board, STATE, HIRED) == ASLEEP


@kept
def _dismiss(board):
    """Let a worker go."""
    swap(board, STATE, LISTENING)


class Worker:
    """A thread that works for whoever hires it. It ends with the process.

    For a moment after its work it listens for more, since waking a sleeping thread takes as long as a short epoch.
    """

    idle: ClassVar[list[Worker]] = []

    def __init__(self) -> None:
        self.board = np.zeros(BOARD, np.int64)
        self.address: int = self.board.ctypes.data
        self.bell: SimpleQueue[None] = SimpleQueue()
        _listen.compile((types.int64,))
        _hire(self.address)
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        while True:
            _listen(self.address)
            self.bell.get()

    @classmethod
    def hired(cls) -> Worker:
        """Return an idle worker, or a new one."""
        try:
            worker = cls.idle.pop()
        except IndexError:
            return cls()
        if _hire(worker.address):
            worker.bell.put(None)
        return worker

    def dismiss(self) -> None:
        _dismiss(self.address)
        self.idle.append(self)


if hasattr(os, "register_at_fork"):  # a child process has no threads but the one that forked
    os.register_at_fork(after_in_child=Worker.idle.clear)


@contextmanager
def hired(count: int) -> Generator[NDArray[np.int64]]:
    """Give the boards of so many workers, for one run."""
    workers = [Worker.hired() for _ in range(count)]
    try:
        yield np.array([worker.address for worker in workers], np.int64)
    finally:
        for worker in workers:
            worker.dismiss()


def aside(work: Callable[[], None]) -> None:
    """Call work() in another thread and wait for it, since a main thread sees Ctrl-C only outside of native code."""
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join()
    for error in errors:
        raise error
