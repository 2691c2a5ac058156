"""Numbers in bins: engines train with the lists of their nodes as with the matrix that these stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltarule import Network, train
from deltarule.binned import Binned
from deltarule.engines import predict
from deltarule.engines.compiled.rows import Rows


def in_bins(N: int, m: int, numbers: int, seed: int, dtype: str = "float64") -> Binned:
    """Return N rows of m features as they are, of which half are 0, and of some numbers in one to thirty bins."""
    rng = np.random.default_rng(seed)
    plain = np.where(rng.uniform(size=(N, m)) < 0.5, rng.normal(size=(N, m)), 0.0)
    bins = rng.integers(1, 31, numbers)
    ends = m + np.cumsum([0, *bins])
    spans = np.stack([ends[:-1], ends[1:]], axis=1).astype(np.int64)
    means = np.concatenate([np.zeros(m), rng.uniform(size=bins.sum())])
    nodes = np.zeros((N, ends[-1] + numbers))
    nodes[:, :m] = plain
    for n, (first, B) in enumerate(zip(ends, bins, strict=False)):
        below, position = rng.integers(0, B, N), rng.choice([0.0, 0.25, 1.0, rng.uniform()], N)
        is_there = rng.uniform(size=N) < 0.9
        lower = np.where(below == 0, ends[-1] + n, first + below - 1)
        nodes[np.arange(N), lower] += is_there * (1.0 - position)
        nodes[np.arange(N), first + below] += is_there * position
    return listed(nodes.astype(dtype), spans, means.astype(dtype))


def listed(nodes: np.ndarray, spans: np.ndarray, means: np.ndarray) -> Binned:
    """Return X of which the nodes are those of a matrix."""
    k = int((nodes != 0).sum(axis=1).max(initial=1))
    places = np.argsort(nodes == 0, axis=1, kind="stable")[:, :k].astype(np.int32)
    return Binned(places, np.take_along_axis(nodes, places, axis=1), spans, means)


@given(st.integers(1, 60), st.integers(0, 5), st.integers(1, 5), st.integers(0, 10**6))
def test_a_matrix_of_it_has_what_its_bins_say(N, m, numbers, seed):
    X = in_bins(N, m, numbers, seed)
    rng = np.random.default_rng(seed)
    found = X.toarray()
    assert found.shape == X.shape
    nodes = X.nodes.toarray()
    np.testing.assert_array_equal(found[:, :m], nodes[:, :m])
    rows = rng.integers(0, N, 7)
    np.testing.assert_array_equal(X[rows].toarray(), found[rows])
    for n, (first, end) in enumerate(X.spans):
        H = nodes[:, [X.shape[1] + n, *range(first, end)]]
        w = rng.normal(size=end - first)
        V = np.cumsum([-(w @ X.means[first:end]), *w])
        np.testing.assert_allclose(found[:, first:end] @ w, H @ V, rtol=1e-12, atol=1e-12)


@given(st.integers(1, 60), st.integers(0, 5), st.integers(1, 5), st.booleans(), st.integers(0, 10**6))
def test_what_is_predicted_is_that_of_the_matrix(N, m, numbers, scale, seed):
    X = in_bins(N, m, numbers, seed)
    net = Network([X.shape[1], 7, 2], "tanh", "softmax", seed=seed % 100, dtype="float64", scale=scale)
    net.theta = np.random.default_rng(seed).normal(size=net.theta.size)
    expected = net.forward(X.toarray()).y_hat
    of_nodes = net.on_nodes(X).forward(X.nodes.toarray()).y_hat
    np.testing.assert_allclose(of_nodes, expected, rtol=1e-9, atol=1e-12)
    for threads in (1, 2):
        np.testing.assert_allclose(predict(net, X, threads), expected, rtol=1e-9, atol=1e-12)


def test_of_many_numbers_too():
    X = in_bins(50, 3, 200, 1, "float32")
    assert X.shape[1] > 2000
    net = Network([X.shape[1], 9, 1], seed=0, scale=True)
    np.testing.assert_allclose(predict(net, X), net.forward(X.toarray()).y_hat, rtol=1e-3, atol=1e-4)
    train(net, X, np.arange(50.0), validation=(X, np.arange(50.0)), epochs=2, seed=0, progress=False)
    assert np.isfinite(net.theta).all()


CASES: list[dict[str, Any]] = [
    {},
    {"optimiser": "gradient_descent", "learning_rate": 0.05, "batch_size": 7},
    {"batch_size": 150},
    {"batch_size": 1},
    {"l1": 1e-3, "l2": 1e-2, "clip_norm": 0.5},
    {"clip_value": 0.01},
    {"dropout": 0.3},
    {"only": ["W[1]", "s"]},
    {"only": ["s"]},
    {"only": ["b[1]"]},
    {"only": ["w[1,1,4]", "w[1,2,1]", "W[2]"]},
    {"rates": {"s": 6.0, "W[1]": 0.5}},
    {"optimiser": "lbfgs"},
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("scale", [True, False], ids=["scales", "none"])
@settings(max_examples=4)
@given(st.integers(0, 10**6), st.integers(2, 90))
def test_training_is_that_on_the_matrix(case, scale, seed, units):
    if not scale and ("s" in case.get("only", ()) or "rates" in case):
        case = {}
    X, held = in_bins(150, 3, 4, seed), in_bins(40, 3, 4, seed + 1)
    held = held if held.shape == X.shape and (held.spans == X.spans).all() else X[:40]
    y = np.random.default_rng(seed).integers(0, 3, 150)
    told = dict(epochs=2, seed=seed % 100, progress=False, **case)

    def trained(of: Any, other: Any, engine: str, threads: int) -> tuple[Network, list[Any]]:
        net = Network(
            [X.shape[1], units, 9, 3], "tanh", "softmax", seed=seed % 100, dtype="float64", scale=scale
        )
        run = train(net, of, y, validation=(other, y[:40]), engine=engine, n_threads=threads, **told)
        return net, run.history.validation_loss

    expected, losses = trained(X.toarray(), held.toarray(), "reference", 1)
    for engine, threads in (("reference", 1), ("compiled", 1), ("compiled", 2)):
        net, found = trained(X, held, engine, threads)
        np.testing.assert_allclose(net.theta, expected.theta, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found, losses, rtol=1e-6)
    again = trained(X, held, "compiled", 1)
    assert again[0].theta.tobytes() == net.theta.tobytes()
    assert again[1] == found


def test_single_precision_and_lists_of_nodes():
    X = in_bins(3000, 4, 20, 0, "float32")
    y = np.random.default_rng(0).normal(size=3000)
    nets = [Network([X.shape[1], 64, 64, 1], seed=1, scale=True) for _ in range(2)]
    for net, rows in zip(nets, (X, X.toarray()), strict=True):
        train(net, rows, y, optimiser="adamw", learning_rate=3e-3, epochs=2, seed=0, progress=False)
    np.testing.assert_allclose(nets[0].theta, nets[1].theta, rtol=2e-2, atol=2e-4)
    lists = Rows.of(X, 1, may_list=True, may_bin=True).listed
    assert len(lists.spans) == 20
    assert lists.longest <= 4 + 2 * 20
