"""explain: three views of a derivative that agree, with its proof, its update and its paths."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_networks import Case, cases, examples

from deltarule import Network, explain
from deltarule.chain.document import Equation, document
from deltarule.chain.grid import shown
from deltarule.chain.paths import LISTED
from deltarule.errors import DataError, OptionError, ShapeError


def lecture() -> Network:
    """Logits (log 4, 0) give y_hat = (0.8, 0.2)."""
    net = Network([3, 2], dtype="float64")
    net.W[1][:] = 0.0
    net.b[1][:] = np.log(4.0), 0.0
    return net


def small() -> Network:
    return Network([3, 4, 4, 2], activation="tanh", output="softmax", seed=0, dtype="float64")


def test_the_lectures_example_by_hand():
    chain = explain(lecture(), "w[1,2,3]", [1.0, 2.0, 3.0], 0)
    dL, dy, da = chain.steps
    np.testing.assert_allclose(dL.factor.matrix[0], [[-1.25, 0.0]], rtol=1e-15)
    np.testing.assert_allclose(dy.factor.matrix[0], [[0.16, -0.16], [-0.16, 0.16]], rtol=1e-14)
    np.testing.assert_allclose(dy.so_far[0], [[-0.2, 0.2]], rtol=1e-14)
    np.testing.assert_array_equal(da.factor.matrix[0], [[0.0], [3.0]])
    assert chain.product == pytest.approx(0.6, rel=1e-14)
    assert [step.name for step in chain.steps] == ["dL/dy_hat", "dL/da_1", "dL/dw[1,2,3]"]
    assert dL.factor.formula == "-(1/y_hat_l) e(l)"
    assert (chain.update.w, chain.update.learning_rate) == (0.0, 0.1)
    assert chain.update.new_w == pytest.approx(-0.06, rel=1e-12)
    assert chain.update.predicted == pytest.approx(-0.036, rel=1e-12)
    after = np.log(1 + np.exp(3 * -0.06 - np.log(4.0)))
    assert chain.update.actual == pytest.approx(after - np.log(1.25), rel=1e-12)
    assert chain.passed


@pytest.mark.parametrize("has_scale", [False, True])
def test_the_actual_change_of_the_loss_is_that_of_the_network_with_one_parameter_moved(has_scale: bool):
    rng = np.random.default_rng(0)
    net = Network([3, 4, 2], "tanh", dtype="float64", scale=has_scale, seed=1)
    net.theta = rng.normal(size=net.layout.size)
    X, y = rng.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    for n in range(net.layout.size):
        update = explain(net, net.layout.name(n), X, y).update
        moved = net.copy()
        moved.theta[n] += update.step
        assert update.actual == pytest.approx(moved.loss(X, y) - net.loss(X, y), rel=1e-9, abs=1e-15)
        assert update.actual == pytest.approx(update.predicted, rel=0.5, abs=1e-5)


def test_views_gradient_and_numerical_derivatives_agree():
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(500))
    @given(cases(), st.integers(0, 2**32 - 1), st.booleans())
    def compare(case: Case, place: int, is_one: bool) -> None:
        net = case.net
        n = place % net.layout.size
        name, at = net.layout.name(n), net.layout.parameter(n)
        X, y, weights = (case.X[:1], case.y[:1], None) if is_one else (case.X, case.y, case.weights)
        chain = explain(net, name, X, y, weights)
        scale = max(chain.paths.magnitude, 1e-300)
        gradient = net.gradients(X, y, weights).theta[n]
        for value in (*chain.views.values(), gradient, chain.contributions.sum()):
            assert abs(value - chain.product) <= 1e-12 * scale
        assert chain.views_agree
        assert chain.passed, chain.text()
        for m in range(at.k, net.K):
            assert abs((chain.c * chain.split(m).products).sum() - chain.product) <= 1e-12 * scale
        assert chain.paths.total == pytest.approx(
            sum(path.value for path in chain.paths.largest) + chain.paths.rest, rel=1e-12, abs=1e-12 * scale
        )
        sizes = np.prod([size.value for size in chain.sizes])
        assert sizes == pytest.approx(abs(chain.product), rel=1e-6, abs=1e-9 * scale)
        seen["all"] += 1
        seen["kink"] += chain.numerical.verdict == "kink"

    compare()
    assert seen["all"] >= examples(500)
    assert seen["kink"] < 0.05 * seen["all"]


@settings(max_examples=examples(100))
@given(cases(), st.integers(0, 2**32 - 1))
def test_the_printed_factors_multiply_to_the_printed_product(case: Case, place: int):
    name = case.net.layout.name(place % case.net.layout.size)
    chain = explain(case.net, name, case.X[:1], case.y[:1])
    symbols = [factor.symbol for factor in chain.factors]
    printed = {
        block.left: np.array(block.matrices[0].grid.rows, float)
        for block in document(chain)
        if isinstance(block, Equation) and block.matrices and not block.matrices[0].grid.is_elided
    }
    if not all(symbol in printed for symbol in symbols):
        return  # a matrix with its middle left out cannot be multiplied by anybody
    product = printed[symbols[0]]
    for symbol, factor in zip(symbols[1:], chain.factors[1:], strict=True):
        matrix = printed[symbol]
        product = (
            product * matrix if factor.is_diagonal and len(matrix) < factor.shape[0] else product @ matrix
        )
    assert shown(float(product[0, 0]), 6) == shown(chain.product, 6)


class TestPaths:
    @pytest.mark.parametrize("name", ["w[1,2,3]", "b[2,4]", "w[3,1,1]"])
    @pytest.mark.parametrize("N", [1, 7])
    def test_all_paths_one_by_one(self, name: str, N: int):
        net, X, y = (
            small(),
            np.random.default_rng(1).normal(size=(N, 3)),
            np.random.default_rng(2).integers(0, 2, N),
        )
        chain = explain(net, name, X, y)
        at, trace = chain.parameter, chain.trace
        values = {}
        for n, *units in itertools.product(range(N), *(range(size) for size in net.sizes[at.k + 1 :])):
            way = [at.i - 1, *units]
            value = chain.c[n] * (trace.h[at.k - 1][n, at.j - 1] if at.j else 1.0)
            for m, (here, above) in enumerate(itertools.pairwise(way), start=at.k):
                value *= net.g[m].df(trace.a[m])[n, here] * net.W[m + 1][above, here]
            values[n + 1, tuple(unit + 1 for unit in way)] = value * chain.fused[n, way[-1]]
        assert chain.paths.count == len(values)
        assert chain.paths.total == pytest.approx(sum(values.values()), rel=1e-12)
        assert chain.paths.magnitude == pytest.approx(sum(map(abs, values.values())), rel=1e-12)
        largest = sorted(values.items(), key=lambda item: -abs(item[1]))[:LISTED]
        assert [(path.example, path.units) for path in chain.paths.largest] == [key for key, _ in largest]
        np.testing.assert_allclose(
            [path.value for path in chain.paths.largest], [value for _, value in largest], rtol=1e-12
        )

    def test_many_are_counted_and_not_listed(self):
        net = Network([2, *[50] * 6, 2], "tanh", seed=1)
        chain = explain(net, "w[1,1,1]", [0.5, 1.0], 1)
        assert chain.paths.count == 50**5 * 2
        assert len(chain.paths.largest) == LISTED
        assert chain.views_agree


class TestOutput:
    @pytest.mark.parametrize("logit", [800.0, 760.0])
    def test_where_y_hat_underflows_the_fused_form_is_used_and_it_says_so(self, logit: float):
        net = small()
        net.b[3][:] = logit, 0.0
        chain = explain(net, "w[1,1,1]", [0.5, -1.0, 2.0], 1)
        assert chain.is_fused
        assert "y_hat_2` underflows" in chain.note
        assert chain.factors[0].symbol == "dL/da_3"
        assert chain.factors[0].formula == "-(e(l) - y_hat)"
        assert chain.passed
        assert "the fused form is used" in chain.text()
        np.testing.assert_allclose(chain.fused, [[1.0, -1.0]])

    def test_a_certain_and_right_answer_needs_no_fused_form(self):
        net = small()
        net.b[3][:] = 800.0, 0.0
        chain = explain(net, "b[3,1]", [0.5, -1.0, 2.0], 0)
        assert not chain.is_fused
        assert chain.product == 0.0
        assert chain.smallest.symbol == "dL/da_3"

    @pytest.mark.parametrize(
        ("output", "a", "y"), [("sigmoid", 800.0, 0.0), ("sigmoid", -800.0, 1.0), ("poisson", -800.0, 2.0)]
    )
    def test_every_output_has_both_forms(self, output: str, a: float, y: float):
        net = Network([1, 1], output=output, dtype="float64")
        net.theta = [0.0, 0.5]
        near = explain(net, "b[1,1]", [1.0], y)
        assert not near.is_fused
        np.testing.assert_allclose(near.factored, near.fused, rtol=1e-14)
        net.theta = [0.0, a]
        far = explain(net, "b[1,1]", [1.0], y)
        assert far.is_fused
        assert far.passed
        assert far.product == pytest.approx(float(far.trace.y_hat[0, 0]) - y)

    def test_soft_labels_have_formulas_of_their_own(self):
        chain = explain(small(), "b[3,1]", [[0.5, -1.0, 2.0]], [[0.3, 0.7]])
        assert [factor.formula for factor in chain.factors[:2]] == [
            "-p_i / y_hat_i",
            "y_hat_l (1[l=i] - y_hat_i)",
        ]


class TestWords:
    def test_a_saturated_unit_is_named(self):
        net = small()
        net.b[1][1] = 4.0
        chain = explain(net, "w[1,2,1]", [0.5, 0.1, 0.2], 0)
        assert chain.smallest.words.startswith("unit 2 of layer 1 is saturated: `g'` = 0.00")

    def test_a_unit_that_is_off_ends_the_chain(self):
        net = Network([2, 3, 2], "relu", seed=0)
        net.b[1][0] = -100.0
        chain = explain(net, "w[1,1,2]", [0.5, 0.1], 0)
        assert chain.product == 0.0
        assert chain.smallest.words == "unit 1 of layer 1 is off: `g'` = 0"
        assert chain.sizes[-1] is chain.smallest

    def test_an_input_that_is_0_is_named_by_its_column(self):
        chain = explain(small(), "w[1,1,2]", [0.5, 0.0, 2.0], 0, inputs=["age", "sex=male", "fare"])
        assert chain.where == "to unit 1 of layer 1, from sex=male"
        assert chain.smallest.words == "sex=male is 0: `h_{0,2}` = 0"

    def test_examples_that_cancel_are_told(self):
        net = Network([1, 2], dtype="float64")
        net.theta = [0.0, 0.0, 0.0, 0.0]
        chain = explain(net, "w[1,1,1]", [[1.0], [1.0], [1.0], [1.0001]], [0, 1, 0, 1])
        assert chain.smallest.words.startswith("the examples pull against each other")


class TestUpdate:
    @pytest.mark.parametrize("optimiser", ["gradient_descent", "momentum", "adam", "rmsprop"])
    def test_the_step_is_the_optimisers_first(self, optimiser: str):
        from deltarule import train

        net, x = small(), [[0.5, -1.0, 2.0]]
        chain = explain(net, "w[2,1,3]", x, [0], optimiser=optimiser, learning_rate=0.01)
        before = net.W[2][0, 2]
        loss = net.loss(x, [0])
        train(
            net,
            x,
            [0],
            optimiser=optimiser,
            learning_rate=0.01,
            epochs=1,
            only=["w[2,1,3]"],
            engine="reference",
        )
        assert chain.update.w == before
        assert chain.update.new_w == pytest.approx(net.W[2][0, 2], rel=1e-12)
        assert chain.update.actual == pytest.approx(net.loss(x, [0]) - loss, rel=1e-6)

    def test_lbfgs_makes_no_single_step(self):
        with pytest.raises(OptionError, match="lbfgs makes no step from one derivative"):
            explain(small(), "b[1,1]", [0.5, -1.0, 2.0], 0, optimiser="lbfgs")


def test_a_break_is_where_it_was_asked_for():
    net, x = small(), [0.5, -1.0, 2.0]
    chain = explain(net, "w[1,2,3]", x, 0, split=2)
    cut, grad = chain.split(2), net.gradients([x], [0])
    np.testing.assert_allclose(cut.upstream, grad.h[2], rtol=1e-13)
    assert "Broken at h_2" in chain.text()
    np.testing.assert_allclose(chain.split(1).upstream, grad.h[1], rtol=1e-13)


def test_a_kink_is_told():
    net = Network([1, 1, 1], "relu", "linear", dtype="float64")
    net.theta = [1.0, -1.0, 1.0, 0.0]
    chain = explain(net, "w[1,1,1]", [1.0 + 1e-9], [3.0])
    assert chain.numerical.verdict == "kink"
    assert chain.passed
    assert "kink: a unit or the loss changes side" in chain.text()


def test_a_wrong_gradient_fails(monkeypatch: pytest.MonkeyPatch):
    net = small()
    monkeypatch.setattr(type(net.g[1]), "df", lambda self, a: 1.001 * (1.0 - np.tanh(a) ** 2))
    chain = explain(net, "w[1,1,1]", [0.5, -1.0, 2.0], 0)
    assert not chain.passed
    assert "FAIL" in chain.text()


def test_every_example_counts_by_its_weight():
    net, X, y = small(), np.random.default_rng(0).normal(size=(3, 3)), np.array([0, 1, 0])
    chain = explain(net, "w[1,2,3]", X, y, weights=[1, 6, 3])
    alone = [explain(net, "w[1,2,3]", X[n], y[n : n + 1]).product for n in range(3)]
    np.testing.assert_allclose(chain.contributions, np.array([0.1, 0.6, 0.3]) * alone, rtol=1e-12)


def test_float32_is_explained_in_float64_on_the_same_weights():
    net = Network([3, 4, 2], seed=1)
    chain = explain(net, "w[1,1,1]", [0.5, -1.0, 2.0], 0)
    assert chain.net.dtype == np.float64
    np.testing.assert_array_equal(chain.net.theta, net.theta)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("w[3,1,1]", "there is no layer 3; layers, units and inputs count from 1, here to 2"),
        ("w[1,5,1]", "there is no unit 5 in layer 1; layers, units and inputs count from 1, here to 4"),
        ("w[1,1,4]", "there is no input 4 to layer 1; .* here to 3"),
        ("w[0,1,1]", "there is no layer 0; layers, units and inputs count from 1"),
        ("w[1,0,1]", "count from 1, here to 4"),
        ("b[2,3]", "there is no unit 3 in layer 2; .* here to 2"),
        ("v[1,1,1]", "is not the name of a parameter"),
        ("w[1,1", "is not the name of a parameter"),
        ("w[1,1]", "has the wrong number of indices"),
        ("W[1]", "is a whole array"),
    ],
)
def test_a_wrong_name_is_refused_with_the_valid_range(name: str, message: str):
    with pytest.raises(OptionError, match=message):
        explain(Network([3, 4, 2]), name, [0.5, -1.0, 2.0], 0)


def test_wrong_examples_and_breaks_are_refused():
    net = small()
    with pytest.raises(DataError, match="2 outputs know the classes 0 to 1"):
        explain(net, "b[1,1]", [0.5, -1.0, 2.0], 5)
    with pytest.raises(ShapeError, match=r"takes \(N, 3\)"):
        explain(net, "b[1,1]", [0.5, -1.0], 0)
    with pytest.raises(OptionError, match="it acts through h_2 to h_2"):
        explain(net, "b[2,1]", [0.5, -1.0, 2.0], 0, split=1)
    with pytest.raises(OptionError, match="it acts on the output layer itself"):
        explain(net, "b[3,1]", [0.5, -1.0, 2.0], 0, split=3)


def test_json_is_unrounded_and_strict():
    chain = explain(small(), "w[1,1,1]", [0.5, -1.0, 2.0], 0, split=1)
    record = json.loads(chain.json())
    assert record["derivative"] == chain.product
    assert record["factors"][2]["values"] == chain.net.W[3].tolist()
    assert record["break"]["at"] == 1
    assert record["numerical"]["verdict"] == "PASS"
    net = small()
    net.b[3][:] = 800.0, 0.0
    assert "nan" in json.loads(explain(net, "b[3,1]", [0.5, -1.0, 2.0], 1).json())["output"]["factored"][0]
