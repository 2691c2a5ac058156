"""The error of a run that diverged: which update, which quantity of which layer, and a likely cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.base import Problem
from deltarule.engines.examples import matrices
from deltarule.errors import DivergenceError
from deltarule.maths import passes
from deltarule.sparse import rows_of

LARGE = 1e3
"""A column of X that reaches this was not standardised."""


def diverged(problem: Problem, batch: NDArray[np.intp], lr: float, t: int) -> DivergenceError:
    """Return the error of update t, counted from 0, on a batch of rows; the network is as before that update."""
    largest = np.max([abs(rows).max(axis=0) for rows in matrices(problem.X)], axis=0)
    column = int(np.argmax(largest))
    if largest[column] > LARGE:
        advice = f"column {column + 1} of X reaches {largest[column]:.3g}: standardise it"
    else:
        advice = f"lower the learning rate ({lr:.3g}) or clip the gradient"
    return DivergenceError(
        f"training diverged at update {t + 1:,} (epoch {t // problem.updates_per_epoch + 1:,}): "
        f"{_first(problem, batch, t)} is no longer finite; {advice}. "
        "The network keeps the parameters before that update."
    )


def _first(problem: Problem, batch: NDArray[np.intp], t: int) -> str:
    """Return the first quantity that is not finite, in the order in which a step makes them."""
    with np.errstate(all="ignore"):
        for name, values in _quantities(problem, batch, t):
            if not np.isfinite(values).all():
                return name
    return "the new theta"


def _quantities(problem: Problem, batch: NDArray[np.intp], t: int) -> Iterator[tuple[str, Any]]:
    net = problem.net
    X, p, w = rows_of(problem.X, batch), problem.p[batch], problem.w[batch]
    trace = passes.forward(net, X, problem.masks(batch, t))
    if net.s is not None:
        yield "h_0 (the scaled inputs)", trace.h[0]
    for k in range(1, net.K + 1):
        yield f"a_{k} (the pre-activation of layer {k})", trace.a[k]
        if k < net.K:
            yield f"h_{k} (the activation of layer {k})", trace.h[k]
    c = w / w.sum()
    yield "the loss", c * net.output.loss(trace.a[net.K], p)
    deltas = passes.backward(
        net, trace, passes.delta_K(net, trace, p, c), problem.selection.W, problem.selection.b,
        learn_s=problem.selection.s,
    )  # fmt: skip
    for k in range(net.K, 0, -1):
        for name, values in (
            (f"dL/da_{k}", deltas.a[k]),
            (f"dL/dW_{k}", deltas.W[k]),
            (f"dL/db_{k}", deltas.b[k]),
        ):
            if values is not None:
                yield name, values
    if deltas.s is not None:
        yield "dL/ds", deltas.s
