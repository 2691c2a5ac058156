"""The numbers by which machine code knows activations, outputs and optimisers, and what it is told about a run."""

from __future__ import annotations

from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import OPTIMISERS, Optimiser
from deltarule.maths.outputs import OUTPUTS

ACTIVATION_CODES: dict[str, int] = {name: code for code, name in enumerate(ACTIVATIONS)}
OUTPUT_CODES: dict[str, int] = {name: code for code, name in enumerate(OUTPUTS)}
OPTIMISER_CODES: dict[str, int] = {name: code for code, name in enumerate(OPTIMISERS)}

STATES: dict[str, tuple[str, ...]] = {
    "gradient_descent": (),
    "momentum": ("v",),
    "nesterov": ("v",),
    "adagrad": ("s",),
    "rmsprop": ("s",),
    "adam": ("m", "v"),
    "adamw": ("m", "v"),
    "nadam": ("m", "v"),
    "rprop": ("s", "g"),
}
"""The names of an optimiser's arrays of state, in the order of u, v."""
_SETTINGS: dict[str, tuple[str, ...]] = {
    "gradient_descent": (),
    "momentum": ("mu",),
    "nesterov": ("mu",),
    "adagrad": ("eps",),
    "rmsprop": ("rho", "eps"),
    "adam": ("beta1", "beta2", "eps", "eps_hat"),
    "adamw": ("beta1", "beta2", "eps", "eps_hat"),
    "nadam": ("beta1", "beta2", "eps", "eps_hat"),
    "rprop": ("grow", "shrink", "least", "most", "lr"),
}

DECAY, L1, L2, CLIP_VALUE, CLIP_NORM = range(5)
FIVE = 5
"""Entries of `reals`, what a run is told in real numbers; from FIVE on the optimiser's settings. A clip of 0 means
none."""
IS_SHARED = 2 * FIVE
"""The entry after them: 1 where the penalty is divided by the weight of a batch."""


def settings(optimiser: Optimiser) -> tuple[float, ...]:
    """Return the optimiser's settings as the five numbers that the step takes."""
    values = [float(getattr(optimiser, name)) for name in _SETTINGS[optimiser.name]]
    return tuple(values + [0.0] * (5 - len(values)))
