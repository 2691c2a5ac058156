"""A plane through the example, along two of its inputs: the rows as points of it, and what the network says over it.

Where the network has one input, or the second axis is 0, the plane's second axis is the output. All inputs besides the
two axes stay as the example has them. Maps are bytes, -127 to 127, with what 127 stands for as text.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule import chain
from deltarule.chain.grid import shown
from deltarule.maths import passes
from deltarule.network import Floats
from deltarule.sparse import dense
from deltarule.web.commands import OfPlane
from deltarule.web.controls import FieldError
from deltarule.web.frame import DIGITS, WIDE, text

if TYPE_CHECKING:
    from deltarule.web.session import Session

SIDE = 40
"""Points of a map along each axis."""
MOST_POINTS, MOST_SUSPECTS = 600, 20
MARGIN = 0.08
"""Of the range of the rows, to either side."""


def points(session: Session, asked: OfPlane) -> dict[str, Any]:
    """Return the rows as points: an even choice of them where there are many, with the example."""
    q, walk = session.walk.problem, session.walk
    N = len(q.p)
    some = np.unique(np.linspace(0, N - 1, min(N, MOST_POINTS)).astype(int))
    some = np.union1d(some, [session.row])
    x, y = _axes(session, asked)
    X, p = dense(q.X[some]), q.p[some]
    trace = passes.forward(walk.net, X)
    losses = walk.net.output.loss(trace.a[walk.net.K], p)
    is_class = walk.net.output.name == "softmax"
    across, up = X[:, x - 1], X[:, y - 1] if y else p[:, 0]
    told: dict[str, Any] = {
        **_told_axes(session, x, y),
        "row": session.numbers[some].tolist(),
        "x": text(across),
        "y": text(up),
        "loss": text(losses),
        "is_class": is_class,
    }
    if is_class:
        told |= {"of": p.argmax(axis=1).tolist(), "said": trace.y_hat.argmax(axis=1).tolist()}
    else:
        told |= _bytes("of", p[:, 0] - p[:, 0].mean())
    return told


def surface(session: Session, asked: OfPlane) -> dict[str, Any]:
    """Return what the network says over the plane: of two classes how far y_hat_2 is from y_hat_1, else the largest."""
    net = session.walk.net
    x, y = _axes(session, asked)
    told = _told_axes(session, x, y)
    if not y:
        X = _line(session, x)
        return {**told, "line": text(passes.forward(net, X).y_hat[:, 0]), "x": text(X[:, x - 1])}
    y_hat: Floats = passes.forward(net, _grid(session, x, y)).y_hat
    if net.output.name != "softmax":
        return {**told, **_bytes("levels", y_hat[:, 0] - np.nanmean(y_hat[:, 0]))}
    if net.sizes[-1] == 2:
        return {**told, **_bytes("levels", y_hat[:, 1] - y_hat[:, 0], 1.0)}
    return {
        **told,
        "classes": base64.b64encode(y_hat.argmax(axis=1).astype(np.int8).tobytes()).decode("ascii"),
        **_bytes("levels", y_hat.max(axis=1), 1.0),
    }


def maps(session: Session, asked: OfPlane) -> dict[str, Any]:
    """Return h_k,i over the plane for every hidden unit of layers that are not folded."""
    net = session.walk.net
    x, y = _axes(session, asked)
    X = (
        _grid(session, x, y)
        if y
        else np.repeat(_line(session, x)[None], SIDE, axis=0).reshape(-1, net.sizes[0])
    )
    trace = passes.forward(net, X)
    hidden = {
        str(k): [_bytes("levels", trace.h[k][:, i]) for i in range(net.sizes[k])]
        for k in range(1, net.K)
        if net.sizes[k] <= WIDE
    }
    return {**_told_axes(session, x, y), "side": SIDE, "units": hidden}


def suspects(session: Session) -> dict[str, Any]:
    """Return the rows with the largest gradients."""
    q = session.walk.problem
    found = chain.suspects(session.walk, dense(q.X), q.p)
    first = found.order[:MOST_SUSPECTS]
    return {
        "rows": [
            {
                "row": int(session.numbers[n]),
                "norm": shown(float(found.norms[n]), DIGITS),
                "loss": shown(float(found.losses[n]), DIGITS),
            }
            for n in first
        ]
    }


def _axes(session: Session, asked: OfPlane) -> tuple[int, int]:
    """Return the two axes; the second is 0 where it is the output."""
    n = session.walk.net.sizes[0]
    for name, j in (("x", asked.x), ("y", asked.y)):
        if j > n and n > 1:
            raise FieldError(f"{name} is {j}; there are {n} inputs.", name)
    return (1, 0) if n == 1 else (asked.x, asked.y)


def _told_axes(session: Session, x: int, y: int) -> dict[str, Any]:
    q = session.walk.problem
    names = session.seen.inputs or [f"x{j + 1}" for j in range(session.walk.net.sizes[0])]
    return {
        "axes": [names[x - 1], names[y - 1] if y else "y"],
        "at": [x, y],
        "low": text([_range(session, x)[0], _range(session, y)[0]]),
        "high": text([_range(session, x)[1], _range(session, y)[1]]),
        "is_slice": session.walk.net.sizes[0] > (2 if y else 1),
        "example": text([dense(q.X[[session.row]])[0, x - 1], _value(session, y)]),
    }


def _value(session: Session, y: int) -> float:
    q = session.walk.problem
    return float(dense(q.X[[session.row]])[0, y - 1] if y else q.p[session.row, 0])


def _range(session: Session, j: int) -> tuple[float, float]:
    """Return the ends of an axis: the rows' range and a margin."""
    q = session.walk.problem
    column = dense(q.X[:, [j - 1]])[:, 0] if j else q.p[:, 0]
    low, high = float(column.min()), float(column.max())
    wide = (high - low) * MARGIN or 1.0
    return low - wide, high + wide


def _line(session: Session, x: int) -> Floats:
    """Return SIDE inputs along one axis, (SIDE, n_0)."""
    X = np.repeat(dense(session.walk.problem.X[[session.row]]), SIDE, axis=0)
    X[:, x - 1] = np.linspace(*_range(session, x), SIDE)
    return X


def _grid(session: Session, x: int, y: int) -> Floats:
    """Return the inputs of a map, row by row from the top, (SIDE^2, n_0)."""
    X = np.repeat(dense(session.walk.problem.X[[session.row]]), SIDE * SIDE, axis=0)
    across, up = np.linspace(*_range(session, x), SIDE), np.linspace(*_range(session, y), SIDE)[::-1]
    X[:, x - 1], X[:, y - 1] = np.tile(across, SIDE), np.repeat(up, SIDE)
    return X


def _bytes(name: str, values: Floats, most: float | None = None) -> dict[str, str]:
    """Return numbers as bytes, with the modulus that 127 stands for."""
    finite = np.nan_to_num(values, nan=0.0, posinf=np.finfo(float).max, neginf=np.finfo(float).min)
    scale = (float(np.abs(finite).max()) or 1.0) if most is None else most
    levels = np.round(127 * np.clip(finite / scale, -1, 1)).astype(np.int8)
    return {name: base64.b64encode(levels.tobytes()).decode("ascii"), "scale": shown(scale, DIGITS)}
