"""A network's form, its one buffer, and what it takes in and refuses."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings

from deltarule import Network
from deltarule.errors import DataError, DeltaruleError, OptionError, ShapeError
from tests.random_networks import Case, cases, examples

RNG = np.random.default_rng(6)
X = RNG.normal(size=(9, 3))
Y = RNG.integers(0, 2, 9)


def network(
    output: str = "softmax", dtype: str = "float64", seed: int = 0, *, scale: bool = False
) -> Network:
    return Network([3, 4, 2], ["relu"], output, seed=seed, dtype=dtype, scale=scale)


class TestOneBuffer:
    def test_views_share_memory(self):
        net = network()
        assert (net.K, net.sizes) == (2, (3, 4, 2))
        assert net.W[0] is None
        assert net.b[0] is None
        net.W[2][1, 3] = 5.0
        net.b[1][0] = 7.0
        assert net.theta[net.layout.find("w[2,2,4]")] == 5.0
        assert net.theta[net.layout.find("b[1,1]")] == 7.0

    def test_assigning_theta_copies_into_the_buffer(self):
        net = network(dtype="float32")
        W, new = net.W[1], np.arange(26.0)
        net.theta = new
        new[:] = 0
        np.testing.assert_array_equal(W, np.arange(12.0).reshape(4, 3))
        assert net.theta.dtype == np.float32
        with pytest.raises(ShapeError, match=r"theta has shape \(26,\); the new value has \(25,\)"):
            net.theta = np.zeros(25)

    @pytest.mark.parametrize(
        "duplicate", [copy.deepcopy, copy.copy, Network.copy, lambda net: pickle.loads(pickle.dumps(net))]
    )
    @pytest.mark.parametrize("output", ["softmax", "quantile(0.9)", "huber(1.35)"])
    def test_copies_are_whole_and_apart(self, duplicate, output: str):
        net = network(output, dtype="float32", seed=4)
        assert duplicate(net).output == net.output
        twin = duplicate(net)
        assert twin.spec() == net.spec()
        assert twin.theta.tobytes() == net.theta.tobytes()
        assert not np.shares_memory(twin.theta, net.theta)
        twin.W[1][:] = 0.0
        assert not twin.theta[:12].any()
        assert net.theta[:12].all()
        np.testing.assert_array_equal(duplicate(net).predict(X), net.predict(X))

    def test_astype(self):
        net = network(dtype="float32")
        exact = net.astype("float64")
        assert exact.dtype == np.float64
        np.testing.assert_array_equal(exact.theta, net.theta)
        assert exact.astype("float32").theta.tobytes() == net.theta.tobytes()
        assert Network(**net.spec()).spec() == net.spec()
        assert network("quantile(0.9)").astype("float32").spec()["output"] == "quantile(0.9)"

    def test_scales_begin_at_1_and_are_part_of_theta(self):
        plain, net = network(seed=3), network(seed=3, scale=True)
        assert plain.s is None
        np.testing.assert_array_equal(net.theta, np.r_[plain.theta, 1.0, 1.0, 1.0])
        np.testing.assert_array_equal(net.predict(X), plain.predict(X))
        net.s[:] = 2.0, 0.5, -1.0
        np.testing.assert_array_equal(net.theta[-3:], net.s)
        np.testing.assert_array_equal(net.predict(X), plain.predict(X * net.s))
        for twin in (net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net)), net.astype("float64")):
            np.testing.assert_array_equal(twin.s, net.s)
            assert not np.shares_memory(twin.theta, net.theta)
            assert twin.spec() == net.spec()
        assert "scale" not in plain.spec()
        assert Network(**net.spec()).spec() == net.spec()
        assert repr(net).endswith("dtype='float64', scale=True)  # 29 parameters")
        part = net.gradients(X, Y, only=["s[2]", "b[2]"])
        assert part.W[1] is None
        assert part.h[0] is None
        assert part.theta[26] == part.theta[28] == part.s[0] == 0 != part.theta[27]
        with pytest.raises(OptionError, match="scale is 1; it must be True or False"):
            Network([3, 2], scale=1)

    def test_repr(self):
        shown = "Network([3, 4, 2], activation='relu', output='softmax', dtype='float64')  # 26 parameters"
        assert repr(network()) == shown
        assert "activation=['relu', 'tanh']" in repr(Network([1, 1, 1, 2], ["relu", "tanh"]))
        assert repr(Network([3, 2])) == "Network([3, 2], output='softmax', dtype='float32')  # 8 parameters"

        assert "output='quantile(0.9)'" in repr(network("quantile(0.9)"))
        assert "output='huber(1.0)'" in repr(network("huber"))

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_everything_is_in_the_dtype(self, dtype: str):
        net = network(dtype=dtype, scale=True)
        trace, grad = net.forward(X), net.gradients(X, Y)
        parts = [
            grad.s,
            grad.h[0],
            *trace.a[1:],
            *trace.h,
            trace.y_hat,
            *grad.a[1:],
            *grad.h[1:2],
            *grad.W[1:],
            *grad.b[1:],
        ]
        parts += [
            grad.theta,
            grad.y_hat,
            net.per_example_gradients(X, Y),
            net.gradient_norms(X, Y),
            net.predict(X),
        ]
        assert {part.dtype for part in parts} == {np.dtype(dtype)}
        assert type(grad.loss) is type(net.loss(X, Y)) is float


class TestOptions:
    @pytest.mark.parametrize("sizes", [[], [3], [3, 0], [3, -1, 2], [3, 2.5], ["a", "b"], 5, None, [3, None]])
    def test_wrong_sizes(self, sizes: object):
        with pytest.raises(
            OptionError, match=r"sizes is .*; it must be a list of at least 2 whole numbers from 1 on"
        ):
            Network(sizes)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"activation": "tahn"}, r"'tahn'; did you mean 'tanh'\? Known: identity, sigmoid"),
            ({"activation": ["relu", "reul"]}, "'reul'; did you mean 'relu'"),
            ({"activation": ["relu"]}, "1 activations were given for 2 hidden layers"),
            (
                {"output": "sofmax"},
                r"did you mean 'softmax'\? Known: linear, gaussian, softmax, sigmoid, poisson",
            ),
            (
                {"output": "quantile(0.1,0.5,0.9)"},
                r"a quantile\(0.1,0.5,0.9\) output needs 3 units for every target, one for each number; got 2",
            ),
            (
                {"output": "quantile(90)"},
                r"quantile of the output is 90.0; it must be a number between 0 and 1",
            ),
            ({"output": "tanh(2)"}, r"unknown output 'tanh'"),
            ({"initial": "xavier"}, "Known: glorot, he, lecun"),
            ({"dtype": "float16"}, "dtype is 'float16'; it must be 'float32' or 'float64'"),
            ({"dtype": np.int64}, "dtype is 'int64'"),
        ],
    )
    def test_wrong_names(self, options: dict[str, object], message: str):
        with pytest.raises(OptionError, match=message):
            Network([3, 4, 4, 2], **options)

    def test_a_wrong_activation_is_refused_even_without_hidden_layers(self):
        with pytest.raises(OptionError, match="unknown activation"):
            Network([3, 2], activation="tahn")

    def test_softmax_needs_two_units(self):
        with pytest.raises(OptionError, match=r'at least 2 units.*output="sigmoid"'):
            Network([3, 1], output="softmax")

    def test_every_layer_has_its_activation(self):
        net = Network([1, 2, 3, 2], ["relu", "gelu"])
        assert [str(g) for g in net.g] == ["identity", "relu", "gelu"]


class TestInputs:
    def test_one_example_may_come_as_a_vector(self):
        net = network()
        np.testing.assert_array_equal(net.predict(X[0]), net.predict(X[:1]))
        assert net.loss(X[0], Y[0]) == net.loss(X[:1], Y[:1])
        one = Network([1, 1], output="linear", dtype="float64")
        assert one.predict([2.0]).shape == (1, 1)

    def test_whole_numbers_bools_and_lists_do(self):
        net = network()
        np.testing.assert_array_equal(net.predict([[1, 0, 1]]), net.predict(np.array([[True, False, True]])))
        np.testing.assert_array_equal(
            net.predict(np.array([[1, 0, 1]], object)), net.predict([[1.0, 0.0, 1.0]])
        )
        assert net.loss(X, Y.astype(bool)) == net.loss(X, Y) == net.loss(X, np.eye(2)[Y])

    @pytest.mark.parametrize("shape", [(9, 2), (9, 4), (4,), (), (2, 9, 3)])
    def test_wrong_shapes(self, shape: tuple[int, ...]):
        with pytest.raises(ShapeError, match=r"X has shape .*; this network takes \(N, 3\)"):
            network().forward(np.zeros(shape))

    def test_no_rows(self):
        with pytest.raises(DataError, match="X has no rows"):
            network().forward(np.zeros((0, 3)))

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_refused_with_row_and_column(self, bad: float):
        wrong = X.copy()
        wrong[4, 1] = bad
        with pytest.raises(DataError, match=rf"X is {bad} at row 5, column 2 \(counted from 1\)"):
            network().forward(wrong)

    def test_what_float32_cannot_hold_is_refused_with_row_and_column(self):
        wrong = X.copy()
        wrong[2, 2] = 1e39
        assert np.isfinite(network().forward(wrong).y_hat).all()
        with pytest.raises(DataError, match=r"X is inf at row 3, column 3 .*finite float32 number"):
            network(dtype="float32").forward(wrong)

    @pytest.mark.parametrize(
        "bad", [[["a", "b", "c"]], [[1.0, 2.0, None]], [[1j, 0, 0]], [[1.0], [1.0, 2.0]], [{}, {}, {}]]
    )
    def test_what_is_no_number_is_refused(self, bad: object):
        with pytest.raises(DataError):
            network().forward(bad)


class TestTargets:
    @pytest.mark.parametrize(
        ("output", "y", "message"),
        [
            ("softmax", [0, 1, 2], "example 3 .* 2 is no class number"),
            ("softmax", [0, -1, 1], "example 2 .* -1 is no class number"),
            ("softmax", ["a", "b", "c"], "y has dtype"),
            ("softmax", [[0.5, 0.6]] * 3, "example 1 .* sum of its probabilities"),
            ("linear", [1.0, 2.0, 3.0], r"the linear output expects \(N, 2\)"),
            ("linear", [[1.0, np.nan]] * 3, "example 1 .* nan is not a finite number"),
            ("sigmoid", [[0.0, 1.5]] * 3, "example 1 .* 1.5 is no probability"),
            ("poisson", [[0.0, -2.0]] * 3, "example 1 .* -2 is negative"),
            ("softmax", [0, 1], "X has 3 rows and y has 2"),
            ("softmax", 0, "X has 3 rows and y has 1"),
        ],
    )
    def test_wrong_ones_are_refused(self, output: str, y: object, message: str):
        for method in ("loss", "gradients", "per_example_gradients", "gradient_norms"):
            with pytest.raises(DataError, match=message):
                getattr(network(output), method)(X[:3], y)

    def test_every_refusal_is_a_value_error_of_the_package(self):
        assert issubclass(ShapeError, DataError)
        assert issubclass(DataError, DeltaruleError)
        assert issubclass(DeltaruleError, ValueError)


class TestWeights:
    @pytest.mark.parametrize("bad", [[1.0] * 8 + [-1.0], [1.0] * 8 + [np.nan], [np.inf] * 9, [0.0] * 9])
    def test_wrong_ones_are_refused(self, bad: list[float]):
        with pytest.raises(DataError, match="finite, not negative, and not all 0"):
            network().loss(X, Y, bad)

    def test_wrong_lengths_are_refused(self):
        with pytest.raises(ShapeError, match=r"expected one per example, \(9,\)"):
            network().loss(X, Y, np.ones(8))
        with pytest.raises(ShapeError, match="one per example"):
            network().loss(X, Y, np.ones((9, 1)))

    @pytest.mark.parametrize("scale", [1e-300, 1.0, 5.0, 1e308])
    def test_any_scale_is_the_same(self, scale: float):
        c = network().weights(scale * np.r_[np.ones(8), 0.5], 9)
        np.testing.assert_allclose(c, np.r_[np.ones(8), 0.5] / 8.5, rtol=1e-14)
        assert c.sum() == pytest.approx(1.0, rel=1e-15)

    def test_left_out_they_are_one_nth(self):
        net = network()
        np.testing.assert_array_equal(net.weights(None, 4), [0.25] * 4)
        assert net.loss(X, Y) == pytest.approx(np.mean([net.loss(x, y) for x, y in zip(X, Y, strict=True)]))

    @settings(max_examples=examples(200))
    @given(cases())
    def test_weight_0_is_a_row_left_out_and_a_repeated_row_has_weight_2(self, case: Case):
        net, N = case.net, len(case.X)
        w = np.ones(N)
        w[0] = 2.0
        rows = np.r_[0, np.arange(N)]
        self.assert_same(net, (case.X, case.y, w), (case.X[rows], case.y[rows]))
        if N > 1:
            w[0] = 0.0
            self.assert_same(net, (case.X, case.y, w), (case.X[1:], case.y[1:]))

    @staticmethod
    def assert_same(net: Network, one: tuple, other: tuple) -> None:
        first, second = net.gradients(*one), net.gradients(*other)
        assert first.loss == pytest.approx(second.loss, rel=1e-12, abs=1e-13)
        largest = np.abs(net.per_example_gradients(*one[:2])).max()
        np.testing.assert_allclose(first.theta, second.theta, rtol=1e-12, atol=1e-13 * largest)
        assert net.loss(*one) == pytest.approx(first.loss, rel=1e-13, abs=1e-15)
