"""The moment as the text that is read: what one update is made of, of one example and of its batch.

Numbers are text, in the digits that are shown; "" is what was not computed. Lists count layers from 1, but for h, which
counts from 0. Of a layer of more than WIDE units only some are told: `units` says which, from 1.

    example, batch   {"loss", "y_hat", "dy", "a", "h", "da", "dh", "dW", "db", "ds", "x", "shut"}
    W, b, s, step_W, step_b, step_s   the parameters, and how the update changes them
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.grid import shown
from deltarule.maths import passes
from deltarule.network import Floats, Network
from deltarule.sparse import dense

if TYPE_CHECKING:
    from deltarule.web.session import Session

DIGITS, DIGITS_OF_LOSS = 4, 6
WIDE, MOST = 12, 5
"""Units of a layer that are all told, and how many of a wider one, beside the selected."""
MOST_ROWS = 64
"""Rows of the batch that are named."""
SATURATED = 0.01
"""A slope g' that lets next to nothing through."""
Text: TypeAlias = "str | Sequence[Text]"


def text(values: Any) -> Text:
    """Return numbers as the text that is shown; NaN marked as not computed is "".

    >>> text([0.123456, -2.0, None])
    ['0.1235', '-2', '']
    """
    if values is None:
        return ""
    if isinstance(values, list | tuple | np.ndarray):
        return [text(each) for each in values]  # type: ignore[misc]
    return shown(float(values), DIGITS)


def frame_of(session: Session, watch: str, by: str) -> dict[str, Any]:
    """Return the frame of a session; the caller holds its lock."""
    walk = session.walk
    net, q, moment = walk.net, walk.problem, walk.moment
    row = session.row
    one = _of_example(net, dense(q.X[[row]]), q.p[[row]])
    many = _of_batch(net, moment.trace, moment.deltas, moment.c, moment.p)
    units = [_told(net, k, one, watch, by) for k in range(net.K + 1)]
    layout, of = net.layout, q.selection.index
    learns = np.zeros(layout.size, bool)
    learns[of] = True
    gradient, step = _spread(layout.size, of, moment.gradient), _spread(layout.size, of, moment.step)
    val = session.held_losses.get(walk.t)
    frame: dict[str, Any] = {
        "rev": session.rev,
        "t": walk.t,
        "theta": sha256(net.theta.tobytes()).hexdigest()[:8],
        "epoch": walk.epoch,
        "batch_rows": session.numbers[moment.rows[:MOST_ROWS]].tolist(),
        "batch_size": len(moment.rows),
        "row": int(session.numbers[row]),
        "is_followed": session.example == 0,
        "rate": shown(moment.learning_rate, DIGITS),
        "penalty": shown(moment.penalty, DIGITS) if q.penalty else "",
        "val": "" if val is None else shown(val, DIGITS_OF_LOSS),
        "units": units,
        "example": _cut(one, units)
        | {"loss": shown(one["loss"], DIGITS_OF_LOSS), "shut": _shut(net, one["a"], units)},
        "batch": _cut(many, units)
        | {"loss": shown(moment.loss, DIGITS_OF_LOSS), "shut": _shut(net, moment.trace.a, units)},
        **_parameters("W", "b", "s", net, net.theta, units, None),
        **_parameters("dW", "db", "ds", net, gradient, units, learns),
        **_parameters("step_W", "step_b", "step_s", net, step, units, learns),
        "products": [f"{n:,}" for n in walk.products],
        "frozen": sorted(session.frozen),
        "is_playing": session.is_playing,
        "speed": f"{session.speed:g}",
        "halted": session.halted,
    }
    strips = {str(k): _strip(one, k, by) for k in range(net.K + 1) if len(units[k]) < net.sizes[k]}
    return frame | ({"strips": strips} if strips else {})


def _of_example(net: Network, x: Floats, p: Floats) -> dict[str, Any]:
    """Return the quantities of one example, with c = 1; by layer, index 0 of a and da unused."""
    layers = range(1, net.K + 1)
    trace = passes.forward(net, x)
    a_K = trace.a[net.K]
    deltas = passes.backward(
        net, trace, passes.delta_K(net, trace, p, np.ones(1)), layers, layers, learn_s=net.s is not None
    )
    dh = list(deltas.h)
    return {
        "loss": float(net.output.loss(a_K, p)[0]),
        "p": p[0],
        "x": x[0],
        "y_hat": trace.y_hat[0],
        "dy": net.output.dL_dy_hat(a_K, p)[0],
        "a": [None, *(each[0] for each in trace.a[1:])],
        "h": [each[0] for each in trace.h],
        "da": [None, *(each[0] for each in deltas.a[1:])],
        "dh": [None if each is None else each[0] for each in dh],
        "dW": deltas.W,
        "db": deltas.b,
        **({} if net.s is None else {"ds": deltas.s}),
    }


def _of_batch(
    net: Network, trace: passes.Trace, deltas: passes.Deltas, c: Floats, p: Floats
) -> dict[str, Any]:
    """Return the means of a batch's quantities, weighed by c; None where the backward pass did not come."""
    return {
        "p": c @ p,
        "x": c @ dense(trace.x),
        "y_hat": c @ trace.y_hat,
        "dy": c @ net.output.dL_dy_hat(trace.a[net.K], p),
        "a": [None, *(c @ each for each in trace.a[1:])],
        "h": [c @ dense(each) for each in trace.h],
        "da": [_sum(each, n) for each, n in zip(deltas.a, net.sizes, strict=True)],
        "dh": [_sum(each, n) for each, n in zip([*deltas.h, None][: net.K + 1], net.sizes, strict=True)],
    }


def _sum(each: Any, n: int) -> Floats | None:
    """Return the sum over the rows; None where it is not of all units."""
    return None if each is None or each.shape[1] != n else each.sum(axis=0)


def _spread(size: int, index: Any, values: Floats) -> Floats:
    whole = np.zeros(size)
    whole[index] = values
    return whole


def _told(net: Network, k: int, one: dict[str, Any], watch: str, by: str) -> list[int]:
    """Return the units of a layer that are told, from 1: of a wide one the largest, and the selected."""
    n = net.sizes[k]
    if n <= WIDE:
        return list(range(1, n + 1))
    size = np.abs(np.nan_to_num(_quantity(one, k, by)))
    told = set((np.argsort(-size, kind="stable")[:MOST] + 1).tolist())
    if watch:
        at = net.layout.parameter(net.layout.find(watch))
        told |= {at.i} if at.k == k else set()
        told |= {at.j} if at.j is not None and at.k - 1 == k else set()
    return sorted(told)


def _quantity(one: dict[str, Any], k: int, by: str) -> Floats:
    """Return what a layer's units are ordered by: how they come out, or the derivative that comes to them."""
    derivative = one["da"][k] if k else one["dh"][0]
    if by != "forward" and derivative is not None:
        return derivative
    return one["h"][k] if k < len(one["h"]) else one["a"][k]


def _strip(one: dict[str, Any], k: int, by: str) -> dict[str, Any]:
    """Return all units of a layer as bytes, 127 the largest modulus, with that as text."""
    values = np.nan_to_num(_quantity(one, k, by))
    most = float(np.abs(values).max()) or 1.0
    levels = np.round(127 * values / most).astype(np.int8)
    return {"scale": shown(most, DIGITS), "values": base64.b64encode(levels.tobytes()).decode("ascii")}


def _cut(of: dict[str, Any], units: list[list[int]]) -> dict[str, Any]:
    """Return the quantities of the units that are told, as text."""
    at = [np.array(each) - 1 for each in units]
    K = len(units) - 1
    cut: dict[str, Any] = {
        "p": text(of["p"][at[K]]),
        "x": text(of["x"][at[0]]),
        "y_hat": text(of["y_hat"][at[K]]),
        "dy": text(of["dy"][at[K]]),
        "a": [_layer(of["a"][k], at[k]) for k in range(1, K + 1)],
        "h": [_layer(of["h"][k], at[k]) for k in range(K)],
        "da": [_layer(of["da"][k], at[k]) for k in range(1, K + 1)],
        "dh": [_layer(of["dh"][k], at[k]) for k in range(K)],
    }
    if "ds" in of:
        cut["ds"] = text(of["ds"][at[0]])
    if "dW" in of:
        cut["dW"] = [text(of["dW"][k][np.ix_(at[k], at[k - 1])]) for k in range(1, K + 1)]
        cut["db"] = [text(of["db"][k][at[k]]) for k in range(1, K + 1)]
    return cut


def _shut(net: Network, a: Sequence[Any], units: list[list[int]]) -> list[list[Any]]:
    """Return the hidden units that let (next to) nothing through, [k, i, "off" or "saturated", the largest |g'|]."""
    found: list[list[Any]] = []
    for k in range(1, net.K):
        slopes = np.abs(net.g[k].df(np.atleast_2d(a[k])[:, np.array(units[k]) - 1])).max(axis=0)
        for i, slope in zip(units[k], slopes.tolist(), strict=True):
            if slope < SATURATED:
                is_off = slope == 0 and net.g[k].has_kink
                found.append([k, i, "off" if is_off else "saturated", shown(slope, DIGITS)])
    return found


def _layer(values: NDArray[Any] | None, at: NDArray[np.intp]) -> Text:
    return [""] * len(at) if values is None else text(values[at])


def _parameters(
    W: str,
    b: str,
    s: str,
    net: Network,
    theta: Floats,
    units: list[list[int]],
    learns: NDArray[np.bool_] | None,
) -> dict[str, Any]:
    """Return an array like theta by layer as text, under these names; "" where a parameter does not learn."""
    layout, at = net.layout, [np.array(each) - 1 for each in units]
    (by_W, by_b), of_s = layout.split(theta), layout.scale_of(theta)
    mask = np.ones(layout.size, bool) if learns is None else learns
    (is_W, is_b), is_s = layout.split(mask), layout.scale_of(mask)
    blocks = [np.ix_(at[k], at[k - 1]) for k in range(1, net.K + 1)]
    told: dict[str, Any] = {
        W: [_masked(by_W[k][block], is_W[k][block]) for k, block in enumerate(blocks, start=1)],
        b: [_masked(by_b[k][at[k]], is_b[k][at[k]]) for k in range(1, net.K + 1)],
    }
    if net.s is not None:
        told[s] = _masked(of_s[at[0]], is_s[at[0]])
    return told


def _masked(values: NDArray[Any], is_told: NDArray[np.bool_]) -> Text:
    kept = values.astype(object)
    kept[~is_told] = None
    return text(kept)
