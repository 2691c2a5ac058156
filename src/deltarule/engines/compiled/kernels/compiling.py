"""How functions become machine code that needs neither Numba nor Python to run."""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false
# What Numba's compiler takes and gives has types that do not fit it.

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import compiler, config, typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np import arrayobj

from deltarule.engines.compiled.letters import KINDS
from deltarule.engines.compiled.processor import FEATURES, IS_CHOSEN

if IS_CHOSEN:  # before Numba first asks what the processor has, and for all that it compiles in this process
    config.CPU_FEATURES = FEATURES


class _Pipeline(CompilerBase):
    """Numba's way from a function to machine code without what no kernel needs, which takes a fifth of the time.

    Kernels have no closures, no loops over types, no overloads that are copied in before typing, and count no
    references.
    """

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("kernel")
        for each in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.GenericRewrites,  # tuples with entries of several types
            untyped_passes.ReconstructSSA,
            typed_passes.NopythonTypeInference,
            typed_passes.PreLowerStripPhis,
            typed_passes.NativeLowering,
            typed_passes.NoPythonBackend,
        ):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


_FLAGS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}
"""Of every function: no exceptions in loops, products and sums may fuse, nothing is reordered, no memory is counted."""
OPTIONS: dict[str, Any] = {**_FLAGS, "pipeline_class": _Pipeline}
"""What `njit` is given for each."""


class _Linked(JITCodeLibrary):
    """The code of a function that goes into its callers': it is made into machine code with them, and only there."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


_OPERATORS: dict[Any, Any] = {}
"""By operator and types: what types the operation has."""


def _each_once(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Return what types the call of a function as `resolve` does, and what it has found for an operator only once.

    For every + and [] Numba tries all that it knows of them, which takes a fifth of the time.
    """

    def resolved(function: Any, arguments: Any, named: Any) -> Any:
        key = function, tuple(arguments)
        if named or getattr(getattr(function, "typing_key", None), "__module__", "") != "_operator":
            return resolve(function, arguments, named)
        if key not in _OPERATORS:
            _OPERATORS[key] = resolve(function, arguments, named)
        return _OPERATORS[key]

    return resolved


@contextmanager
def _linking() -> Generator[None]:
    """Keep Numba from making machine code of every function that a kernel calls, and wrappers of it for Python and C.

    Nobody would call these, and they take more than half of the time.
    """
    target, typing = cpu_target.target_context, cpu_target.typing_context
    codegen = target.codegen()
    codegen._library_class = _Linked
    target.create_cpython_wrapper = target.create_cfunc_wrapper = lambda *_, **__: None
    target.get_executable = lambda *_: [].append  # something built in, and another for every function
    typing.resolve_function_type = _each_once(typing.resolve_function_type)
    try:
        yield
    finally:
        del codegen._library_class, target.get_executable
        del target.create_cpython_wrapper, target.create_cfunc_wrapper, typing.resolve_function_type


@global_compiler_lock
def object_code(function: Callable[..., None], kinds: list[Any]) -> tuple[str, bytes]:
    """Return the symbol and the object file of a function compiled, with all it calls, for arguments of some types."""
    typing, target = cpu_target.typing_context, cpu_target.target_context
    typing.refresh()
    target.refresh()
    flags = compiler.Flags()
    cpu_target.options.parse_as_flags(flags, {**_FLAGS, "nopython": True})
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.no_compile = True
    flags.enable_pyobject = False
    with _linking():
        library = target.codegen().create_library(function.__name__)
        made = compiler.compile_extra(
            typing, target, function, tuple(kinds), types.void, flags, {}, library, _Pipeline
        )
        library.finalize()
    JITCodeLibrary._optimize_final_module(library)
    library._final_module.verify()
    return made.fndesc.llvm_func_name, target.codegen()._tm.emit_object(library._final_module)


def number_of(dtype: str) -> Any:
    return types.float32 if dtype == "float32" else types.float64


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(getattr(function, "py_func", function)).parameters)


def _plain(names: Iterable[str]) -> list[Any]:
    """Return the types of parameters that are numbers: counts and places, and what begins with real_."""
    return [types.float64 if name.startswith("real_") else types.int64 for name in names]


def of_memory(function: Callable[..., None], dtype: str) -> list[Any]:
    """Return the types of a kernel over the engine's memory."""
    return [types.CPointer(number_of(dtype)), *_plain(_parameters(function)[1:])]


def by_letter(
    function: Any, names: tuple[str, ...], beside: tuple[str, ...], dtype: str
) -> tuple[Callable[..., None], list[Any]]:
    """Return a function of a letter and what is given `beside` it, and the types of these; it calls another with them.

    The other takes of all that what it has parameters for, by their names; `letter` is the letter's address.
    """
    named = {
        "number": number_of(dtype),
        "bool": types.boolean,
        "int64": types.int64,
        "float64": types.float64,
    }
    kinds = {
        name: types.Array(named[kind], axes, "C") if axes else named[kind]
        for name, (kind, axes) in ((name, KINDS[name]) for name in names)
    }
    wanted = _parameters(function)
    given = dict(zip(beside, _plain(beside), strict=True))
    called = function if isinstance(function, Dispatcher) else njit(**OPTIONS)(function)

    @intrinsic
    def opened(typing: Any, letter: Any, rest: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            whole = ir.IntType(64)
            numbers = builder.inttoptr(arguments[0], whole.as_pointer())
            found = {name: builder.extract_value(arguments[1], n) for n, name in enumerate(beside)}
            found["letter"] = arguments[0]
            place = 0

            def following() -> Any:
                nonlocal place
                place += 1
                return builder.load(builder.gep(numbers, [ir.Constant(whole, place - 1)]))

            for name, kind in kinds.items():
                value = following()
                if isinstance(kind, types.Array):
                    value = array(context, builder, kind, value, [following() for _ in range(kind.ndim)])
                found[name] = value
            return context.make_tuple(builder, signature.return_type, [found[name] for name in wanted])

        every = {**kinds, **given, "letter": types.int64}
        return types.Tuple([every[name] for name in wanted])(types.int64, rest), generate

    def array(context: Any, builder: ir.IRBuilder, kind: Any, address: Any, shape: list[Any]) -> Any:
        """Return the array of a shape at an address."""
        made = context.make_array(kind)(context, builder)
        size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
        strides = [ir.Constant(shape[-1].type, size)]
        for length in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        data = builder.inttoptr(address, context.get_data_type(kind.dtype).as_pointer())
        arrayobj.populate_array(
            made,
            data=data,
            shape=shape,
            strides=strides,
            itemsize=ir.Constant(shape[-1].type, size),
            meminfo=None,
        )
        return made._getvalue()

    def opening(letter, *rest):  # type: ignore[no-untyped-def]
        called(*opened(letter, rest))

    return opening, [types.int64, types.StarArgTuple(list(given.values()))]
