"""How right a numerical derivative is, by its step: why a proof takes the step that it takes.

A central difference is off by O(h^2), for the loss is no parabola, and by O(eps / h), for losses are rounded; between
lies a step that is best. The complex step subtracts nothing, and is right for every h that is small enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.chain.explained import Model
from deltarule.chain.explanation import examples_of
from deltarule.chain.local import loss_by, step_of
from deltarule.maths import differences, passes
from deltarule.network import Floats
from deltarule.options import typed_keywords

STEPS = 10.0 ** -np.arange(0.0, 15.5, 0.5)


@dataclass(frozen=True)
class Curve:
    """Errors of two numerical derivatives; what `curve` returns.

    Attributes
    ----------
    parameter, derivative
        Its name, and dL/dw by the derivation.
    steps
        h, from 1 to 1e-15, (steps,).
    central, complex_step
        |numerical - dL/dw| over the larger of both moduli, by h, (steps,).
    taken
        The h of the central difference in `check`.
    """

    parameter: str
    derivative: float
    steps: Floats
    central: Floats
    complex_step: Floats
    taken: float

    @property
    def best(self) -> float:
        """The h at which the central difference is least off; the one taken where none is finite."""
        is_finite = np.isfinite(self.central)
        return (
            float(self.steps[is_finite][self.central[is_finite].argmin()]) if is_finite.any() else self.taken
        )

    def record(self) -> dict[str, Any]:
        """Return everything as plain data."""
        told = {
            name: each.tolist() if isinstance(each, np.ndarray) else each for name, each in vars(self).items()
        }
        return {**told, "best": self.best}


@typed_keywords
def curve(
    model: Model, parameter: str, x: ArrayLike | Any, y: ArrayLike | Any, weights: ArrayLike | None = None
) -> Curve:
    """Return how far central differences and complex steps are off, by their step.

    Parameters
    ----------
    model, parameter, x, y, weights
        As in `explain`; everything is computed in float64.

    Examples
    --------
    >>> from deltarule import Network
    >>> net = Network([3, 4, 2], "tanh", seed=0)
    >>> found = curve(net, "w[1,1,1]", [0.1, 0.2, 0.3], 0)
    >>> 1e-7 < found.best < 1e-3, bool(found.complex_step[20:].max() < 1e-12)
    (True, True)
    """
    net, n, X, p, c = examples_of(model, parameter, x, y, weights)
    at, w = net.layout.parameter(n), net.theta[n : n + 1]
    with np.errstate(all="ignore"):
        trace = passes.forward(net, X)
        along = loss_by(net, trace, p, c, at)
        slope = float(net.gradients(X, p, weights=c, only=[str(at)]).theta[n])
        central = [float(differences.central(along, w, step=h)[0]) for h in STEPS]
        by_complex = [float(np.imag(along(w + 1j * h)) / h) for h in STEPS]
        taken = step_of(trace, at)
    return Curve(str(at), slope, STEPS.copy(), _off(central, slope), _off(by_complex, slope), taken)


def _off(found: list[float], right: float) -> Floats:
    """Return the relative errors; 0 where both are 0."""
    values = np.array(found)
    size = np.maximum(np.abs(values), abs(right))
    return np.abs(values - right) / np.where(size > 0, size, 1.0)
