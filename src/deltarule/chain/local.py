"""A parameter at its own place: what it acts on, what multiplies it there, and the derivative that comes to it.

    a_k[i] has w[k,i,j] h_{k-1}[j] and b[k,i] in it,    h_0[j] = s[j] x[j]

A weight and a bias act on a_k, a scale on h_0, which is layer 0. So only column i of a_k moves with the parameter, and
what lies above is run again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deltarule.maths import passes
from deltarule.maths.arrays import Array
from deltarule.maths.differences import central_step
from deltarule.maths.passes import Deltas, Net, Trace
from deltarule.network import Floats, Network
from deltarule.parameters import Parameter


def acted_on(trace: Trace, at: Parameter) -> Floats:
    """Return a_k, or h_0 of a scale, (N, n_k)."""
    return trace.a[at.k] if at.k else trace.h[0]


def multiplier(trace: Trace, at: Parameter) -> Floats:
    """Return the local derivative, (N,): da_k[i]/dw = h_{k-1}[j], da_k[i]/db = 1, dh_0[j]/ds = x[j]."""
    if at.k == 0:
        return trace.x[:, at.i - 1]
    return np.ones(len(trace.y_hat)) if at.j is None else trace.h[at.k - 1][:, at.j - 1]


def deltas_down_to(net: Net, trace: Trace, delta: Floats, at: Parameter, *, is_alone: bool = False) -> Deltas:
    """Return the derivatives down to the parameter's layer, given dL/da_K; is_alone: there of its unit alone."""
    units = {at.k: np.array([at.i - 1])} if is_alone else None
    return passes.backward(net, trace, delta, (), {at.k} - {0}, units, learn_s=at.k == 0)


def arriving(deltas: Deltas, at: Parameter) -> Floats:
    """Return dL/da_k, or dL/dh_0 of a scale, (N, n_k), or (N, 1) of its unit alone."""
    return deltas.a[at.k] if at.k else deltas.h[0]


def above_by(net: Network, trace: Trace, at: Parameter) -> Callable[[Array], list[Array]]:
    """Return what gives [a_k, ..., a_K] by the value of one parameter, (1,), real or complex; the others stay."""
    w = net.theta[net.layout.find(str(at))]
    local, moved = multiplier(trace, at), acted_on(trace, at)
    e_i = np.arange(net.sizes[at.k]) == at.i - 1

    def above(value: Array) -> list[Array]:
        return passes.above(net, at.k, moved + (value - w) * local[:, None] * e_i)

    return above


def loss_by(net: Network, trace: Trace, p: Floats, c: Floats, at: Parameter) -> Callable[[Array], Array]:
    """Return what gives sum_n c_n L_n by the value of one parameter, (1,), real or complex; the others stay."""
    above = above_by(net, trace, at)

    def loss(value: Array) -> Array:
        return (c * net.output.loss(above(value)[-1], p)).sum()

    return loss


def step_of(trace: Trace, at: Parameter) -> float:
    """Return the h of a parameter's central difference, by which a_k moves by 6e-6 at most."""
    return central_step(0.0) / max(1.0, float(np.abs(multiplier(trace, at)).max()))
