"""What an optimiser makes of one derivative, and what that does with the loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.chain.explained import Training
from deltarule.errors import OptionError, ShapeError
from deltarule.maths import passes
from deltarule.maths.optimisers import LBFGS, GradientDescent, Optimiser, State, decay, optimiser
from deltarule.maths.penalties import clip_by_norm, clip_by_value
from deltarule.network import Floats, Network
from deltarule.parameters import Rates
from deltarule.spelling import listed, plural

KEPT = "this parameter was kept as it is in training"


@dataclass(frozen=True)
class Update:
    """The next step of an optimiser: w becomes w + step.

    assumes says in words which optimiser, rate and state make it, or, where the parameter does not learn, that it does
    not. factor is that on the rate, and part of step and decay. penalty is what a penalty adds to the derivative, decay
    the part of the step that is weight decay. predicted is dL/dw times the step; actual is how the loss changes
    when this parameter alone makes its step.
    """

    optimiser: str
    learning_rate: float
    assumes: str
    w: float
    penalty: float
    decay: float
    step: float
    predicted: float
    actual: float
    factor: float = 1.0
    learns: bool = True

    @property
    def new_w(self) -> float:
        return self.w + self.step


def chosen_training(
    trained: Training | None,
    which: str | Optimiser | None,
    learning_rate: float | None,
    state: State | None,
    net: Network,
    rates: Rates = None,
) -> Training:
    """Return what makes the update: as the network was trained, or as is asked for.

    Raises
    ------
    OptionError
        No optimiser has that name, or it makes no step from one derivative.
    ShapeError
        The state is not of this network.
    """
    if which is not None or trained is None:
        rest = (
            Training(GradientDescent())
            if trained is None
            else replace(trained, state=None, rate=None, schedule="")
        )
        made = replace(
            rest, optimiser=optimiser("gradient_descent" if which is None else which, learning_rate)
        )
        if isinstance(made.optimiser, LBFGS):
            raise OptionError(
                "lbfgs makes no step from one derivative alone; explain with gradient_descent, adam or another."
            )
    elif isinstance(trained.optimiser, LBFGS):
        rate = optimiser("gradient_descent", learning_rate)
        said = " (lbfgs, which trained it, makes no step from one derivative alone)"
        made = replace(trained, optimiser=rate, schedule=said)
    elif learning_rate is not None:
        made = replace(trained, optimiser=optimiser(trained.optimiser, learning_rate), rate=None, schedule="")
    else:
        made = trained
    if rates is not None or trained is None:
        made = replace(made, rates=net.layout.factors(net.layout.rates(rates)))
    if state is None:
        return made
    for name, values in state.items():
        if np.shape(values) not in ((), net.theta.shape):
            raise ShapeError(
                f"state has {name} of shape {np.shape(values)}; expected {net.theta.shape}, an entry for every "
                "parameter."
            )
    return replace(made, state=state)


def update(
    net: Network,
    trace: passes.Trace,
    p: Floats,
    c: Floats,
    n: int,
    slope: float,
    training: Training,
    weight: float,
) -> Update:
    """Return what the next step of training does with one parameter, and what that does with the loss.

    weight: the sum of the example weights, by which a shared penalty is divided.
    """
    chosen = training.optimiser
    assert isinstance(chosen, Optimiser)
    rate = chosen.lr if training.rate is None else training.rate
    factor = 1.0 if training.rates is None else float(training.rates[n])
    w, is_weight = net.theta[n : n + 1].copy(), net.layout.is_weight()[n : n + 1]
    penalty = training.penalty.share(weight) * np.where(is_weight, training.penalty.gradient(w), 0.0)
    learns = training.learns is None or bool(training.learns[n])
    if not learns:
        step = decayed = np.zeros(1)
    else:
        grad = _clipped(net, trace, p, c, slope + penalty, training, weight)
        step, _ = chosen.update(grad, _entry(training.state, n) or chosen.init(w), rate)
        decayed = factor * decay(w, is_weight, rate, chosen.weight_decay)
        step = factor * step + decayed
    moved = net.theta.copy()
    moved[n] += step[0]
    change = net.output.loss(passes.forward(net.at(moved), trace.x).a[net.K], p) - net.output.loss(
        trace.a[net.K], p
    )
    return Update(
        optimiser=chosen.name,
        learning_rate=rate,
        assumes=_assumed(training, chosen, rate, n) if learns else KEPT,
        learns=learns,
        w=float(w[0]),
        penalty=float(penalty[0]),
        decay=float(decayed[0]),
        step=float(step[0]),
        predicted=slope * float(step[0]),
        actual=float((c * change).sum()),
        factor=factor,
    )


def _entry(state: State | None, n: int) -> State | None:
    """Return the state of one parameter."""
    if state is None:
        return None
    return {name: each if np.ndim(each) == 0 else np.float64(each[n : n + 1]) for name, each in state.items()}


def _clipped(
    net: Network, trace: passes.Trace, p: Floats, c: Floats, grad: Any, training: Training, weight: float
) -> Any:
    """Return one entry of the gradient as it is when the whole one is clipped."""
    if training.clip_value is not None:
        grad = clip_by_value(grad, training.clip_value)
    if training.clip_norm is None:
        return grad
    layers = range(1, net.K + 1)
    delta = passes.delta_K(net, trace, p, c)
    deltas = passes.backward(net, trace, delta, layers, layers, learn_s=net.s is not None)
    whole = net.layout.join(deltas.W, deltas.b, deltas.s, like=net.theta)
    is_weight, of = net.layout.is_weight(), training.penalty
    whole = whole + of.share(weight) * np.where(is_weight, of.gradient(net.theta), 0.0)
    if training.learns is not None:
        whole = whole[training.learns]
    if training.clip_value is not None:
        whole = clip_by_value(whole, training.clip_value)
    longest = float(np.abs(whole).max())
    return grad if longest == 0 else grad * (np.abs(clip_by_norm(whole, training.clip_norm)).max() / longest)


def _assumed(training: Training, chosen: Optimiser, rate: float, n: int) -> str:
    """Return which optimiser, rate and state an update is made by."""
    t = 0 if training.state is None else int(training.state["t"])
    factor = 1.0 if training.rates is None else float(training.rates[n])
    of = training.penalty
    over = " over the weight of the examples" if of.is_shared else ""
    told = [
        chosen.name.replace("_", " "),
        f"rate {rate:.6g}{training.schedule}",
        *([f"{factor:.6g} times that for this parameter"] if factor != 1.0 else []),
        *([f"weight decay {chosen.weight_decay:.6g}"] if chosen.weight_decay else []),
        *([f"l1 {of.l1:.6g}{over}"] if of.l1 else []),
        *([f"l2 {of.l2:.6g}{over}"] if of.l2 else []),
        *([f"values clipped at {training.clip_value:.6g}"] if training.clip_value else []),
        *([f"norm clipped at {training.clip_norm:.6g}"] if training.clip_norm else []),
        f"its state after {plural(t, 'update')}" if t else "its first state",
        *([f"without training's {listed(training.aside)}"] if training.aside else []),
    ]
    return ", ".join(told)
