"""The weighted sum of networks is a network: what it says of any row is what they say of it, weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import Network
from deltarule.averaging import averaged
from deltarule.errors import ShapeError


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_its_a_K_is_theirs_weighed(M, K, seed):
    rng = np.random.default_rng(seed)
    activations = rng.choice(["relu", "tanh", "silu"], K - 1).tolist()
    n_K = int(rng.integers(2, 4))
    nets = [
        Network(
            [*rng.integers(1, 6, K).tolist(), n_K],
            activations,
            "softmax",
            seed=m,
            dtype="float64",
            scale=bool(m % 2),
        )
        for m in range(M)
    ]
    for net in nets:
        net.theta = rng.normal(size=net.layout.size)
    shares = rng.normal(size=M)
    inputs = max(net.sizes[0] for net in nets) + int(rng.integers(0, 3))
    X = rng.normal(size=(7, inputs))
    found = averaged(nets, shares.tolist(), inputs)
    a = sum(share * net.forward(X[:, : net.sizes[0]]).a[-1] for share, net in zip(shares, nets, strict=True))
    np.testing.assert_allclose(found.forward(X).a[-1], a, rtol=1e-12, atol=1e-12)
    assert found.sizes[1:-1] == tuple(sum(net.sizes[k] for net in nets) for k in range(1, K))
    assert found.output == nets[0].output
    assert found.s is None


def test_without_shares_it_is_the_mean_and_takes_the_most_inputs():
    nets = [Network([n, 4, 1], seed=n, dtype="float64") for n in (2, 5)]
    x = np.arange(5.0)[None]
    mean = (nets[0].forward(x[:, :2]).a[-1] + nets[1].forward(x).a[-1]) / 2
    np.testing.assert_allclose(averaged(nets).forward(x).a[-1], mean, rtol=1e-14)


@pytest.mark.parametrize(
    "other",
    [
        Network([3, 4, 2], "relu", "softmax"),
        Network([3, 4, 2], "tanh", "sigmoid"),
        Network([3, 4, 4, 2], "tanh", "softmax"),
        Network([3, 4, 3], "tanh", "softmax"),
        Network([3, 4, 2], "tanh", "softmax", dtype="float64"),
    ],
)
def test_networks_of_other_layers_have_none(other):
    with pytest.raises(ShapeError, match="only networks of the same layers have a mean"):
        averaged([Network([3, 4, 2], "tanh", "softmax"), other])
