"""Whether the engine that trains a network gives the derivation's gradient, entry by entry.

The derivation is in float64, proven by the certificate; the engine works in the network's dtype. So an entry may differ
by what rounding makes of it: of each example's part of a sum, and of every weight and input, as the gradient of a
network whose numbers are moved by that much shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deltarule.maths import passes
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats, Network
from deltarule.parameters import Selection

LIMITS = {"float32": 1e-5, "float64": 1e-10}
"""The largest relative error of an entry, by the engine's dtype, above what rounding makes of it."""
ROUNDINGS = 32.0
"""How many units of rounding a number may be off."""


@dataclass(frozen=True)
class Runner:
    """An engine: what a person calls it, and its gradient of a problem's parameters that learn."""

    name: str
    gradient: Callable[[Network, Floats, Floats, Floats, Selection, Penalty], Floats]


@dataclass(frozen=True)
class Agreement:
    """What the engine's gradient is to the derivation's: how many entries, the worst, and the names of those off."""

    name: str
    n_compared: int
    n_examples: int
    worst: str
    error: float
    limit: float
    off: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return it for a person."""
        entries = f"{self.n_compared:,} {'entry' if self.n_compared == 1 else 'entries'}"
        if not self.off:
            return [
                f"  The {self.name}, which trains this network, gives the same",
                f"  in {entries}: largest relative error {self.error:.1e}, limit {self.limit:.0e}.",
            ]
        shown = ", ".join(self.off[:6]) + (", ..." if len(self.off) > 6 else "")
        return [
            f"FAIL: the {self.name}, differs from the derivation",
            f"      in {len(self.off):,} of {entries}: {shown}",
            f"      worst {self.worst}: relative error {self.error:.1e}, limit {self.limit:.0e}",
        ]


def agree(
    net: Network, X: Floats, p: Floats, c: Floats, selection: Selection, penalty: Penalty, runner: Runner
) -> Agreement:
    """Compare an engine's gradient on examples, given in any dtype, with the derivation's.

    Left out are examples of which a unit, or the loss, is so near a kink that rounding decides on its side.
    """
    exact = net.astype("float64")
    given = [part.astype(net.dtype) for part in (X, p, c)]
    eps = ROUNDINGS * float(np.finfo(net.dtype).eps)
    rows = _settled(exact, passes.forward(exact, given[0].astype(np.float64)), given[1], eps)
    if rows.any():
        given = [part[rows] for part in given]
        given[2] /= given[2].sum()
    learns = selection.index
    found = runner.gradient(net, given[0], given[1], given[2], selection, penalty).astype(np.float64)
    inputs, targets, weights = (part.astype(np.float64) for part in given)
    right, noise = _gradient(exact, inputs, targets, weights, penalty)
    noise *= eps
    rng = np.random.default_rng(0)
    moved = exact.copy()
    for _ in range(3):
        moved.theta = exact.theta * (1.0 + eps * rng.choice([-1.0, 1.0], exact.theta.shape))
        nudged = inputs * (1.0 + eps * rng.choice([-1.0, 1.0], inputs.shape))
        noise = np.maximum(noise, np.abs(_gradient(moved, nudged, targets, weights, penalty)[0] - right))
    right, noise = right[learns], noise[learns]
    limit = LIMITS[str(net.dtype)]
    size = np.maximum(
        np.maximum(np.abs(found), np.abs(right)), np.maximum(noise / limit, np.finfo(np.float32).tiny)
    )
    error = np.abs(found - right) / size
    names = np.arange(exact.layout.size)[learns]
    worst = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
    off = tuple(exact.layout.name(int(n)) for n in names[~(error <= limit)])
    return Agreement(
        runner.name,
        len(found),
        len(inputs),
        exact.layout.name(int(names[worst])),
        float(error[worst]),
        limit,
        off,
    )


def _gradient(net: Network, X: Floats, p: Floats, c: Floats, penalty: Penalty) -> tuple[Floats, Floats]:
    """Return the gradient of loss and penalty by theta, and the sizes that its sums are made of.

    Of dL/dW_k[i, j] these are sum_n d_k[n, i] |h_{k-1}[n, j]|, with d_K = c (|y_hat| + |p|), which y_hat - p cancels
    from, and d_{k-1} = d_k |W_k| |g'|; of dL/ds[j], sum_n (d_1 |W_1|)[n, j] |x[n, j]|.
    """
    gradient = net.gradients(X, p, weights=c).theta
    trace = passes.forward(net, X)
    weights = np.where(net.layout.is_weight(), penalty.gradient(net.theta), 0.0)
    d = c[:, None] * (np.abs(trace.y_hat) + np.abs(p) + np.abs(net.output.delta(trace.a[net.K], p)))
    sizes = np.zeros_like(net.theta)
    for k in range(net.K, 0, -1):
        sizes[net.layout.W[k]] = (d.T @ np.abs(trace.h[k - 1])).reshape(-1)
        sizes[net.layout.b[k]] = d.sum(axis=0)
        if k > 1:
            d = (d @ np.abs(net.W[k])) * np.abs(net.g[k - 1].df(trace.a[k - 1]))
    if net.s is not None:
        sizes[net.layout.s] = ((d @ np.abs(net.W[1])) * np.abs(X)).sum(axis=0)
    return gradient + weights, sizes + np.abs(weights)


def _settled(net: Network, trace: passes.Trace, p: Floats, eps: float) -> Floats:
    """Return, (N,), whether on an example every kink is farther from what passes it than rounding reaches."""
    rows = np.ones(len(p), bool)
    for k in range(1, net.K + 1):
        reach = eps * (np.abs(trace.h[k - 1]) @ np.abs(net.W[k]).T + np.abs(net.b[k]))
        a = trace.a[k]
        if k == net.K:
            sides = [net.output.side(a + sign * (reach + eps * np.abs(p)), p) for sign in (-1.0, 1.0)]
            rows &= (sides[0] == sides[1]).all(axis=1)
        elif net.g[k].has_kink:
            rows &= ~((np.abs(a) < reach) & (a != 0.0)).any(axis=1)
    return rows
