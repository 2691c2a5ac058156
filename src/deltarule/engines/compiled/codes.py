"""What machine code knows, the numbers by which it knows it, and what it is told about a run.

The classes are listed here, and not taken from the tables of names in `maths/`, to which anyone may add.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from deltarule.engines.base import Problem
from deltarule.errors import OptionError
from deltarule.maths import activations, optimisers, outputs
from deltarule.maths.activations import Activation
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import Optimiser
from deltarule.maths.output import Output
from deltarule.maths.penalties import Penalty
from deltarule.network import Network

_ACTIVATIONS: tuple[type[Activation], ...] = (
    activations.Identity,
    activations.Sigmoid,
    activations.Tanh,
    activations.ReLU,
    activations.LeakyReLU,
    activations.ELU,
    activations.SELU,
    activations.GELU,
    activations.SiLU,
    activations.Softplus,
)
_OUTPUTS: tuple[type[Output], ...] = (
    outputs.Linear,
    outputs.Gaussian,
    outputs.Softmax,
    outputs.SigmoidOutput,
    outputs.Poisson,
    outputs.AbsoluteError,
    outputs.Huber,
    outputs.Quantile,
)
_OPTIMISERS: tuple[type[Optimiser], ...] = (
    optimisers.GradientDescent,
    optimisers.Momentum,
    optimisers.Nesterov,
    optimisers.AdaGrad,
    optimisers.RMSProp,
    optimisers.Adam,
    optimisers.AdamW,
    optimisers.NAdam,
    optimisers.Rprop,
)
ACTIVATION_CODES: dict[str, int] = {kind.name: code for code, kind in enumerate(_ACTIVATIONS)}
OUTPUT_CODES: dict[str, int] = {kind.name: code for code, kind in enumerate(_OUTPUTS)}
OPTIMISER_CODES: dict[str, int] = {kind.name: code for code, kind in enumerate(_OPTIMISERS)}

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


def strangers(net: Network, problem: Problem | None = None) -> list[str]:
    """Return, in words, what of a network, and of what it is to learn by, machine code has no formula for.

    The exact class counts: a subclass may do anything, whatever its name. A schedule is called from Python, so any
    function will do.
    """
    parts: list[tuple[str, object, tuple[type, ...]]] = [
        *(("activation", g, _ACTIVATIONS) for g in dict.fromkeys(net.g[1:])),
        ("output", net.output, _OUTPUTS),
    ]
    if problem is not None:
        parts += [("optimiser", problem.optimiser, _OPTIMISERS), ("penalty", problem.penalty, (Penalty,))]
        if problem.dropout is not None:
            parts.append(("dropout", problem.dropout, (Dropout,)))
    found: list[str] = []
    for what, part, known in parts:
        kind = type(part)
        settings = {field.name for field in fields(part)} if is_dataclass(part) else set[str]()
        own = sorted(vars(part).keys() - settings)
        if kind not in known:
            found.append(f"the {what} {kind.__qualname__}")
        elif own:
            found.append(f"the {what} {kind.__qualname__} with {' and '.join(own)} of its own")
    return found


def refuse_strangers(net: Network, problem: Problem | None = None) -> None:
    """Raise an OptionError that names what machine code has no formula for, where there is such a thing."""
    if found := strangers(net, problem):
        raise OptionError(
            f"the compiled engine does not know {' and '.join(found)}; "
            'take the engine "reference", or "auto", which chooses it for such networks.'
        )
