"""What an optimiser makes of one derivative, and what that does with the loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deltarule.errors import OptionError
from deltarule.maths import passes
from deltarule.maths.optimisers import LBFGS, Optimiser, optimiser
from deltarule.network import Floats, Network


@dataclass(frozen=True)
class Update:
    """One step of an optimiser from its first state: w becomes w + step.

    predicted is dL/dw times the step; actual is how the loss changes when this parameter alone makes its step.
    """

    optimiser: str
    learning_rate: float
    w: float
    step: float
    predicted: float
    actual: float

    @property
    def new_w(self) -> float:
        return self.w + self.step


def stepper(which: str | Optimiser, learning_rate: float | None) -> Optimiser:
    """Return an optimiser that makes a step from one derivative."""
    chosen = optimiser(which, learning_rate)
    if isinstance(chosen, LBFGS):
        raise OptionError(
            "lbfgs makes no step from one derivative alone; explain with gradient_descent, adam or another."
        )
    return chosen


def update(
    net: Network, trace: passes.Trace, p: Floats, c: Floats, n: int, slope: float, chosen: Optimiser
) -> Update:
    """Return what the optimiser's first step does with one parameter, and what that does with the loss."""
    w = net.theta[n : n + 1].copy()
    step, _ = chosen.update(np.array([slope]), chosen.init(w))
    moved = net.theta.copy()
    moved[n] += step[0]
    change = net.output.loss(passes.forward(net.at(moved), trace.h[0]).a[net.K], p) - net.output.loss(
        trace.a[net.K], p
    )
    return Update(
        chosen.name,
        chosen.lr,
        float(w[0]),
        float(step[0]),
        slope * float(step[0]),
        float((c * change).sum()),
    )
