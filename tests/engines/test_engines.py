"""The contract of every engine, against the functions of maths/ called directly."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from deltarule.engines import ENGINES, Problem, engine, keys_of
from deltarule.errors import DivergenceError, OptionError
from deltarule.maths.differences import complex_step
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import Adam, AdamW, GradientDescent, Optimiser
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant
from deltarule.network import Network
from deltarule.parameters import Only


def problem(
    *,
    sizes: tuple[int, ...] = (4, 6, 5, 3),
    N: int = 37,
    batch_size: int = 8,
    only: Only = None,
    optimiser: Optimiser | None = None,
    penalty: Penalty | None = None,
    clip_norm: float | None = None,
    rates: tuple[float, ...] | None = None,
    output: str = "softmax",
    dtype: str = "float64",
    density: float = 1.0,
    scale: bool = False,
    factors: dict[str, float] | None = None,
) -> Problem:
    """Return a problem; density: the share of X that is not 0; factors: on the learning rate."""
    rng = np.random.default_rng(0)
    net = Network(sizes, "silu", output, seed=7, dtype=dtype, scale=scale)
    net.theta[net.layout.s] = np.random.default_rng(2).normal(size=sizes[0] * scale)
    X = rng.normal(size=(N, sizes[0]))
    if density < 1.0:
        X *= np.random.default_rng(1).random(X.shape) < density
    y = rng.integers(0, sizes[-1], N) if output == "softmax" else rng.normal(size=(N, sizes[-1]))
    X, p, _ = net.examples(X, y)
    return Problem(
        net=net,
        X=X,
        p=p,
        w=rng.uniform(0.5, 2.0, N).astype(dtype),
        batch_size=batch_size,
        epochs=10,
        optimiser=optimiser or Adam(lr=0.01),
        schedule=Constant(),
        selection=net.layout.select(only),
        penalty=penalty or Penalty(),
        clip_norm=clip_norm,
        clip_value=None,
        dropout=Dropout(rates, 3, keys_of(X)) if rates else None,
        rates=net.layout.factors(net.layout.rates(factors)),
    )


def expected_theta(q: Problem, epochs: int) -> np.ndarray:
    """Train by the public gradients, in rows' order."""
    net, index = q.net.copy(), q.selection.index
    learns = np.zeros(net.layout.size, bool)
    learns[index] = True
    state = q.optimiser.init(net.theta[index])
    factors = np.ones(net.layout.size) if q.rates is None else q.rates
    for _ in range(epochs):
        for start in range(0, len(q.X), q.batch_size):
            rows = slice(start, start + q.batch_size)
            grad = net.gradients(q.X[rows], q.p[rows], q.w[rows], only=learns).theta
            share = q.penalty.share(float(q.w[rows].sum()))
            grad = grad + share * np.where(net.layout.is_weight(), q.penalty.gradient(net.theta), 0.0)
            step, state = q.optimiser.update(grad[index], state)
            decay = q.optimiser.lr * q.optimiser.weight_decay * (net.layout.is_weight() * net.theta)[index]
            net.theta[index] += factors[index] * (step - decay)
    return net.theta


NAMES = [os.environ["DELTARULE_ENGINE"]] if "DELTARULE_ENGINE" in os.environ else list(ENGINES)


@pytest.mark.parametrize("name", NAMES)
class TestContract:
    @pytest.mark.parametrize(
        "case",
        [
            {},
            {"batch_size": 1},
            {"batch_size": 37},
            {"N": 1, "batch_size": 1},
            {"sizes": (1, 1, 2)},
            {"sizes": (3, 2)},
            {"only": ["W[3]", "b[3]"]},
            {"only": ["w[2,1,3]", "b[1]"]},
            {"penalty": Penalty(0.01, 0.1)},
            {"penalty": Penalty(0.01, 0.1, is_shared=True), "batch_size": 37},
            {"optimiser": Adam(lr=0.01, eps=1e-3, eps_hat=True)},
            {"output": "absolute_error"},
            {"output": "quantile(0.9)"},
            {"output": "quantile(0.9)", "batch_size": 1},
            {"output": "huber(0.3)"},
            {"factors": {"W[1]": 0.3, "w[1,2,1]": 4.0, "b[3]": 2.0}, "optimiser": AdamW(weight_decay=0.5)},
            {"factors": {"W[2]": 3.0}, "only": ["W[1]", "w[2,1,3]"], "batch_size": 1},
            {"scale": True},
            {"scale": True, "batch_size": 1},
            {"scale": True, "sizes": (3, 2)},
            {"scale": True, "only": ["s"]},
            {"scale": True, "only": ["s[2]", "w[1,2,3]", "b[3]"]},
            {"scale": True, "only": ["b[1]"]},
            {"scale": True, "only": ["W[2]"]},
            {"scale": True, "penalty": Penalty(0.01, 0.1), "optimiser": AdamW(weight_decay=0.5)},
            {"scale": True, "factors": {"s": 2.0, "s[3]": 0.5, "b[1]": 3.0}, "only": ["s", "b[1]"]},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("epochs", [1, 10])
    def test_epochs_follow_the_specification(self, name: str, case: dict[str, object], epochs: int):
        q = problem(**case)
        expected = expected_theta(q, epochs)
        runner = engine(name, q)
        for _ in range(epochs):
            runner.epoch(np.arange(len(q.X)), np.zeros(1, bool))
        np.testing.assert_allclose(q.net.theta, expected, rtol=1e-10, atol=1e-13)

    @pytest.mark.parametrize("scale", [False, True])
    def test_the_losses_are_weighted_means(self, name: str, scale: bool):
        q = problem(batch_size=37, optimiser=GradientDescent(lr=1e-3), scale=scale)
        before = q.net.loss(q.X, q.p, q.w)
        runner = engine(name, q)
        assert runner.objective()[0] == pytest.approx(before, rel=1e-12)
        assert runner.epoch(np.arange(37), np.zeros(1, bool)).loss == pytest.approx(before, rel=1e-12)
        after = q.net.loss(q.X, q.p, q.w)
        assert runner.loss(q.X, q.p, q.w / q.w.sum()) == pytest.approx(after, rel=1e-12)

    def test_the_objective_has_the_penalty_and_its_gradient(self, name: str):
        q = problem(penalty=Penalty(0.1, 0.2), only=["W[1]", "b[2]"], scale=True)
        _, penalty, grad = engine(name, q).objective()
        assert penalty == pytest.approx(float(q.penalty.value(q.net.W[1].reshape(-1))), rel=1e-12)
        plain = q.net.gradients(q.X, q.p, q.w, only=["W[1]", "b[2]"])
        np.testing.assert_allclose(
            grad, np.r_[(plain.W[1] + q.penalty.gradient(q.net.W[1])).reshape(-1), plain.b[2]], rtol=1e-12
        )

    @pytest.mark.parametrize("scale", [False, True])
    @pytest.mark.parametrize("batch_size", [1, 8, 37])
    def test_a_step_with_dropout_is_that_of_a_network_with_masks(
        self, name: str, batch_size: int, scale: bool
    ):
        """Units that an example leaves out are weights of that example's own: the complex step sees them."""
        q = problem(
            rates=(0.5, 0.0), optimiser=GradientDescent(lr=0.1), batch_size=batch_size, scale=scale,
            factors={"s": 1.0} if scale else None,
        )  # fmt: skip
        net = q.net.copy()
        assert q.dropout is not None
        for t, start in enumerate(range(0, len(q.X), batch_size)):
            batch = np.arange(start, min(len(q.X), start + batch_size))
            c = q.w[batch] / q.w[batch].sum()
            mask = q.dropout.mask(1, net.sizes[1], t, batch)

            def loss(theta: np.ndarray, batch=batch, c=c, mask=mask) -> complex:
                at = net.at(theta)
                h = q.X[batch] * at.s if scale else q.X[batch]
                for k in range(1, net.K):
                    h = at.g[k].f(h @ at.W[k].T + at.b[k])
                    h = h * mask if k == 1 else h
                return (c * at.output.loss(h @ at.W[net.K].T + at.b[net.K], q.p[batch])).sum()

            net.theta -= 0.1 * complex_step(loss, net.theta)
        engine(name, q).epoch(np.arange(len(q.X)), np.zeros(1, bool))
        np.testing.assert_allclose(q.net.theta, net.theta, rtol=1e-10, atol=1e-13)

    def test_the_loss_and_the_objective_leave_nothing_out(self, name: str):
        with_, without = engine(name, problem(rates=(0.5, 0.5))), engine(name, problem())
        assert with_.objective()[0] == without.objective()[0]
        q = with_.problem
        assert with_.loss(q.X, q.p, q.w) == without.loss(q.X, q.p, q.w)

    def test_copies_count_as_weights_under_dropout(self, name: str):
        q = problem(rates=(0.5, 0.3), batch_size=37)
        times = np.arange(37) % 3
        weighted = replace(q, net=q.net.copy(), w=times.astype(float))
        copies = replace(
            q, net=q.net.copy(), X=q.X.repeat(times, 0), p=q.p.repeat(times, 0), w=np.ones(times.sum()),
            batch_size=int(times.sum()), dropout=Dropout((0.5, 0.3), 3, keys_of(q.X.repeat(times, 0))),
        )  # fmt: skip
        for one in (weighted, copies):
            runner = engine(name, one)
            for _ in range(3):
                runner.epoch(np.arange(len(one.X))[::-1].copy(), np.zeros(1, bool))
        np.testing.assert_allclose(weighted.net.theta, copies.net.theta, rtol=1e-10, atol=1e-13)

    @pytest.mark.parametrize(
        "case",
        [
            {"sizes": (20, 6, 5, 3)},
            {"sizes": (16, 3)},
            {"sizes": (40, 7, 3), "batch_size": 1, "rates": (0.5,)},
            {"sizes": (20, 70, 3), "N": 700, "batch_size": 600},
            {"sizes": (108, 100, 3), "N": 320, "batch_size": 200},
            {"sizes": (20, 6, 3), "only": ["W[2]"]},
            {"sizes": (20, 6, 3), "only": ["w[1,2,3]", "w[1,2,20]", "b[1]"]},
            {"sizes": (20, 6, 3), "only": ["b[1]"]},
            {"sizes": (20, 33, 3), "rates": (0.5,), "penalty": Penalty(0.01, 0.1), "clip_norm": 0.1},
            {
                "sizes": (20, 33, 3),
                "rates": (0.5,),
                "penalty": Penalty(0.01, 0.1),
                "clip_norm": 0.1,
                "scale": True,
            },
            {"sizes": (20, 6, 3), "only": ["s[3]", "s[7]"], "scale": True},
            {"sizes": (108, 100, 3), "N": 320, "batch_size": 200, "scale": True},
            {"sizes": (20, 70, 3), "N": 700, "batch_size": 600, "scale": True},
        ],
        ids=str,
    )
    def test_a_sparse_table_is_its_matrix(self, name: str, case: dict[str, object]):
        """X has a column and a row of zeros, and a zero that is written down."""
        q = problem(**case, density=0.15)
        q.X[:, 2] = q.X[3] = 0.0
        sparse = replace(q, X=csr_array(q.X), net=q.net.copy())
        sparse.X.data[5] = q.X[np.nonzero(q.X)[0][5], np.nonzero(q.X)[1][5]] = 0.0
        results = []
        for each, engine_name in ((q, "reference"), (sparse, name)):
            runner = engine(engine_name, each)
            loss, _, grad = runner.objective()
            for epoch in range(3):
                order = np.random.default_rng(epoch).permutation(len(q.p))
                result = runner.epoch(order, np.zeros(1, bool))
            results.append((each.net.theta, loss, grad, result.loss, runner.loss(each.X, q.p, q.w)))
        for found, right in zip(results[1], results[0], strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12)

    def test_what_diverges_on_a_sparse_table_is_named(self, name: str):
        q = problem(sizes=(20, 6, 3), density=0.15)
        q.X[np.nonzero(q.X[:, 3])[0][0], 3] = 1e300
        q.net.W[1][:] = 1e10
        with pytest.raises(DivergenceError, match=r"column 4 of X reaches 1e\+300"):
            engine(name, replace(q, X=csr_array(q.X))).epoch(np.arange(37), np.zeros(1, bool))

    def test_a_network_that_is_not_finite_is_refused(self, name: str):
        q = problem()
        q.net.W[2][1, 2] = np.nan
        with pytest.raises(DivergenceError, match=r"a_2 .*no longer finite"):
            engine(name, q).epoch(np.arange(37), np.zeros(1, bool))

    def test_loss_in_blocks_is_the_loss(self, name: str, monkeypatch: pytest.MonkeyPatch):
        q = problem()
        whole = engine(name, q).loss(q.X, q.p, q.w)
        monkeypatch.setattr("deltarule.engines.reference.BLOCK", 5)
        assert engine(name, q).loss(q.X, q.p, q.w) == pytest.approx(whole, rel=1e-13)


def test_unknown_engine_lists_the_known():
    with pytest.raises(OptionError, match="Known: auto, compiled, reference"):
        engine("jax", problem())
