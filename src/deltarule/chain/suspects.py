"""Suspects: the examples that a trained network finds hardest to believe, by the norm of their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.chain.explained import Model, Numbering, explained, numbers
from deltarule.chain.pullers import blocks
from deltarule.maths import passes
from deltarule.network import Floats, Network
from deltarule.options import typed_keywords


@dataclass(frozen=True)
class Suspects:
    """What `suspects` returns.

    order
        The places of all examples, from 0, the largest gradient first, (N,).
    norms, losses
        ||dL_n/dtheta||_2 and L_n of every example, (N,).
    y_hat
        What the network says of every example, (N, n_K).
    rows
        Where each example is, from 0, in the table that was given, (N,); None where it is all of it.
    numbering
        What these rows are called; None where they count from 1.
    target, predicted
        Of an estimator, the labels or values given and those predicted, in units of their own, (N,) or (N, n).
    """

    order: NDArray[np.intp]
    norms: Floats
    losses: Floats
    y_hat: Floats
    rows: NDArray[np.intp] | None = None
    numbering: Numbering | None = None
    target: NDArray[Any] | None = None
    predicted: NDArray[Any] | None = None

    def record(self, most: int = 20) -> list[dict[str, Any]]:
        """Return the first suspects as plain data; rows count from 1, and so do lines, where a file's are known."""
        first = self.order[:most].tolist()
        told = {"target": self.target, "predicted": self.predicted}
        own = {name: each.tolist() for name, each in told.items() if each is not None}
        return [
            {
                **called,
                "gradient_norm": float(self.norms[n]),
                "loss": float(self.losses[n]),
                "y_hat": self.y_hat[n].tolist(),
                **{name: each[n] for name, each in own.items()},
            }
            for n, called in zip(first, numbers(first, self.numbering), strict=True)
        ]


@typed_keywords
def suspects(model: Model, X: ArrayLike | Any, y: ArrayLike | Any) -> Suspects:
    """Rank examples by the norm of their gradients: those that would change the network most.

    ||dL_n/dtheta||^2 = sum_k ||delta_k||^2 (||h_{k-1}||^2 + 1), and ||dL/dh_0 * x||^2 of scales

    No gradient of an example is formed (Goodfellow 2015). After a short training, wrong labels come first: what
    the network has learnt from the other rows contradicts them.

    Parameters
    ----------
    model, X, y
        As in `explain`: a Network with arrays, or an estimator with a table; everything is computed in float64, block
        by block.

    Examples
    --------
    >>> net = Network([1, 1], output="linear", dtype="float64")
    >>> net.theta = [1.0, 0.0]
    >>> suspects(net, [[1.0], [2.0], [3.0]], [1.0, 2.5, 9.0]).order
    array([2, 1, 0])
    """
    seen = explained(model, X, y)
    exact, own = seen.net.astype("float64"), seen.own
    X_, p, _ = exact.examples(seen.X, seen.y)
    norms, losses, y_hat = (
        np.concatenate(part)
        for part in zip(*(_of_block(exact, X_[rows], p[rows]) for rows in blocks(len(X_))), strict=True)
    )
    return Suspects(
        order=np.argsort(-norms, kind="stable"),
        norms=norms,
        losses=losses,
        y_hat=y_hat,
        rows=seen.rows,
        numbering=seen.numbering,
        target=None if own is None else own.y,
        predicted=None if own is None else own.decode(y_hat),
    )


def _of_block(net: Network, X: Floats, p: Floats) -> tuple[Floats, Floats, Floats]:
    trace = passes.forward(net, X)
    a_K = trace.a[net.K]
    deltas = passes.backward(net, trace, net.output.delta(a_K, p), (), {1}, learn_s=net.s is not None)
    return passes.per_example_norms(trace, deltas), net.output.loss(a_K, p), trace.y_hat
