"""What the loss does when one weight is moved, beside what its derivative says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.chain.explained import Model
from deltarule.chain.explanation import examples_of
from deltarule.chain.local import loss_by
from deltarule.maths import passes
from deltarule.network import Floats
from deltarule.options import typed_keywords

POINTS = 41


@dataclass(frozen=True)
class Nudge:
    """The loss along one parameter; what `nudge` returns.

    Attributes
    ----------
    parameter, w, loss, derivative
        Its name and value, the loss there, and dL/dw.
    values, losses, tangent
        Values of the parameter around w, (points,), the loss at each, and L + dL/dw (value - w).
    """

    parameter: str
    w: float
    loss: float
    derivative: float
    values: Floats
    losses: Floats
    tangent: Floats

    def record(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            name: each.tolist() if isinstance(each, np.ndarray) else each for name, each in vars(self).items()
        }


@typed_keywords
def nudge(
    model: Model,
    parameter: str,
    x: ArrayLike | Any,
    y: ArrayLike | Any,
    weights: ArrayLike | None = None,
    *,
    width: float | None = None,
    points: int = POINTS,
) -> Nudge:
    """Move one parameter and say what the loss becomes, with all others as they are.

    Parameters
    ----------
    model, parameter, x, y, weights
        As in `explain`; everything is computed in float64.
    width
        How far the parameter is moved, to either side; None for 1, or its modulus where that is more.
    points
        At how many values, from w - width to w + width, w among them where it is odd.

    Examples
    --------
    >>> from deltarule import Network
    >>> net = Network([1, 1], output="linear", dtype="float64")
    >>> net.theta = [2.0, 0.0]
    >>> moved = nudge(net, "w[1,1,1]", [1.0], [0.0], points=3)  # L = w^2
    >>> moved.values, moved.losses, moved.tangent
    (array([0., 2., 4.]), array([ 0.,  4., 16.]), array([-4.,  4., 12.]))
    """
    net, n, X, p, c = examples_of(model, parameter, x, y, weights)
    at, w = net.layout.parameter(n), float(net.theta[n])
    width = max(1.0, abs(w)) if width is None else float(width)
    with np.errstate(all="ignore"):
        trace = passes.forward(net, X)
        along = loss_by(net, trace, p, c, at)
        values = w + width * np.linspace(-1.0, 1.0, points)
        losses = np.array([float(along(np.array([value]))) for value in values])
        slope = float(net.gradients(X, p, weights=c, only=[str(at)]).theta[n])
        loss = float(along(net.theta[n : n + 1]))
    return Nudge(str(at), w, loss, slope, values, losses, loss + slope * (values - w))
