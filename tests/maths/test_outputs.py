"""Every output: its formula, its factors and their product, the ends of the number line, wrong targets."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from scipy.stats import poisson

from deltarule.errors import DataError, OptionError, ShapeError
from deltarule.maths.differences import COMPLEX_STEP
from deltarule.maths.outputs import OUTPUTS, Output, output

RNG = np.random.default_rng(3)
A = 3.0 * RNG.normal(size=(20, 4))
NUMBERED = [
    output("huber(0.3)"),
    output("huber(2.5)"),
    output("quantile(0.1)"),
    output("quantile(0.75)"),
    output("quantile(0.1,0.9)"),
]
EVERY = pytest.mark.parametrize("o", [*OUTPUTS.values(), *NUMBERED], ids=str)


def targets(o: Output, N: int = 20, n: int = 4) -> np.ndarray:
    """Return targets of every kind: halves hard, halves soft; no two columns alike."""
    rng = np.random.default_rng(1)
    if o.name == "softmax":
        return np.where(
            np.arange(N)[:, None] % 2, rng.dirichlet(np.ones(n), N), np.eye(n)[rng.integers(0, n, N)]
        )
    if o.name == "sigmoid":
        return np.where(np.arange(N)[:, None] % 2, rng.uniform(size=(N, n)), rng.integers(0, 2, (N, n)))
    return rng.poisson(2.0, (N, n)).astype(float) if o.name == "poisson" else rng.normal(size=(N, n))


class TestFormulas:
    def test_linear(self):
        o, p = output("linear"), targets(output("linear"))
        np.testing.assert_array_equal(o.y_hat(A), A)
        np.testing.assert_allclose(
            o.loss(A, p), [np.mean((a - y) ** 2) for a, y in zip(A, p, strict=True)], rtol=1e-15
        )

    def test_softmax(self):
        o, p = output("softmax"), targets(output("softmax"))
        np.testing.assert_allclose(o.y_hat(A), softmax(A, axis=1), rtol=1e-14)
        np.testing.assert_allclose(o.loss(A, p), -(p * log_softmax(A, axis=1)).sum(axis=1), rtol=1e-14)
        np.testing.assert_allclose(o.y_hat(A + 1e6), o.y_hat(A), rtol=1e-8)  # a shift changes nothing

    def test_sigmoid(self):
        o, p = output("sigmoid"), targets(output("sigmoid"))
        np.testing.assert_allclose(o.y_hat(A), expit(A), rtol=1e-15)
        expected = -(p * np.log(expit(A)) + (1 - p) * np.log(expit(-A))).sum(axis=1)
        np.testing.assert_allclose(o.loss(A, p), expected, rtol=1e-13)

    def test_poisson(self):
        o, p = output("poisson"), targets(output("poisson"))
        np.testing.assert_allclose(o.y_hat(A), np.exp(A), rtol=1e-15)
        expected = (poisson.logpmf(p, np.where(p > 0, p, 1e-300)) - poisson.logpmf(p, np.exp(A))).sum(axis=1)
        np.testing.assert_allclose(o.loss(A, p), expected, rtol=1e-12)
        np.testing.assert_allclose(o.loss(np.log([[3.0, 5.0]]), np.array([[3.0, 5.0]])), 0.0, atol=1e-15)

    def test_gaussian(self):
        o, p = output("gaussian"), targets(output("gaussian"))
        np.testing.assert_allclose(o.loss(A, p), 0.5 * ((A - p) ** 2).sum(axis=1), rtol=1e-15)

    def test_absolute_error(self):
        o, p = output("absolute_error"), targets(output("absolute_error"))
        np.testing.assert_array_equal(o.y_hat(A), A)
        np.testing.assert_allclose(o.loss(A, p), np.abs(A - p).sum(axis=1), rtol=1e-15)

    @pytest.mark.parametrize("q", [0.01, 0.5, 0.9])
    def test_quantile(self, q: float):
        o, p = output(f"quantile({q})"), targets(output("quantile"))
        np.testing.assert_array_equal(o.y_hat(A), A)
        np.testing.assert_allclose(
            o.loss(A, p), np.maximum(q * (p - A), (q - 1) * (p - A)).sum(axis=1), rtol=1e-13
        )

    @pytest.mark.parametrize("d", [0.1, 1.0, 30.0])
    def test_huber(self, d: float):
        o, p = output(f"huber({d})"), targets(output("huber"))
        e = np.abs(A - p)
        np.testing.assert_array_equal(o.y_hat(A), A)
        expected = np.where(e <= d, e**2 / 2, d * (e - d / 2)).sum(axis=1)
        np.testing.assert_allclose(o.loss(A, p), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "a", "y", "loss", "delta"),
    [
        ("absolute_error", [3.0, -1.0, 2.0], [1.0, 0.5, 2.0], 3.5, [1.0, -1.0, 0.0]),
        ("quantile(0.9)", [3.0, 2.0, 4.0], [5.0, 1.0, 4.0], 1.9, [-0.9, 0.1, 0.0]),
        ("quantile(0.25)", [3.0, 2.0, 4.0], [5.0, 1.0, 4.0], 1.25, [-0.25, 0.75, 0.0]),
        ("quantile", [3.0, 2.0, 4.0], [5.0, 1.0, 4.0], 1.5, [-0.5, 0.5, 0.0]),
        ("quantile(0.1,0.5,0.9)", [3.0, 6.0, 4.0], [5.0, 5.0, 5.0], 1.6, [-0.1, 0.5, -0.9]),
        ("huber", [1.5, -2.0, 0.0], [1.0, 1.0, 1.0], 0.125 + 2.5 + 0.5, [0.5, -1.0, -1.0]),
        ("huber(2)", [4.0, 0.0, 3.0], [1.0, 1.0, 1.0], 4.0 + 0.5 + 2.0, [2.0, -1.0, 2.0]),
        ("huber(0.5)", [4.0, 1.0, 1.25], [1.0, 1.0, 1.0], 1.375 + 0.03125, [0.5, 0.0, 0.25]),
    ],
)
def test_worked_by_hand(name: str, a: list[float], y: list[float], loss: float, delta: list[float]):
    o, logits, p = output(name), np.array([a]), np.array([y])
    np.testing.assert_allclose(o.loss(logits, p), [loss], rtol=1e-15)
    np.testing.assert_allclose(o.delta(logits, p), [delta], rtol=1e-15, atol=0)
    for i in range(3):  # where y_hat = y as well: of the two sides' slopes neither
        moved = logits + 1j * COMPLEX_STEP * (np.arange(3) == i)
        assert o.loss(moved, p).imag / COMPLEX_STEP == pytest.approx(o.delta(logits, p)[:, i], rel=1e-15)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.75, 0.9])
def test_the_best_constant_is_the_quantile(q: float):
    y = np.random.default_rng(8).exponential(size=(101, 1))  # 101 q is no whole number: there is one best
    constants = np.sort(y[:, 0])
    losses = [output(f"quantile({q})").loss(np.full_like(y, b), y).sum() for b in constants]
    assert constants[np.argmin(losses)] == np.quantile(y, q, method="inverted_cdf")
    if q == 0.5:
        losses = [output("absolute_error").loss(np.full_like(y, b), y).sum() for b in constants]
        assert constants[np.argmin(losses)] == np.median(y)


def test_huber_lies_between_half_the_squared_and_the_absolute_error():
    p = targets(output("huber"))
    np.testing.assert_allclose(output("huber(1e9)").loss(A, p), output("gaussian").loss(A, p), rtol=1e-14)
    near = output("huber(1e-9)").loss(A, p) / 1e-9
    np.testing.assert_allclose(near, output("absolute_error").loss(A, p), rtol=1e-7)


@pytest.mark.parametrize("name", ["absolute_error", "quantile(0.9)", "huber(1.35)"])
class TestKinks:
    def test_a_side_changes_where_the_slope_does(self, name: str):
        o, a = output(name), np.linspace(-4.0, 4.0, 8001)[:, None]
        p = np.full_like(a, 0.0005)
        side, delta = o.side(a, p)[:, 0], o.delta(a, p)[:, 0]
        bends = np.diff(delta, 2) if o.name == "huber" else np.diff(delta)[:-1]
        changes = np.flatnonzero(np.diff(side))
        assert len(changes) == (2 if o.name == "huber" else 1)
        for n in np.flatnonzero(np.abs(bends) > 1e-9):
            assert np.abs(changes - n).min() <= 1

    def test_a_loss_of_nan_is_nan(self, name: str):
        a, p = np.array([[1.0, np.nan]]), np.zeros((1, 2))
        assert np.isnan(output(name).loss(a, p)).all()
        assert np.isnan(output(name).delta(a, p)[0, 1])

    def test_far_from_the_target_nothing_overflows(self, name: str):
        a, p = np.array([[1e200, -1e200], [3e30, -3e30]]), np.zeros((2, 2))
        with np.errstate(all="raise"):
            assert np.isfinite(output(name).loss(a, p)).all()
            assert np.isfinite(output(name).loss(a[1:].astype("float32"), p[1:].astype("float32"))).all()


@EVERY
def test_delta_is_the_product_of_the_two_factors(o: Output):
    p = targets(o)
    together = (o.dL_dy_hat(A, p)[:, None, :] @ o.dy_hat_da(A))[:, 0, :]
    np.testing.assert_allclose(o.delta(A, p), together, rtol=1e-12, atol=1e-14)


@EVERY
def test_factors_and_delta_are_complex_steps(o: Output):
    p = targets(o)
    for i in range(4):
        moved = A + 1j * COMPLEX_STEP * (np.arange(4) == i)
        slopes = o.loss(moved, p).imag / COMPLEX_STEP
        np.testing.assert_allclose(o.delta(A, p)[:, i], slopes, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            o.dy_hat_da(A)[:, :, i], o.y_hat(moved).imag / COMPLEX_STEP, rtol=1e-12, atol=1e-16
        )


@EVERY
def test_the_first_factor_is_the_slope_of_the_loss_as_a_function_of_y_hat(o: Output):
    p = targets(o)
    y_hat = o.y_hat(A) + 0j
    for i in range(4):
        z = y_hat + 1j * COMPLEX_STEP * (np.arange(4) == i)
        if o.name == "linear":
            loss = ((z - p) ** 2).mean(axis=1)
        elif o.name == "gaussian":
            loss = 0.5 * ((z - p) ** 2).sum(axis=1)
        elif o.name == "absolute_error":
            loss = (np.where(z.real > p, 1, -1) * (z - p)).sum(axis=1)
        elif o.name == "quantile":
            q = np.array(o.by_unit(4))
            loss = (np.where(z.real > p, 1 - q, -q) * (z - p)).sum(axis=1)
        elif o.name == "huber":
            e, (d,) = z - p, o.numbers
            beyond = d * (np.where(e.real > 0, e, -e) - d / 2)
            loss = np.where(np.abs(e.real) <= d, e**2 / 2, beyond).sum(axis=1)
        elif o.name == "softmax":
            loss = -(p * np.log(z)).sum(axis=1)
        elif o.name == "sigmoid":
            loss = -(p * np.log(z) + (1 - p) * np.log(1 - z)).sum(axis=1)
        else:
            loss = (z - p * np.log(z)).sum(axis=1)
        np.testing.assert_allclose(o.dL_dy_hat(A, p)[:, i], loss.imag / COMPLEX_STEP, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("dtype", "logits"),
    [
        ("float64", (1e308, -1e308, 1e300, -1e300, 0.0, 745.0, -745.0)),
        ("float32", (3e38, -3e38, 1e30, -1e30, 0.0, 104.0, -104.0)),
    ],
)
@pytest.mark.parametrize("n", [2, 3])
def test_softmax_and_cross_entropy_are_finite_for_every_finite_logit(dtype: str, logits: tuple, n: int):
    o, a = output("softmax"), np.array(list(product(logits, repeat=n)), dtype)
    for l in range(n):
        p = np.broadcast_to(np.eye(n, dtype=dtype)[l], a.shape)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            y_hat, loss, delta, jacobian = o.y_hat(a), o.loss(a, p), o.delta(a, p), o.dy_hat_da(a)
        assert {y_hat.dtype, loss.dtype, delta.dtype, jacobian.dtype} == {np.dtype(dtype)}
        assert all(np.isfinite(part).all() for part in (y_hat, loss, delta, jacobian))
        np.testing.assert_allclose(y_hat.sum(axis=1), 1.0, rtol=1e-6)
        assert (loss >= 0).all()
        right = a[:, l] == a.max(axis=1)
        assert (loss[right] <= np.log(n) * (1 + 1e-6)).all()


@pytest.mark.parametrize(("dtype", "largest"), [("float64", 1e308), ("float32", 3e38)])
def test_sigmoid_is_finite_for_every_finite_logit(dtype: str, largest: float):
    o, a = output("sigmoid"), np.array([[largest, -largest, 0.0, 800.0, -800.0]], dtype)
    for label in (0.0, 1.0):
        p = np.full_like(a, label)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            parts = [o.y_hat(a), o.loss(a / 8, p), o.delta(a, p), o.dy_hat_da(a)]
        assert all(np.isfinite(part).all() for part in parts)
        assert {part.dtype for part in parts} == {np.dtype(dtype)}


def test_losses_keep_their_digits_where_probabilities_have_none():
    one = np.array([[1.0, 0.0]])
    assert output("softmax").loss(np.array([[0.0, 800.0]]), one)[0] == 800.0
    assert output("softmax").loss(np.array([[50.0, 0.0]]), one)[0] == pytest.approx(
        np.exp(-50), rel=1e-15, abs=1e-15
    )
    assert output("sigmoid").loss(np.array([[40.0]]), np.ones((1, 1)))[0] == pytest.approx(
        np.exp(-40), rel=1e-12
    )
    assert output("sigmoid").loss(np.array([[-800.0]]), np.ones((1, 1)))[0] == 800.0


@EVERY
def test_float32_is_kept(o: Output):
    a, p = A.astype("float32"), targets(o).astype("float32")
    parts = (o.y_hat(a), o.loss(a, p), o.dL_dy_hat(a, p), o.dy_hat_da(a), o.delta(a, p))
    assert {part.dtype for part in parts} == {np.dtype("float32")}


class TestTargets:
    def test_class_numbers_become_rows_of_the_identity(self):
        for dtype in ("int64", "int8", "uint8", "float32", "float64"):
            p = output("softmax").targets(np.array([0, 2, 1], dtype), 3)
            np.testing.assert_array_equal(p, np.eye(3)[[0, 2, 1]])

    @EVERY
    def test_right_ones_come_back(self, o: Output):
        y = targets(o)
        np.testing.assert_array_equal(o.targets(y, 4), y)
        if o.fewest_units == 1:
            n = max(len(o.numbers), 1)  # of each target, the first for its first number
            np.testing.assert_array_equal(o.targets(y[:, 0], n), np.repeat(y[:, :1], n, axis=1))
            np.testing.assert_array_equal(o.targets(y[:, :2], 2 * n), np.repeat(y[:, :2], n, axis=1))

    @pytest.mark.parametrize(
        ("name", "y", "n", "message"),
        [
            (
                "softmax",
                [0, 1, 3],
                3,
                "example 3 .*: 3 is no class number; 3 outputs know the classes 0 to 2",
            ),
            ("softmax", [0, -1, 3], 3, "example 2 .*: -1 is no class number"),
            ("softmax", [0.0, 0.5], 3, "example 2 .*: 0.5 is no class number"),
            ("softmax", [0.0, np.nan], 3, "example 2 .*: nan is not a class number"),
            ("softmax", [np.inf, 1.0], 3, "example 1 .*: inf is not a class number"),
            ("softmax", [[0.5, 0.5], [0.5, 0.6]], 2, "example 2 .*: 1.1 is the sum of its probabilities"),
            ("softmax", [[0.5, 0.5], [1.5, -0.5]], 2, "example 2 .*: -0.5 is negative"),
            ("softmax", [[0.5, 0.5], [np.nan, 1.0]], 2, "example 2 .*: nan is not a finite number"),
            ("linear", [1.0, np.inf], 1, "example 2 .*: inf is not a finite number"),
            ("sigmoid", [0.0, 1.0, 2.0], 1, "example 3 .*: 2 is no probability"),
            ("sigmoid", [0.0, -0.1], 1, "example 2 .*: -0.1 is no probability"),
            ("poisson", [3.0, 0.0, -1.0], 1, "example 3 .*: -1 is negative"),
        ],
    )
    def test_wrong_ones_are_refused_with_their_row(self, name: str, y: list, n: int, message: str):
        with pytest.raises(DataError, match=message):
            output(name).targets(np.array(y), n)

    @EVERY
    def test_wrong_shapes_are_refused(self, o: Output):
        for y in (np.zeros((2, 3)), np.zeros((2, 4, 1)), np.zeros((2, 0))):
            with pytest.raises(ShapeError, match=rf"the {o.name} output expects \(N, 4\)"):
                o.targets(y, 4)
        if o.fewest_units == 1:
            with pytest.raises(ShapeError, match=r"expects \(N,\) or \(N, 1\)"):
                o.targets(np.zeros((2, 2)), 1)


class TestNames:
    def test_unknown_ones_list_the_known(self):
        known = "Known: linear, gaussian, softmax, sigmoid, poisson, absolute_error, huber, quantile"
        for name in ("hinge", "hinge(0.5)", "", "(0.5)", "quantile(0.5", "quantile 0.5"):
            with pytest.raises(OptionError, match=f"unknown output .*{known}"):
                output(name)
        with pytest.raises(OptionError, match="unknown output 'quantle'; did you mean 'quantile'"):
            output("quantle(0.9)")

    @EVERY
    def test_the_text_of_an_output_gives_it_again(self, o: Output):
        assert output(str(o)) == o
        assert repr(output(str(o))) == str(o)

    def test_a_number_in_brackets_is_kept_to_the_last_digit(self):
        assert str(output("quantile(0.9)")) == "quantile(0.9)"
        assert str(output("huber( 2 )")) == "huber(2.0)"
        assert (str(output("quantile")), str(output("huber"))) == ("quantile(0.5)", "huber(1.0)")
        third = output(f"quantile({1 / 3!r})")
        assert output(str(third)).numbers == (1 / 3,)
        assert [o.numbers for o in OUTPUTS.values()] == [()] * 6 + [(1.0,), (0.5,)]
        assert str(output("quantile( .1, 0.5,.9 )")) == "quantile(0.1,0.5,0.9)"

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            (
                "quantile(1.5)",
                "the quantile of the output is 1.5; it must be a number between 0 and 1, both excluded.",
            ),
            ("quantile(0)", "the quantile of the output is 0.0; it must be a number between 0 and 1"),
            ("quantile(1)", "the quantile of the output is 1.0; it must be a number between 0 and 1"),
            ("quantile(nan)", "the quantile of the output is nan; it must be a number between 0 and 1"),
            ("huber(0)", "the d of the huber output is 0.0; it must be a finite number above 0."),
            ("huber(-1)", "the d of the huber output is -1.0; it must be a finite number above 0."),
            ("huber(inf)", "the d of the huber output is inf; it must be a finite number above 0."),
            (
                "huber(wide)",
                "'wide' is no number in the output 'huber(wide)'; write for example 'huber(1.0)'.",
            ),
            ("quantile()", "'' is no number in the output 'quantile()'; write for example 'quantile(0.5)'."),
            ("softmax(3)", "the softmax output takes no number, and got 'softmax(3)'; write 'softmax'."),
        ],
    )
    def test_wrong_numbers_are_refused(self, name: str, message: str):
        with pytest.raises(OptionError, match=re.escape(message)):
            output(name)
