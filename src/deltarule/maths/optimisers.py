"""Optimisers as init/update pairs over the flat vector of the parameters that learn.

    state = optimiser.init(theta)
    step, state = optimiser.update(grad, state, lr)      # then theta + step

Every array has theta's shape (P,) and dtype; a state is a dict of the count t of updates made and of
arrays, ready for a checkpoint. `lr` is the rate of this update, after the schedule; left out, it is the
optimiser's own. Decoupled weight decay, theta <- theta - lr decay theta on weights, belongs to whoever knows
which entries are weights (the engine); an optimiser only says how much. So do rates by group of parameters: a factor
on the rate of some is one on their steps, decay included, which are proportional to it.

>>> import numpy as np
>>> theta, adam = np.array([1.0, -2.0]), Adam(lr=0.1)
>>> step, state = adam.update(2.0 * theta, adam.init(theta))
>>> step.round(6), state["t"]
(array([-0.1,  0.1]), 1)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np

from deltarule.errors import OptionError
from deltarule.maths.arrays import Array
from deltarule.options import OPTIONS, Option, check_fields, declared, named

State: TypeAlias = dict[str, Any]

_FORGETTING = "The share of a running mean that stays."
FIELDS = declared(
    replace(OPTIONS["learning_rate"], name="lr", none=None),
    replace(OPTIONS["weight_decay"], none=None),
    Option("mu", "real", low=0, high=1, help="The share of the velocity that stays."),
    Option("rho", "real", low=0, high=1, is_high_open=True, help=_FORGETTING),
    Option("beta1", "real", low=0, high=1, is_high_open=True, help=_FORGETTING),
    Option("beta2", "real", low=0, high=1, is_high_open=True, help=_FORGETTING),
    Option("eps", "real", low=0, help="Keeps a division from one by 0."),
    Option("eps_hat", "flag", help="Whether eps is added before v is corrected."),
    Option("grow", "real", low=1, help="Of a step whose gradient keeps its sign."),
    Option("shrink", "real", low=0, high=1, help="Of a step whose gradient changes it."),
    Option("least", "real", low=0, help="The smallest step."),
    Option("most", "real", low=0, is_low_open=True, help="The largest step."),
    Option("memory", "whole", low=1, help="Pairs kept."),
    Option("gradient_tolerance", "real", low=0, help="Ends a run where every |g_i| is below it."),
    Option("line_search", "whole", low=1, help="Evaluations an iteration may take."),
)
"""The settings of optimisers."""


@dataclass(frozen=True, kw_only=True)
class Optimiser(ABC):
    """lr: learning rate alpha; weight_decay: decoupled decay (Loshchilov & Hutter 2019)."""

    name: ClassVar[str]
    lr: float = 1e-3
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self, FIELDS)

    @property
    def numbers(self) -> int:
        """How many numbers of a parameter a state keeps."""
        return len(self.init(np.zeros(1))) - 1  # all but the count t

    @abstractmethod
    def init(self, theta: Array) -> State:
        """Return the state before the first update."""

    @abstractmethod
    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        """Return the step to add to theta, and the new state."""


@dataclass(frozen=True, kw_only=True)
class GradientDescent(Optimiser):
    """step = -lr g, the rule of the notes: w <- w - alpha dL/dw."""

    name = "gradient_descent"
    lr: float = 0.1

    def init(self, theta: Array) -> State:
        return {"t": 0}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        lr = self.lr if lr is None else lr
        return -lr * grad, {"t": state["t"] + 1}


@dataclass(frozen=True, kw_only=True)
class Momentum(Optimiser):
    """v <- mu v - lr g;  step = v (Polyak 1964)."""

    name = "momentum"
    lr: float = 0.01
    mu: float = 0.9

    def init(self, theta: Array) -> State:
        return {"t": 0, "v": _zeros(theta)}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        lr = self.lr if lr is None else lr
        v = self.mu * state["v"] - lr * grad
        return v, {"t": state["t"] + 1, "v": v}


@dataclass(frozen=True, kw_only=True)
class Nesterov(Momentum):
    """v <- mu v - lr g;  step = mu v - lr g (Sutskever et al. 2013, with the look-ahead as variable)."""

    name = "nesterov"

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        lr = self.lr if lr is None else lr
        v, state = super().update(grad, state, lr)
        return self.mu * v - lr * grad, state


@dataclass(frozen=True, kw_only=True)
class AdaGrad(Optimiser):
    """s <- s + g^2;  step = -lr g / (sqrt(s) + eps) (Duchi, Hazan & Singer 2011)."""

    name = "adagrad"
    lr: float = 0.01
    eps: float = 1e-10

    def init(self, theta: Array) -> State:
        return {"t": 0, "s": _zeros(theta)}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        lr = self.lr if lr is None else lr
        s = state["s"] + grad**2
        return -lr * grad / (_sqrt(s) + self.eps), {"t": state["t"] + 1, "s": s}


@dataclass(frozen=True, kw_only=True)
class RMSProp(Optimiser):
    """s <- rho s + (1 - rho) g^2;  step = -lr g / (sqrt(s) + eps) (Tieleman & Hinton 2012)."""

    name = "rmsprop"
    rho: float = 0.9
    eps: float = 1e-8

    def init(self, theta: Array) -> State:
        return {"t": 0, "s": _zeros(theta)}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        lr = self.lr if lr is None else lr
        s = self.rho * state["s"] + (1.0 - self.rho) * grad**2
        return -lr * grad / (_sqrt(s) + self.eps), {"t": state["t"] + 1, "s": s}


@dataclass(frozen=True, kw_only=True)
class Adam(Optimiser):
    """m, v: running means of the gradient and its square (Kingma & Ba 2015, algorithm 1).

    m <- beta1 m + (1 - beta1) g;  m_hat = m / (1 - beta1^t)
    v <- beta2 v + (1 - beta2) g^2;  v_hat = v / (1 - beta2^t)
    step = -lr m_hat / (sqrt(v_hat) + eps)

    Where eps_hat, eps is added before v is corrected: sqrt(v_hat) + eps / sqrt(1 - beta2^t) (the end of their
    section 2).
    """

    name = "adam"
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    eps_hat: bool = False

    def init(self, theta: Array) -> State:
        return {"t": 0, "m": _zeros(theta), "v": _zeros(theta)}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        lr = self.lr if lr is None else lr
        t = state["t"] + 1
        m = self.beta1 * state["m"] + (1.0 - self.beta1) * grad
        v = self.beta2 * state["v"] + (1.0 - self.beta2) * grad**2
        v_hat = v / (1.0 - self.beta2**t)
        eps = self.eps / (1.0 - self.beta2**t) ** 0.5 if self.eps_hat else self.eps
        return -lr * self._m_hat(m, grad, t) / (_sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}

    def _m_hat(self, m: Array, grad: Array, t: int) -> Array:
        return m / (1.0 - self.beta1**t)


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2)."""

    name = "adamw"
    weight_decay: float = 0.01


@dataclass(frozen=True, kw_only=True)
class NAdam(Adam):
    """Adam with Nesterov's momentum (Dozat 2016).

    m_hat = beta1 m / (1 - beta1^(t+1)) + (1 - beta1) g / (1 - beta1^t)
    """

    name = "nadam"

    def _m_hat(self, m: Array, grad: Array, t: int) -> Array:
        ahead = self.beta1 * m / (1.0 - self.beta1 ** (t + 1))
        return ahead + (1.0 - self.beta1) * grad / (1.0 - self.beta1**t)


@dataclass(frozen=True, kw_only=True)
class Rprop(Optimiser):
    """A step size s for every parameter, which follows the signs of the gradient; for full batches.

    s <- grow s where g keeps its sign, shrink s where it changes (g counts as 0 then); least <= s <= most
    step = -sign(g) s lr_t/lr (Igel & Huesken 2003, iRprop-); lr is where s starts.
    """

    name = "rprop"
    lr: float = 0.01
    grow: float = 1.2
    shrink: float = 0.5
    least: float = 1e-6
    most: float = 50.0

    def init(self, theta: Array) -> State:
        return {"t": 0, "s": _zeros(theta) + self.lr, "g": _zeros(theta)}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        xp = grad.__array_namespace__()
        turn = xp.sign(grad) * xp.sign(state["g"])
        factor = xp.where(turn > 0, self.grow, xp.where(turn < 0, self.shrink, xp.ones_like(grad)))
        s = xp.clip(factor * state["s"], self.least, self.most)
        g = xp.where(turn < 0, xp.zeros_like(grad), grad)
        rate = 1.0 if lr is None else lr / self.lr
        return -rate * xp.sign(g) * s, {"t": state["t"] + 1, "s": s, "g": g}


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """Limited-memory BFGS on the full batch, run by SciPy (Liu & Nocedal 1989); it has no learning rate.

    memory: pairs kept; gradient_tolerance: stop where every |g_i| is below it; line_search: evaluations an
    iteration may take.
    """

    name: ClassVar[str] = "lbfgs"
    memory: int = 10
    gradient_tolerance: float = 1e-6
    line_search: int = 20

    def __post_init__(self) -> None:
        check_fields(self, FIELDS)

    @property
    def numbers(self) -> int:
        """How many numbers of a parameter a run keeps: the pairs, and where it is (SciPy's work space)."""
        return 2 * self.memory + 5


OPTIMISERS: dict[str, type[Optimiser] | type[LBFGS]] = {
    o.name: o
    for o in (GradientDescent, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW, NAdam, Rprop, LBFGS)
}


def optimiser(which: str | Optimiser | LBFGS, lr: float | None = None) -> Optimiser | LBFGS:
    """Return the optimiser of that name, with a learning rate where one is given.

    Raises
    ------
    OptionError
        No optimiser has that name (the message lists those that exist), or the rate is not above 0.

    >>> optimiser("momentum", lr=0.5)
    Momentum(lr=0.5, weight_decay=0.0, mu=0.9)
    """
    lr = OPTIONS["learning_rate"].check(lr)
    if not isinstance(which, (Optimiser, LBFGS)):
        which = named("optimiser", which, OPTIMISERS, also=" or an object of deltarule.maths.optimisers")()
    if lr is None:
        return which
    if isinstance(which, LBFGS):
        raise OptionError("the lbfgs optimiser finds its own step length; leave the learning rate out.")
    return replace(which, lr=lr)


def decay(theta: Array, is_weight: Array, lr: float, weight_decay: float) -> Array:
    """Return the step of decoupled weight decay, -lr decay theta on weights and 0 on biases."""
    xp = theta.__array_namespace__()
    return xp.where(is_weight, -lr * weight_decay * theta, xp.zeros_like(theta))


def _zeros(theta: Array) -> Array:
    return theta.__array_namespace__().zeros_like(theta)


def _sqrt(s: Array) -> Array:
    return s.__array_namespace__().sqrt(s)
