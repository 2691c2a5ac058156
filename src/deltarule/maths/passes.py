"""The forward pass to a Trace and the backward pass to Gradients.

    a_k = W_k h_{k-1} + b_k,   h_k = g_k(a_k),   y_hat = O(a_K);   h_0 = x, or s * x where inputs have scales

With rows as examples this reads a_k = h_{k-1} W_k^T + b_k. Lists are indexed by the layer, k = 1..K, as
on paper; what does not exist (W_0, a_0) is None.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deltarule.maths.activations import Activation
from deltarule.maths.arrays import Array
from deltarule.maths.outputs import Output


class Net(Protocol):
    """What the passes need of a network: its parameters and functions by layer, index 0 unused."""

    @property
    def K(self) -> int: ...
    @property
    def W(self) -> Sequence[Array]: ...
    @property
    def b(self) -> Sequence[Array]: ...
    @property
    def g(self) -> Sequence[Activation]: ...
    @property
    def output(self) -> Output: ...
    @property
    def s(self) -> Array: ...


@dataclass(frozen=True)
class Layers:
    """The plainest Net: parameters of any array type, complex ones included; s is None where inputs have no scales."""

    W: Sequence[Array]
    b: Sequence[Array]
    g: Sequence[Activation]
    output: Output
    s: Array = None

    @property
    def K(self) -> int:
        return len(self.W) - 1


@dataclass(frozen=True)
class Trace:
    """Every quantity of a forward pass.

    a[k] is (N, n_k) for k = 1..K; h[k] is (N, n_k) for k = 0..K-1; y_hat is (N, n_K). x are the inputs, and h[0] is
    s * x where these have scales, else x. M[k], of the shape of h[k], is the mask of layer k < K, None where nothing is
    left out of it.
    """

    a: Sequence[Array]
    h: Sequence[Array]
    y_hat: Array
    M: Mapping[int, Array] = field(default_factory=dict[int, Array])
    x: Array = None


@dataclass(frozen=True)
class Gradients:
    """Derivatives of the loss sum_n c_n L_n by the quantities of a network.

    y_hat, a[k] and h[k] have one row an example, and the row holds that example's share, c_n included:
    they are (N, n_K), (N, n_k) and (N, n_k). W[k] is (n_k, n_{k-1}), b[k] is (n_k,), s is (n_0,), theta is all of them
    in the order W_1, b_1, ..., W_K, b_K, s. What was not asked for is None, and 0 in theta; W[k], b[k] and s are 0
    at single parameters that were not. Where single parameters of the lowest layer leave out some of its units,
    its a[k] and h[k] are None; so is h[0] where they leave out some inputs' scales.
    """

    loss: float
    y_hat: Array
    a: Sequence[Array]
    h: Sequence[Array]
    W: Sequence[Array]
    b: Sequence[Array]
    theta: Array
    s: Array = None


@dataclass(frozen=True)
class Deltas:
    """What the backward pass makes: dL/da_k, dL/dh_k, dL/dW_k, dL/db_k and dL/ds, None where not asked for.

    Where `backward` was given units or inputs of layer k, W[k] and b[k] hold those rows and columns alone; so do
    a[k] and h[k] of the lowest layer, and s.
    """

    a: Sequence[Array]
    h: Sequence[Array]
    W: Sequence[Array]
    b: Sequence[Array]
    s: Array = None


def scaled(net: Net, X: Array) -> Array:
    """Return h_0 = s * x, (N, n_0); x itself where inputs have no scales."""
    return X if net.s is None else X * net.s


def forward(net: Net, X: Array, M: Mapping[int, Array] | None = None) -> Trace:
    """Return every a_k, h_k and y_hat for the examples in the rows of X, (N, n_0).

    h_0 = s * x              x where inputs have no scales
    a_k = h_{k-1} W_k^T + b_k
    h_k = g_k(a_k)           k < K;  M_k * g_k(a_k) where a mask M[k] is given
    y_hat = O(a_K)
    """
    masks = M or {}
    a: list[Array] = [None]
    h: list[Array] = [scaled(net, X)]
    for k in range(1, net.K + 1):
        a.append(h[k - 1] @ net.W[k].T + net.b[k])
        if k < net.K:
            h_k = net.g[k].f(a[k])
            h.append(h_k * masks[k] if k in masks else h_k)
    return Trace(a, h, net.output.y_hat(a[net.K]), masks, X)


def above(net: Net, k: int, a_k: Array) -> list[Array]:
    """Return [a_k, a_{k+1}, ..., a_K], given a_k, (N, n_k); for k = 0, with h_0 in the place of a_0."""
    a = [a_k]
    for m in range(k + 1, net.K + 1):
        h = a[-1] if m == 1 else net.g[m - 1].f(a[-1])
        a.append(h @ net.W[m].T + net.b[m])
    return a


def loss(net: Net, X: Array, p: Array, c: Array) -> Array:
    """Return sum_n c_n L_n, a 0-dimensional array; complex where theta is."""
    a_K = above(net, 0, scaled(net, X))[-1]
    return a_K.__array_namespace__().sum(c * net.output.loss(a_K, p))


def delta_K(net: Net, trace: Trace, p: Array, c: Array) -> Array:
    """Return dL/da_K of the loss sum_n c_n L_n, (N, n_K): the output's delta, row n times c_n."""
    return c[:, None] * net.output.delta(trace.a[net.K], p)


def backward(
    net: Net,
    trace: Trace,
    delta: Array,
    learn_W: Collection[int],
    learn_b: Collection[int],
    units: Mapping[int, Any] | None = None,
    inputs: Mapping[int, Any] | None = None,
    *,
    learn_s: bool = False,
) -> Deltas:
    """Return the gradients that the layers in learn_W and learn_b, and the scales, need, given delta = dL/da_K.

    dL/dW_k[i, j] = sum_n delta_k[n, i] h_{k-1}[n, j]
    dL/db_k[i]    = sum_n delta_k[n, i]
    dL/dh_{k-1}   = delta_k W_k
    delta_{k-1}   = dL/dh_{k-1} * g'_{k-1}(a_{k-1}),  times M_{k-1} where the trace has one
    dL/ds[j]      = sum_n dL/dh_0[n, j] x[n, j]

    Nothing is computed below the lowest layer that learns. units[k] and inputs[k] name the only i and j of a
    layer that learn, by numbers from 0, ascending; then no other rows and columns of dL/dW_k are computed, and of
    the lowest layer no other delta_k. Scales are the layer 0: units[0] are the inputs whose scales learn.
    """
    units, inputs = units or {}, inputs or {}
    da, dh, dW, db = ([None] * (net.K + 1) for _ in range(4))
    lowest = 0 if learn_s else min([*learn_W, *learn_b], default=net.K)
    if lowest == net.K:
        delta = _columns(delta, units.get(net.K))
    for k in range(net.K, max(lowest, 1) - 1, -1):
        da[k] = delta
        learning = delta if k == lowest else _columns(delta, units.get(k))
        if k in learn_W:
            dW[k] = learning.T @ _columns(trace.h[k - 1], inputs.get(k))
        if k in learn_b:
            db[k] = learning.__array_namespace__().sum(learning, axis=0)
        if k > lowest:
            needed = units.get(k - 1) if k - 1 == lowest else None
            dh[k - 1] = delta @ _columns(net.W[k], needed)
            if k > 1:
                delta = dh[k - 1] * net.g[k - 1].df(_columns(trace.a[k - 1], needed))
            if k - 1 in trace.M:
                delta = delta * _columns(trace.M[k - 1], needed)
    ds = None
    if learn_s:
        each = dh[0] * _columns(trace.x, units.get(0))
        ds = each.__array_namespace__().sum(each, axis=0)
    return Deltas(da, dh, dW, db, ds)


def products(
    sizes: Sequence[int],
    learn_W: Collection[int],
    learn_b: Collection[int],
    units: Mapping[int, Any] | None = None,
    inputs: Mapping[int, Any] | None = None,
    *,
    learn_s: bool = False,
) -> int:
    """Return how many products of two numbers `backward` makes for an example, by n_0, ..., n_K and what learns.

    dL/dW_k takes n_k n_{k-1}, dL/dh_{k-1} too, times g' n_{k-1}, and dL/ds n_0; of single units and inputs fewer.

    >>> products([3, 4, 2], {1, 2}, {1, 2}), products([3, 4, 2], {2}, {2})
    (32, 8)
    """
    units, inputs = units or {}, inputs or {}
    K, made = len(sizes) - 1, 0
    lowest = 0 if learn_s else min([*learn_W, *learn_b], default=K)
    for k in range(K, max(lowest, 1) - 1, -1):
        if k in learn_W:
            made += _number(units.get(k), sizes[k]) * _number(inputs.get(k), sizes[k - 1])
        if k > lowest:
            below = _number(units.get(k - 1) if k - 1 == lowest else None, sizes[k - 1])
            made += sizes[k] * below + (below if k > 1 else 0)
    return made + (_number(units.get(0), sizes[0]) if learn_s else 0)


def _number(which: Any, of_all: int) -> int:
    return of_all if which is None else len(which)


def _columns(matrix: Array, which: Any) -> Array:
    """Return some columns of a matrix, or all where `which` is None."""
    if which is None:
        return matrix
    xp = matrix.__array_namespace__()
    return xp.take(matrix, xp.asarray(which), axis=1)


def per_example(trace: Trace, deltas: Deltas) -> Array:
    """Return the gradient of every example by theta, (N, P), from deltas of c = 1.

    dL_n/dW_k[i, j] = delta_k[n, i] h_{k-1}[n, j];  dL_n/db_k[i] = delta_k[n, i];  dL_n/ds[j] = dL/dh_0[n, j] x[n, j]
    """
    xp = trace.y_hat.__array_namespace__()
    columns: list[Array] = []
    for delta, h in zip(deltas.a[1:], trace.h, strict=True):
        columns += [xp.reshape(delta[:, :, None] * h[:, None, :], (delta.shape[0], -1)), delta]
    if deltas.h[0] is not None:
        columns.append(deltas.h[0] * trace.x)
    return xp.concat(columns, axis=1)


def per_example_norms(trace: Trace, deltas: Deltas) -> Array:
    """Return the 2-norm of every example's gradient, (N,), without forming it, from deltas of c = 1.

    ||dL_n/dtheta||^2 = sum_k ||delta_k||^2 (||h_{k-1}||^2 + 1), and ||dL/dh_0 * x||^2 of the scales

    because ||delta h^T||_F = ||delta|| ||h|| (Goodfellow 2015, efficient per-example gradients).
    """
    xp = trace.y_hat.__array_namespace__()
    squares = [
        xp.sum(delta**2, axis=1) * (xp.sum(h**2, axis=1) + 1.0)
        for delta, h in zip(deltas.a[1:], trace.h, strict=True)
    ]
    if deltas.h[0] is not None:
        squares.append(xp.sum((deltas.h[0] * trace.x) ** 2, axis=1))
    return xp.sqrt(xp.sum(xp.stack(squares), axis=0))
