"""The reference engine: maths/ as it is. It is the specification of every other engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.base import EpochResult, Problem
from deltarule.engines.divergence import diverged
from deltarule.errors import OptionError
from deltarule.maths import passes
from deltarule.maths.optimisers import State, decay
from deltarule.maths.penalties import clip_by_norm, clip_by_value
from deltarule.network import Floats, Network
from deltarule.sparse import rows_of

BLOCK = 16_384
"""Rows of a block where a loss is taken without gradients."""


@dataclass(frozen=True)
class Proposal:
    """An update before it is made, and all that it is made of; (L,) are entries of the parameters that learn, in order.

    Attributes
    ----------
    t
        How many updates the optimiser has made before it.
    rows, p, c
        The batch: its rows, (n,), their targets, (n, n_K), and weights, (n,), which add up to 1.
    weight
        What these weights were in sum before.
    learning_rate
        alpha of this update.
    trace, deltas
        The forward pass, and the backward pass down to the lowest layer that learns; rows hold c_n.
    losses, loss, penalty
        L_n, (n,), and sum_n c_n L_n, without the penalty, which is the batch's share of it.
    gradient
        dL/dw of the loss, (L,).
    penalised, clipped
        The gradient with the penalty's, and what clipping leaves of that, (L,): what the optimiser is given.
    decay, step
        What weight decay adds, with the factors on the rate, and all that theta changes by, (L,).
    before, after
        theta, (L,).
    state
        The optimiser's, after the update.
    """

    t: int
    rows: NDArray[np.intp]
    p: Floats
    c: Floats
    weight: float
    learning_rate: float
    trace: passes.Trace
    deltas: passes.Deltas
    losses: Floats
    loss: float
    penalty: float
    gradient: Floats
    penalised: Floats
    clipped: Floats
    decay: Floats
    step: Floats
    before: Floats
    after: Floats
    state: State

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.loss) and np.isfinite(self.after).all())


class ReferenceEngine:
    """Runs the functions of maths/ batch by batch.

    Of theta only the entries that learn are ever handed to the penalty, the clipping, the optimiser and the
    decay, so that a frozen parameter cannot move.
    """

    name: ClassVar[str] = "reference"
    compiling = 0.0
    notice: str = ""

    def __init__(self, problem: Problem, n_threads: int | None = None, *, is_quiet: bool = False) -> None:
        self.problem = problem
        self.index = problem.selection.index
        self.is_weight = problem.net.layout.is_weight()[self.index]
        self.rates = None if problem.rates is None else problem.rates[self.index].astype(problem.net.dtype)
        self.state: State = problem.optimiser.init(problem.net.theta[self.index])
        self._refuse_count(self.state, 0)

    def epoch(self, order: NDArray[np.intp], interrupted: NDArray[np.bool_]) -> EpochResult:
        q = self.problem
        total_weight, loss, examples, updates = float(q.w.sum()), 0.0, 0, 0
        means = np.zeros(2)  # of the batches' losses and penalties
        norms = np.zeros(q.net.K)
        lr = 0.0
        with np.errstate(all="ignore"):  # what is not finite is refused by name below
            for start in range(0, len(order), q.batch_size):
                if interrupted[0]:
                    break
                batch = order[start : start + q.batch_size]
                share = float(q.w[batch].sum()) / total_weight
                if share > 0:
                    update = self.propose(batch)
                    self._add_norms(update.penalised, norms)
                    self.take(update)
                    lr = update.learning_rate
                    loss += share * update.loss
                    means += len(batch) / len(order) * np.array([update.loss, update.penalty])
                examples += len(batch)
                updates += 1
        return EpochResult(loss, float(means[0]), float(means[1]), norms / max(updates, 1), lr, examples)

    def propose(self, rows: NDArray[np.intp]) -> Proposal:
        """Return the update that a batch makes next, of rows that do not all weigh nothing; nothing is changed."""
        q, net, t = self.problem, self.problem.net, int(self.state["t"])
        X, p, c = rows_of(q.X, rows), q.p[rows], q.w[rows]
        lr = q.learning_rate(t)
        trace, deltas, losses, grad = self._passes(X, p, c / c.sum(), q.masks(rows, t))
        theta = net.theta[self.index].copy()
        penalty, penalised = 0.0, grad
        if q.penalty:
            share = q.penalty.share(float(c.sum()))
            penalty = share * float(q.penalty.value(theta[self.is_weight]))
            penalised = grad + share * self._penalty_gradient(theta)
        clipped = penalised
        if q.clip_value is not None:
            clipped = clip_by_value(clipped, q.clip_value)
        if q.clip_norm is not None:
            clipped = clip_by_norm(clipped, q.clip_norm)
        step, state = q.optimiser.update(clipped, self.state, lr)
        self._refuse_count(state, t + 1)
        decayed = np.zeros_like(theta)
        if q.optimiser.weight_decay:
            decayed = decay(theta, self.is_weight, lr, q.optimiser.weight_decay)
            step = step + decayed
        if self.rates is not None:
            step, decayed = self.rates * step, self.rates * decayed
        return Proposal(
            t=t,
            rows=rows,
            p=p,
            c=c / c.sum(),
            weight=float(c.sum()),
            learning_rate=lr,
            trace=trace,
            deltas=deltas,
            losses=losses,
            loss=float((c / c.sum() * losses).sum()),
            penalty=penalty,
            gradient=grad,
            penalised=penalised,
            clipped=clipped,
            decay=decayed,
            step=step,
            before=theta,
            after=theta + step,
            state=state,
        )

    def take(self, update: Proposal) -> None:
        """Make an update that was proposed.

        Raises
        ------
        DivergenceError
            A number in it is not finite; nothing is changed.
        OptionError
            Parameters have changed since it was proposed.
        """
        theta = self.problem.net.theta
        is_same = np.array_equal(update.before, theta[self.index], equal_nan=True)
        if update.t != self.state["t"] or not is_same:
            raise OptionError("the parameters have changed since this update was proposed; propose it anew.")
        if not update.is_finite:
            raise diverged(self.problem, update.rows, update.learning_rate, update.t)
        theta[self.index] = update.after
        self.state = update.state

    def _refuse_count(self, state: State, t: int) -> None:
        """Refuse an optimiser of someone's own that does not count its updates: schedules and masks go by them."""
        if state.get("t") != t:
            raise OptionError(
                f'the optimiser {type(self.problem.optimiser).__qualname__} gives a state whose "t" is '
                f"{state.get('t')} after {t:,} updates; it must count them from 0."
            )

    def objective(self) -> tuple[float, float, NDArray[Any]]:
        q = self.problem
        c = q.w / q.w.sum()
        _, _, losses, grad = self._passes(rows_of(q.X, slice(None)), q.p, c)
        loss = float((c * losses).sum())
        if not q.penalty:
            return loss, 0.0, grad
        theta = q.net.theta[self.index]
        share = q.penalty.share(float(q.w.sum()))
        penalty = share * float(q.penalty.value(theta[self.is_weight]))
        return loss, penalty, grad + share * self._penalty_gradient(theta)

    def loss(self, X: Any, p: Floats, c: Floats) -> float:
        blocks = (slice(start, start + BLOCK) for start in range(0, len(p), BLOCK))
        return sum(
            float(passes.loss(self.problem.net, rows_of(X, rows), p[rows], c[rows])) for rows in blocks
        )

    def _passes(
        self, X: Floats, p: Floats, c: Floats, masks: Mapping[int, Floats] | None = None
    ) -> tuple[passes.Trace, passes.Deltas, Floats, Floats]:
        """Return both passes, L_n, (n,), and dL/dw of what learns, (L,)."""
        net, selection = self.problem.net, self.problem.selection
        trace = passes.forward(net, X, masks)
        delta = passes.delta_K(net, trace, p, c)
        deltas = passes.backward(
            net,
            trace,
            delta,
            selection.W,
            selection.b,
            selection.units,
            selection.inputs,
            learn_s=selection.s,
        )
        whole = net.layout.spread(deltas.W, deltas.b, deltas.s, selection)
        losses = net.output.loss(trace.a[net.K], p)
        return trace, deltas, losses, net.layout.join(*whole, like=net.theta)[self.index]

    def _penalty_gradient(self, theta: Floats) -> Floats:
        return np.where(self.is_weight, self.problem.penalty.gradient(theta), np.zeros_like(theta))

    def _add_norms(self, grad: Floats, norms: NDArray[np.float64]) -> None:
        layout = self.problem.net.layout
        whole = np.zeros(layout.size, grad.dtype)
        whole[self.index] = grad
        for k in range(1, layout.K + 1):
            norms[k - 1] += np.linalg.norm(whole[layout.W[k].start : layout.b[k].stop])


def predict(net: Network, X: Any) -> Floats:
    """Return y_hat, (N, n_K), of the rows of X, block by block."""
    starts = range(0, max(1, X.shape[0]), BLOCK)
    blocks = [passes.forward(net, rows_of(X, slice(n, n + BLOCK))).y_hat for n in starts]
    return np.concatenate(blocks).astype(net.dtype, copy=False)  # an activation of one's own may widen it
