"""Examples worked by hand: the lecture's softmax of two classes, and a regression with one hidden unit."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule import Network, train
from deltarule.maths import jacobians
from deltarule.maths.outputs import output


class TestLecture:
    """Logits (log 4, 0) give y_hat = (0.8, 0.2); the true class is the first, l = 1."""

    A = np.log([[4.0, 1.0]])
    P = np.array([[1.0, 0.0]])

    @pytest.fixture
    def net(self) -> Network:
        net = Network([3, 2], output="softmax", dtype="float64")
        net.W[1][:] = 0.0
        net.b[1][:] = np.log(4.0), 0.0
        return net

    def test_forward(self, net: Network):
        trace = net.forward([1.0, 2.0, 3.0])
        np.testing.assert_allclose(trace.a[1], self.A, rtol=1e-15)
        np.testing.assert_allclose(trace.y_hat, [[0.8, 0.2]], rtol=1e-15)
        np.testing.assert_array_equal(trace.h[0], [[1.0, 2.0, 3.0]])

    def test_gradients(self, net: Network):
        grad = net.gradients([[1.0, 2.0, 3.0]], [0])
        assert grad.loss == pytest.approx(-np.log(0.8), rel=1e-15)
        assert round(grad.loss, 5) == 0.22314
        np.testing.assert_allclose(grad.y_hat, [[-1.25, 0.0]], rtol=1e-15)
        np.testing.assert_allclose(grad.a[1], [[-0.2, 0.2]], rtol=1e-14)
        np.testing.assert_allclose(grad.b[1], [-0.2, 0.2], rtol=1e-14)
        np.testing.assert_allclose(grad.W[1], [[-0.2, -0.4, -0.6], [0.2, 0.4, 0.6]], rtol=1e-14)

    def test_factors(self):
        softmax = output("softmax")
        y_hat = softmax.y_hat(self.A)[0]
        np.testing.assert_allclose(softmax.dL_dy_hat(self.A, self.P), [[-1.25, 0.0]], rtol=1e-15)
        jacobian = softmax.dy_hat_da(self.A)[0]
        np.testing.assert_allclose(jacobian[0], [0.16, -0.16], rtol=1e-14)
        np.testing.assert_allclose(jacobian, np.diag(y_hat) - np.outer(y_hat, y_hat), rtol=1e-14)
        np.testing.assert_allclose(
            softmax.delta(self.A, self.P)[0], -(np.array([1.0, 0.0]) - y_hat), rtol=1e-15
        )

    def test_the_factors_multiply_to_the_gradient_of_a_weight(self, net: Network):
        X, p, _ = net.examples([[1.0, 2.0, 3.0]], [0])
        chain = jacobians.factors(net, net.forward(X), p, 1, 2, 3)
        assert [factor.symbol for factor in chain] == ["dL/dy_hat", "dy_hat/da_1", "da_1/dw[1,2,3]"]
        np.testing.assert_allclose(chain[2].matrix, [[[0.0], [3.0]]])
        np.testing.assert_allclose(jacobians.product(chain), [0.6], rtol=1e-14)


class TestScales:
    """W_1 = (2, 1), b_1 = 0, s = (1/2, -1), x = (3, 4), y = 1: h_0 = (3/2, -4), y_hat = -1, delta_1 = -4."""

    @pytest.fixture
    def net(self) -> Network:
        net = Network([2, 1], output="linear", dtype="float64", scale=True)
        net.theta = [2.0, 1.0, 0.0, 0.5, -1.0]
        return net

    def test_gradients(self, net: Network):
        trace, grad = net.forward([3.0, 4.0]), net.gradients([[3.0, 4.0]], [1.0])
        assert (trace.h[0].tolist(), trace.x.tolist()) == ([[1.5, -4.0]], [[3.0, 4.0]])
        assert (trace.y_hat.tolist(), grad.loss) == ([[-1.0]], 4.0)
        assert grad.h[0].tolist() == [[-8.0, -4.0]]
        assert grad.theta.tolist() == [-6.0, 16.0, -4.0, -24.0, -16.0]
        assert net.per_example_gradients([[3.0, 4.0]], [1.0]).tolist() == [grad.theta.tolist()]
        assert net.gradient_norms([3.0, 4.0], [1.0])[0] == pytest.approx(
            np.linalg.norm(grad.theta), rel=1e-15
        )

    def test_factors(self, net: Network):
        X, p, _ = net.examples([[3.0, 4.0]], [1.0])
        chain = jacobians.factors(net, net.forward(X), p, 0, 1, None)
        assert [factor.symbol for factor in chain] == ["dL/dy_hat", "dy_hat/da_1", "da_1/dh_0", "dh_0/ds[1]"]
        assert chain[3].matrix.tolist() == [[[3.0], [0.0]]]
        assert jacobians.product(chain).tolist() == [-24.0]

    @pytest.mark.parametrize("engine", ["reference", "compiled"])
    def test_a_step_is_six_times_as_long(self, net: Network, engine: str):
        run = train(
            net, [[3.0, 4.0]], [1.0], optimiser="gradient_descent", learning_rate=0.1, epochs=1, engine=engine
        )
        np.testing.assert_allclose(net.theta, [2.6, -0.6, 0.4, 14.9, 8.6], rtol=1e-15)
        assert run.settings["rates"] == {"s": 6.0}


class TestRegression:
    """x = 2, a_1 = 0.5 x - 0.5 = 0.5, h_1 = relu(0.5), a_2 = 3 h_1 + 1 = 2.5 = y_hat, y = 2, L = 0.25."""

    @pytest.fixture
    def net(self) -> Network:
        net = Network([1, 1, 1], "relu", "linear", dtype="float64")
        net.theta = [0.5, -0.5, 3.0, 1.0]
        return net

    def test_gradients(self, net: Network):
        grad = net.gradients([[2.0]], [2.0])
        assert grad.loss == 0.25
        assert grad.y_hat == grad.a[2] == 1.0  # 2 (2.5 - 2)
        assert grad.h[1] == grad.a[1] == 3.0  # 1 * w[2,1,1], and relu' = 1
        np.testing.assert_array_equal(grad.theta, [6.0, 3.0, 0.5, 1.0])  # 3 x, 3, 1 h_1, 1

    def test_one_update(self, net: Network):
        train(net, [[2.0]], [2.0], optimiser="gradient_descent", learning_rate=0.125, epochs=1)
        np.testing.assert_array_equal(net.theta, [-0.25, -0.875, 2.9375, 0.875])  # w - alpha dL/dw

    def test_weights_scale_each_example(self, net: Network):
        X, y = [[2.0], [1.0]], [2.0, 4.0]  # the second: a_1 = 0, so relu' = 0, y_hat = 1, L = 9, delta = -6
        grad = net.gradients(X, y, weights=[3.0, 1.0])
        assert grad.loss == 0.75 * 0.25 + 0.25 * 9.0
        np.testing.assert_array_equal(grad.theta, [4.5, 2.25, 0.375, 0.75 - 1.5])
        np.testing.assert_array_equal(net.per_example_gradients(X, y), [[6, 3, 0.5, 1], [0, 0, 0, -6]])
        np.testing.assert_allclose(net.gradient_norms(X, y), [np.sqrt(36 + 9 + 0.25 + 1), 6.0], rtol=1e-15)

    def test_two_outputs_share_the_mean(self):
        net = Network([1, 2], output="linear", dtype="float64")
        net.theta = [1.0, 2.0, 0.0, 0.0]
        grad = net.gradients([[1.0]], [[0.0, 0.0]])
        assert grad.loss == (1.0 + 4.0) / 2
        np.testing.assert_array_equal(grad.a[1], [[1.0, 2.0]])  # 2 (y_hat - y) / n_K
