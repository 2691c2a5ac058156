"""How a training epoch runs: one protocol, several engines."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any, cast

from deltarule.binned import Binned
from deltarule.engines.base import Engine, EpochResult, Problem, dropout_of
from deltarule.engines.examples import hashes_of, keys_of
from deltarule.network import Floats, Network
from deltarule.options import named

ENGINES = {"compiled": "compiled.CompiledEngine", "reference": "reference.ReferenceEngine"}
"""Where each engine stands; the compiled one is imported when first used, since that takes half a second."""


def engine(name: str, problem: Problem, n_threads: int | None = None, *, is_quiet: bool = False) -> Engine:
    """Return the engine of that name, ready to train on `problem`.

    "auto" is the compiled one, or the one that the environment variable DELTARULE_ENGINE names. Where a network or
    what it learns by is of someone's own make, so that the compiled one has no formula for it, "auto" is the reference,
    with a warning that says so, which is also the engine's `notice`, as where `n_threads` are more than there are
    processors. Where the compiled one must be compiled first,
    that is told on standard error, unless `is_quiet`.

    Raises
    ------
    OptionError
        No engine has that name, or the compiled one was asked for by name and has no formula for something.
    """
    where = named("engine", name, {"auto": "", **ENGINES}) or named("engine", default(), ENGINES)
    notice = ""
    if name == "auto" and (found := _strangers(problem.net, problem)):
        where = ENGINES["reference"]
        notice = (
            f"the compiled engine does not know {' and '.join(found)}, so the reference engine runs: "
            "the same mathematics, several times slower (docs/performance.md)."
        )
    module, kind = where.split(".")
    chosen = cast(type[Engine], getattr(import_module(f"deltarule.engines.{module}"), kind))
    made = chosen(problem, n_threads, is_quiet=is_quiet)
    made.notice = notice or made.notice
    if made.notice:
        warnings.warn(made.notice, stacklevel=2)
    return made


def default() -> str:
    """Return the name of the engine that "auto" stands for."""
    return os.environ.get("DELTARULE_ENGINE") or "compiled"


def _strangers(net: Network, problem: Problem | None = None) -> list[str]:
    """Return what the engine that "auto" stands for has no formula for, in words."""
    if default() != "compiled":
        return []
    from deltarule.engines import compiled

    return compiled.strangers(net, problem)


def predict(net: Network, X: Any, n_threads: int | None = None) -> Floats:
    """Return y_hat, (N, n_K), of X, (N, n_0), dense, in CSR or in bins, in the network's dtype, in bounded memory.

    By the engine that "auto" stands for, or by the reference where that has no formula for something in the network.
    """
    if isinstance(X, Binned) and len(X.spans):
        return predict(net.on_nodes(X), X.nodes, n_threads)
    if default() == "reference" or _strangers(net):
        from deltarule.engines import reference

        return reference.predict(net, X)
    from deltarule.engines import compiled

    return compiled.predict(net, X, n_threads)


__all__ = [
    "ENGINES",
    "Engine",
    "EpochResult",
    "Problem",
    "default",
    "dropout_of",
    "engine",
    "hashes_of",
    "keys_of",
    "predict",
]
