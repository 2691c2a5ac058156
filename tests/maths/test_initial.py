"""Starting weights: the distributions named, from the seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from deltarule import Network
from deltarule.errors import OptionError
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.initial import INITIALS, initial

N_OUT, N_IN = 120, 200


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("glorot", stats.uniform(-np.sqrt(6 / 320), 2 * np.sqrt(6 / 320))),
        ("he", stats.norm(0, np.sqrt(2 / 200))),
        ("lecun", stats.norm(0, np.sqrt(1 / 200))),
    ],
)
def test_distributions(name: str, distribution: stats.rv_continuous):
    W = initial(name)(np.random.default_rng(0), N_OUT, N_IN)
    assert W.shape == (N_OUT, N_IN)
    assert W.dtype == np.float64
    assert stats.kstest(W.ravel(), distribution.cdf).pvalue > 1e-3
    assert W.std() == pytest.approx(distribution.std(), rel=0.02)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_activation_chooses_and_biases_are_0(name: str):
    net = Network([200, 100, 100, 100], name, seed=3, dtype="float64")
    std = {"glorot": np.sqrt(2 / 300), "he": np.sqrt(2 / 200), "lecun": np.sqrt(1 / 200)}
    assert net.W[1].std() == pytest.approx(std[ACTIVATIONS[name].initial], rel=0.03)
    assert net.W[3].std() == pytest.approx(np.sqrt(2 / 200), rel=0.03)  # an output: glorot
    assert not any(net.b[k].any() for k in (1, 2, 3))


def test_the_choice_can_be_overruled_and_the_seed_decides():
    net, again, other = (Network([50, 50, 50], "relu", seed=seed, initial="lecun") for seed in (1, 1, 2))
    assert net.W[1].std() == pytest.approx(np.sqrt(1 / 50), rel=0.05)
    assert not Network([5, 4, 2], initial="zeros").theta.any()
    assert net.theta.tobytes() == again.theta.tobytes() != other.theta.tobytes()


def test_unknown_names_list_the_known():
    assert list(INITIALS) == ["glorot", "he", "lecun", "zeros"]
    with pytest.raises(OptionError, match=r"'xavier'.* Known: glorot, he, lecun, zeros"):
        initial("xavier")
