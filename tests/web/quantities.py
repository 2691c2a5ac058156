"""What the page should show, by the names in data-q, made from the network alone: not by the code that makes frames."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np

from deltarule import Network
from deltarule.chain.grid import shown
from deltarule.web.session import Session

OUTPUTS = {"softmax": 2, "linear": 1, "sigmoid": 2, "poisson": 1}
SHAPES: list[dict[str, Any]] = [
    {"hidden": [2, 2], "activation": "relu"},
    {"hidden": [4, 4], "activation": "tanh"},
    {"hidden": [], "activation": "tanh"},
    {"hidden": [5], "activation": "gelu", "scale": True},
    {"hidden": [3, 2, 3, 2], "activation": "elu"},
    {"hidden": [12], "activation": "sigmoid", "inputs": 12},
]


def net_and_examples(shape: dict[str, Any], output: str) -> tuple[Network, np.ndarray, np.ndarray]:
    n_0, n_K = shape.get("inputs", 3), OUTPUTS[output]
    sizes = [n_0, *shape["hidden"], n_K]
    activation = [shape["activation"]] * len(shape["hidden"])
    net = Network(sizes, activation, output, seed=1, dtype="float64", scale=shape.get("scale", False))
    rng = np.random.default_rng(2)
    net.theta = net.theta + 0.1 * rng.normal(size=net.layout.size)
    X = rng.normal(size=(6, n_0))
    y = {
        "softmax": rng.integers(0, 2, size=6),
        "linear": rng.normal(size=6),
        "sigmoid": rng.integers(0, 2, size=(6, 2)),
        "poisson": rng.poisson(2.0, size=6),
    }[output]
    return net, X, y


def quantities(session: Session, mode: str = "example") -> dict[str, str]:
    """Return every quantity that the network, its tree and the rail may show in this mode, as text."""
    walk, net = session.walk, session.walk.net
    q, moment = walk.problem, walk.moment
    rows = np.array([session.row]) if mode == "example" else walk.rows
    c = np.full(len(rows), 1 / len(rows)) if mode == "example" else q.w[rows] / q.w[rows].sum()
    X, p = q.X[rows], q.p[rows]
    of = net.gradients(X, p, weights=c)
    trace = net.forward(X)
    found: dict[str, float] = {"t": walk.t, "epoch": walk.epoch}
    K = net.K
    ends = {"x": c @ X, "y_hat": c @ trace.y_hat, "dL/dy_hat": of.y_hat.sum(axis=0)}
    for name, values in ends.items():
        found |= {f"{name}[{i + 1}]": v for i, v in enumerate(values)}
    for k in range(1, K + 1):
        by_layer = {f"a[{k}": c @ trace.a[k], f"dL/da[{k}": of.a[k].sum(axis=0)}
        if k < K:
            by_layer |= {f"h[{k}": c @ trace.h[k], f"dL/dh[{k}": of.h[k].sum(axis=0)}
        for name, values in by_layer.items():
            found |= {f"{name},{i + 1}]": v for i, v in enumerate(values)}
    found |= {f"h[0,{j + 1}]": v for j, v in enumerate(c @ trace.h[0])}
    if net.s is not None:
        found |= {f"dL/dh[0,{j + 1}]": v for j, v in enumerate(of.h[0].sum(axis=0))}
    step = np.zeros(net.layout.size)
    step[q.selection.index] = moment.step
    for n in range(net.layout.size):
        name = net.layout.name(n)
        found |= {name: net.theta[n], f"dL/d{name}": of.theta[n], f"step {name}": step[n]}
    for k in range(1, K):
        slopes = np.abs(net.g[k].df(trace.a[k])).max(axis=0)
        found |= {f"|g'|[{k},{i + 1}]": v for i, v in enumerate(slopes) if v < 0.01}
    told = {name: shown(float(value), 4) for name, value in found.items()}
    return told | {
        "theta": sha256(net.theta.tobytes()).hexdigest()[:8],
        "t": str(walk.t),
        "epoch": str(walk.epoch),
        "L": shown(of.loss, 6),
        f"L of {mode}": shown(of.loss, 6),
    }
