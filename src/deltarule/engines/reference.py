"""The reference engine: maths/ as it is. It is the specification of every other engine."""

from __future__ import annotations

from collections.abc import Mapping
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
                    lr = q.learning_rate(self.state["t"])
                    of_batch = self._update(batch, lr, norms)
                    loss += share * of_batch[0]
                    means += len(batch) / len(order) * np.array(of_batch)
                examples += len(batch)
                updates += 1
        return EpochResult(loss, float(means[0]), float(means[1]), norms / max(updates, 1), lr, examples)

    def _update(self, batch: NDArray[np.intp], lr: float, norms: NDArray[np.float64]) -> tuple[float, float]:
        """Make one update, add the gradient's norm by layer to `norms`, and return the batch's loss and penalty."""
        q, net = self.problem, self.problem.net
        X, p, c = rows_of(q.X, batch), q.p[batch], q.w[batch]
        masks = q.masks(batch, self.state["t"])
        loss, grad = self._loss_and_gradient(X, p, c / c.sum(), masks)
        theta = net.theta[self.index]
        penalty = 0.0
        if q.penalty:
            share = q.penalty.share(float(c.sum()))
            penalty = share * float(q.penalty.value(theta[self.is_weight]))
            grad = grad + share * self._penalty_gradient(theta)
        self._add_norms(grad, norms)
        if q.clip_value is not None:
            grad = clip_by_value(grad, q.clip_value)
        if q.clip_norm is not None:
            grad = clip_by_norm(grad, q.clip_norm)
        step, state = q.optimiser.update(grad, self.state, lr)
        self._refuse_count(state, self.state["t"] + 1)
        if q.optimiser.weight_decay:
            step = step + decay(theta, self.is_weight, lr, q.optimiser.weight_decay)
        if self.rates is not None:
            step = self.rates * step
        updated = theta + step
        if not (np.isfinite(loss) and np.isfinite(updated).all()):
            raise diverged(q, batch, lr, self.state["t"])
        net.theta[self.index] = updated
        self.state = state
        return loss, penalty

    def _refuse_count(self, state: State, t: int) -> None:
        """Refuse an optimiser of someone's own that does not count its updates: schedules and masks go by them."""
        if state.get("t") != t:
            raise OptionError(
                f'the optimiser {type(self.problem.optimiser).__qualname__} gives a state whose "t" is '
                f"{state.get('t')} after {t:,} updates; it must count them from 0."
            )

    def objective(self) -> tuple[float, float, NDArray[Any]]:
        q = self.problem
        loss, grad = self._loss_and_gradient(rows_of(q.X, slice(None)), q.p, q.w / q.w.sum())
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

    def _loss_and_gradient(
        self, X: Floats, p: Floats, c: Floats, masks: Mapping[int, Floats] | None = None
    ) -> tuple[float, Floats]:
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
        loss = float((c * net.output.loss(trace.a[net.K], p)).sum())
        whole = net.layout.spread(deltas.W, deltas.b, deltas.s, selection)
        return loss, net.layout.join(*whole, like=net.theta)[self.index]

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
