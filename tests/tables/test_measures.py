"""Measures against scikit-learn's, with and without weights, and those of the constant by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from deltarule.maths.outputs import output
from deltarule.tables import ClassTarget, Column, NumberTarget
from deltarule.tables.measures import measures

N = 400


def weights(is_weighted: bool) -> np.ndarray | None:
    return np.random.default_rng(7).integers(0, 4, N).astype(float) if is_weighted else None


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("C", [2, 5])
def test_of_classes(C: int, is_weighted: bool):
    rng = np.random.default_rng(C)
    w = weights(is_weighted)
    y = np.minimum(rng.geometric(0.4, N) - 1, C - 1)
    shares = rng.dirichlet(np.ones(C), N).round(2) + 0.01 + (np.arange(C) == y[:, None])
    shares /= shares.sum(axis=1, keepdims=True)
    target = ClassTarget.fit(Column.of("y", [f"c{n}" for n in y]), w)
    found = measures(target, output("softmax"), y, shares, w)
    said = shares.argmax(axis=1)
    binary = {"average": "binary"} if C == 2 else {"average": "macro"}
    expected = {
        "rows": N,
        "accuracy": metrics.accuracy_score(y, said, sample_weight=w),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, said, sample_weight=w),
        "log_loss": metrics.log_loss(y, shares, sample_weight=w),
        "f1": metrics.f1_score(y, said, sample_weight=w, **binary),
        "roc_auc": np.mean([
            metrics.roc_auc_score(y == l, shares[:, l], sample_weight=w) for l in ([1] if C == 2 else range(C))
        ]),
        "average_precision": np.mean([
            metrics.average_precision_score(y == l, shares[:, l], sample_weight=w)
            for l in ([1] if C == 2 else range(C))
        ]),
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name
    of_each = metrics.f1_score(y, said, average=None, sample_weight=w)
    assert found["f1_by_class"] == pytest.approx(
        {f"c{n}": value for n, value in enumerate(of_each)}, rel=1e-12
    )
    frequency = np.bincount(y, w) / (N if w is None else w.sum())
    most = frequency.argmax()
    assert found["constant_accuracy"] == pytest.approx(frequency[most])
    assert found["constant_balanced_accuracy"] == pytest.approx(1 / C)
    assert found["constant_log_loss"] == pytest.approx(-(frequency * np.log(frequency)).sum())
    constant = metrics.f1_score(y, np.full(N, most), sample_weight=w, zero_division=0, **binary)
    assert found["constant_f1"] == pytest.approx(constant)
    assert found["constant_roc_auc"] == 0.5
    assert found["constant_average_precision"] == pytest.approx(frequency[1] if C == 2 else 1 / C)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("name", ["linear", "poisson", "absolute_error", "huber"])
def test_of_values(name: str, is_weighted: bool):
    rng = np.random.default_rng(1)
    w = weights(is_weighted)
    y = rng.poisson(3.0, N) + 1.0
    column = Column.of("y", y)
    target = NumberTarget.fit(column, output(name), weights=w)
    y_hat = target.encode(column)[:, None] + 0.3 * np.abs(rng.normal(size=(N, 1)))
    found = measures(target, output(name), target.encode(column), y_hat, w)
    said = target.predict(y_hat)
    constant = np.full(N, np.average(y, weights=w))
    if name not in ("linear", "poisson"):
        constant[:] = np.median(y) if w is None else np.quantile(y, 0.5, weights=w, method="inverted_cdf")
    for key, function in {
        "r2": metrics.r2_score, "mae": metrics.mean_absolute_error, "rmse": metrics.root_mean_squared_error,
        "deviance": metrics.mean_poisson_deviance,
    }.items():  # fmt: skip
        assert (key in found) == (key != "deviance" or name == "poisson")
        if key in found:
            assert found[key] == pytest.approx(function(y, said, sample_weight=w), rel=1e-9), key
            assert found[f"constant_{key}"] == pytest.approx(
                function(y, constant, sample_weight=w), rel=1e-9, abs=1e-12
            )


@pytest.mark.parametrize("is_weighted", [False, True])
def test_of_quantiles(is_weighted: bool):
    rng = np.random.default_rng(2)
    w, levels = weights(is_weighted), (0.1, 0.5, 0.9)
    y = rng.normal(size=N)
    column, quantiles = Column.of("y", y), output("quantile(0.1,0.5,0.9)")
    target = NumberTarget.fit(column, quantiles, weights=w)
    y_hat = rng.normal(size=(N, 3))
    found = measures(target, quantiles, target.encode(column), y_hat, w)
    said = target.predict(y_hat)
    assert (np.diff(said, axis=1) >= 0).all()
    each = [metrics.mean_pinball_loss(y, said[:, j], alpha=q, sample_weight=w) for j, q in enumerate(levels)]
    assert found["pinball"] == pytest.approx(np.mean(each), rel=1e-12)
    for j, q in enumerate(levels):
        assert found[f"below_{q:g}"] == pytest.approx(np.average(y <= said[:, j], weights=w))
        assert found[f"constant_below_{q:g}"] == pytest.approx(q, abs=0.01)


def case(kind: str, n: int, rng: np.random.Generator) -> tuple:
    """Return a target, an output, encoded values and predictions of rows drawn alike."""
    if kind == "softmax":
        y = rng.integers(0, 3, n)
        shares = rng.dirichlet(np.ones(3), n) + 0.5 * np.eye(3)[y]
        target = ClassTarget.fit(Column.of("y", ["a", "b", "c"] * 20))
        return target, output(kind), y, shares / shares.sum(axis=1, keepdims=True)
    values = rng.poisson(3.0, n) + 1.0
    chosen = output(kind)
    target = NumberTarget.fit(Column.of("y", np.arange(1.0, 10.0)), chosen)
    y = target.encode(Column.of("y", values))
    return target, chosen, y, y[:, None] + 0.3 * np.abs(rng.normal(size=(n, max(1, len(chosen.numbers)))))


KINDS = {
    "softmax": ("log_loss",), "linear": ("r2", "rmse", "mae"), "poisson": ("r2", "rmse", "mae", "deviance"),
    "quantile(0.1,0.5,0.9)": ("pinball",),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_standard_errors_are_what_the_rows_move(kind: str):
    """sum_i (w_i dM/dw_i)^2 is the delta method for a measure M of weighted rows."""
    n, step = 40, 1e-6
    rng = np.random.default_rng(3)
    given, w = case(kind, n, rng), rng.uniform(0.5, 2, n)
    found = measures(*given, w)
    moved = dict.fromkeys(KINDS[kind], 0.0)
    for i in range(n):
        up, down = (measures(*given, w + sign * step * (np.arange(n) == i)) for sign in (1, -1))
        for name in moved:
            moved[name] += (w[i] * (up[name] - down[name]) / (2 * step)) ** 2
    for name, square in moved.items():
        assert found[f"standard_error_{name}"] == pytest.approx(np.sqrt(n / (n - 1) * square), rel=1e-4), name


@pytest.mark.parametrize("kind", KINDS)
def test_standard_errors_are_how_much_measures_differ(kind: str):
    rng = np.random.default_rng(4)
    drawn = [measures(*case(kind, 150, rng)) for _ in range(400)]
    for name in (*KINDS[kind], *(["accuracy"] if kind == "softmax" else [])):
        spread = np.std([found[name] for found in drawn])
        assert np.mean([found[f"standard_error_{name}"] for found in drawn]) == pytest.approx(
            spread, rel=0.12
        ), name


def test_standard_errors_by_hand():
    target = ClassTarget.fit(Column.of("y", ["a", "b"] * 9))
    y, shares = np.zeros(18, int), np.tile([0.75, 0.25], (18, 1))
    right = measures(target, output("softmax"), y, shares)
    assert right["standard_error_accuracy"] == pytest.approx(
        np.sqrt(0.95 * 0.05 / 18)
    )  # 19 of 20, as Laplace has it
    assert right["standard_error_log_loss"] == pytest.approx(0, abs=1e-12)
    half = measures(target, output("softmax"), np.arange(18) % 2, shares)
    assert half["standard_error_accuracy"] == pytest.approx(np.sqrt(0.25 / 18))
    assert half["standard_error_log_loss"] == pytest.approx(np.log(3) / 2 / np.sqrt(17))
    weighted = measures(target, output("softmax"), np.arange(18) % 2, shares, np.full(18, 0.1))
    assert weighted["standard_error_accuracy"] == pytest.approx(half["standard_error_accuracy"])
    one = measures(target, output("softmax"), y[:1], shares[:1])
    assert "standard_error_log_loss" not in one
    values = NumberTarget.fit(Column.of("y", [1.0, 2.0]))
    exact = measures(values, output("linear"), np.array([-1.0, 1.0]), np.array([[-1.0], [1.0]]))
    assert exact["standard_error_rmse"] == exact["standard_error_r2"] == exact["standard_error_mae"] == 0


def test_classes_that_a_part_lacks():
    target = ClassTarget.fit(Column.of("y", ["a", "b", "c", "c"] * 5))
    shares = np.full((4, 3), 1 / 3)
    shares[:2] = 0.2, 0.6, 0.2
    found = measures(target, output("softmax"), np.array([1, 1, 2, 2]), shares)
    assert found["balanced_accuracy"] == 0.5  # of the two that there are
    assert found["constant_balanced_accuracy"] == 0.5
    assert found["roc_auc"] == 1.0
    assert "roc_auc" not in measures(target, output("softmax"), np.array([1, 1, 1, 1]), shares)
