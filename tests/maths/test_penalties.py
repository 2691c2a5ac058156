"""Penalties, their gradient, and the limits on a gradient."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule.maths.differences import complex_step
from deltarule.maths.penalties import Penalty, clip_by_norm, clip_by_value

W = np.array([1.0, -2.0, 0.5, 0.0])


def test_values_and_gradients_by_hand():
    assert Penalty().value(W) == 0.0
    assert Penalty(l1=2.0).value(W) == 7.0
    assert Penalty(l2=2.0).value(W) == 5.25
    np.testing.assert_array_equal(Penalty(l1=2.0).gradient(W), [2.0, -2.0, 2.0, 0.0])
    np.testing.assert_array_equal(Penalty(l2=2.0).gradient(W), [2.0, -4.0, 1.0, 0.0])
    assert not Penalty()
    assert Penalty(l1=1e-9)
    assert Penalty(l2=1e-9)


def test_the_gradient_is_the_complex_step():
    w = np.random.default_rng(0).normal(size=30)
    penalty = Penalty(0.3, 0.7)
    np.testing.assert_allclose(penalty.gradient(w), complex_step(penalty.value, w), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping(dtype: str):
    grad = np.array([3.0, -4.0, 0.0], dtype)
    np.testing.assert_array_equal(clip_by_value(grad, 3.5), np.array([3.0, -3.5, 0.0], dtype))
    np.testing.assert_allclose(clip_by_norm(grad, 1.0), np.array([0.6, -0.8, 0.0]), rtol=1e-6)
    np.testing.assert_array_equal(clip_by_norm(grad, 5.0), grad)
    np.testing.assert_array_equal(clip_by_norm(grad, 6.0), grad)
    np.testing.assert_array_equal(clip_by_norm(np.zeros(3, dtype), 1.0), np.zeros(3))
    assert clip_by_value(grad, 1.0).dtype == clip_by_norm(grad, 1.0).dtype == dtype


def test_a_gradient_whose_squares_overflow_is_still_scaled():
    with np.errstate(all="raise"):
        np.testing.assert_allclose(clip_by_norm(np.array([3e200, 4e200]), 1.0), [0.6, 0.8], rtol=1e-14)
        large = clip_by_norm(np.array([3e30, 4e30], "float32"), 1.0)
    np.testing.assert_allclose(large, [0.6, 0.8], rtol=1e-6)
