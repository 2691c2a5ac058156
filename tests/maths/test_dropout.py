"""Masks of dropout: their shares, their independence, and what they depend on."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.engines import keys_of
from deltarule.maths.dropout import WORD, Dropout, mixed

N, WIDTH = 4000, 64
ROWS = np.arange(N)


def masks(rate: float = 0.3, seed: int = 5, t: int = 7, k: int = 1) -> np.ndarray:
    X = np.random.default_rng(0).normal(size=(N, 3))
    return Dropout((rate, rate), seed, keys_of(X)).mask(k, WIDTH, t, ROWS)


def test_mixed_by_hand():
    """0x00000001 becomes 0x7FEB352D by the first factor; then x ^ x >> 15 and the second, and x ^ x >> 16."""
    x = 0x7FEB352D ^ (0x7FEB352D >> 15)
    x = x * 0x846CA68B % 2**32
    assert mixed(1) == x ^ (x >> 16)
    assert mixed(0) == 0
    assert len({mixed(n) for n in range(100_000)}) == 100_000  # a bijection


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_left_out_and_the_scale_of_the_rest(rate: float):
    m = masks(rate)
    assert set(np.unique(m).round(12)) == {0.0, round(1.0 / (1.0 - round(rate * WORD) / WORD), 12)}
    allowed = 4 * np.sqrt(rate * (1 - rate))
    assert abs((m == 0).mean() - rate) < allowed / np.sqrt(m.size)
    assert np.abs((m == 0).mean(axis=0) - rate).max() < 1.3 * allowed / np.sqrt(N)
    assert np.abs((m == 0).mean(axis=1) - rate).max() < 1.6 * allowed / np.sqrt(WIDTH)


@pytest.mark.parametrize("other", [{"seed": 6}, {"t": 8}, {"k": 2}, {"seed": 2**40 + 1}])
def test_other_runs_updates_and_layers_leave_out_others(other: dict[str, int]):
    same = ((masks() == 0) == (masks(**other) == 0)).mean()
    assert abs(same - (0.3**2 + 0.7**2)) < 0.01


def test_units_and_examples_are_uncorrelated():
    left_out = (masks() == 0).astype(float)
    for table in (left_out, left_out[:WIDTH].T, left_out[1000 : 1000 + WIDTH].T):
        correlations = np.corrcoef(table.T) - np.eye(table.shape[1])
        assert np.abs(correlations).max() < 5.5 / np.sqrt(len(table))


def test_equal_examples_have_equal_masks_wherever_they_stand():
    X = np.array([[1.0, 0.0], [2.0, 3.0], [1.0, -0.0], [1.0, 1e-300]])
    keys = keys_of(X)
    assert keys[0] == keys[2]
    assert len(set(keys)) == 3
    m = Dropout((0.5,), 0, keys).mask(1, 200, 0, np.array([2, 3, 0]))
    np.testing.assert_array_equal(m[0], m[2])
    assert (m[0] != m[1]).any()


def test_nothing_left_out_at_rate_0():
    np.testing.assert_array_equal(masks(0.0), 1.0)
