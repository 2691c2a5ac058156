"""Measures of predictions, each beside that of a constant prediction.

Classes: the constant is the most frequent class of training; for log loss, the frequencies of training. Values: it is
what the loss would have a constant predict, the mean for squared errors and counts, else the median or the quantile.

standard_error_... says by how much a measure would differ on other rows drawn like these, for the same networks. With
psi_i, by how much row i moves the measure (its influence, which the delta method takes from the formula), it is

    sqrt(n / (n - 1) sum_i (w_i psi_i)^2) / sum_i w_i
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.maths.output import Output
from deltarule.tables.targets import ClassTarget, NumberTarget, Target

Values = NDArray[Any]
Measures = dict[str, Any]

TITLES = {
    "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "log_loss": "log loss", "f1": "F1",
    "roc_auc": "ROC AUC", "average_precision": "average precision", "r2": "R²", "rmse": "RMSE", "mae": "MAE",
    "deviance": "deviance", "pinball": "pinball loss",
}  # fmt: skip
"""Measures as they are shown, but for those of quantiles, below_0.1 and so on."""
WITH_UNIT = "rmse", "mae", "pinball"
LESS_IS_BETTER = "log_loss", "rmse", "mae", "deviance", "pinball"
MOST_CURVES = 100
"""Classes up to which each has its area under a curve."""


def is_more_better(name: str) -> bool:
    """Return whether a measure rises as predictions get better.

    >>> is_more_better("roc_auc"), is_more_better("log_loss")
    (True, False)
    """
    return name not in LESS_IS_BETTER


def measures(
    target: Target, output: Output, y: Values, y_hat: Values, weights: Values | None = None
) -> Measures:
    """Return the measures of one target by name, each "..." beside "constant_...", and most with "standard_error_...".

    Parameters
    ----------
    target, output
        What the network learns, and with which output.
    y
        (N,): the target as `target.encode` gives it.
    y_hat
        (N, outputs): the network's outputs for it.
    weights
        (N,): how much every row counts; None for all the same.
    """
    w = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
    if isinstance(target, ClassTarget):
        return {"rows": len(y), **_of_classes(target, y, target.shares(y_hat), w)}
    assert isinstance(target, NumberTarget)
    values, predicted = target.decode(y), target.predict(y_hat)
    if output.name == "quantile":
        levels = output.numbers
        return {"rows": len(y), **_of_quantiles(target, values, predicted.reshape(len(y), -1), w, levels)}
    return {"rows": len(y), **_of_values(target, output, values, predicted, w)}


def _of_classes(target: ClassTarget, true: NDArray[Any], shares: Values, w: Values) -> Measures:
    """accuracy, balanced accuracy (mean recall), log loss (mean of -log y_hat_l), ROC AUC, average precision, F1.

    Of more than two classes the last three are means over the classes, each against all others.
    """
    tiny = np.finfo(np.float32).tiny  # a probability that underflowed
    C, rows = len(target.names), np.arange(len(true))
    frequencies = np.array(target.frequencies)
    said, most = shares.argmax(axis=1), int(frequencies.argmax())
    total = np.bincount(true, w, C)
    is_there = total > 0
    right, told = np.bincount(true, w * (said == true), C), np.bincount(said, w, C)
    f1 = 2 * right / np.where(total + told > 0, total + told, 1.0)
    of_most = total[most] / total.sum()
    found: Measures = {
        "accuracy": right.sum() / total.sum(),
        "constant_accuracy": of_most,
        "balanced_accuracy": (right[is_there] / total[is_there]).mean(),
        "constant_balanced_accuracy": is_there[most] / is_there.sum(),
        "log_loss": np.average(-np.log(np.maximum(shares[rows, true], tiny)), weights=w),
        "constant_log_loss": np.average(-np.log(np.maximum(frequencies[true], tiny)), weights=w),
        "f1": _over(f1, is_there),
        "constant_f1": _over(np.where(np.arange(C) == most, 2 * of_most / (1 + of_most), 0.0), is_there),
    }
    if is_there.sum() >= 2 and C <= MOST_CURVES:
        classes = [1] if C == 2 else np.flatnonzero(is_there).tolist()
        areas = np.array([_areas(true == l, shares[:, l], w) for l in classes])
        found |= {
            "roc_auc": areas[:, 0].mean(),
            "constant_roc_auc": 0.5,
            "average_precision": areas[:, 1].mean(),
            "constant_average_precision": (total[classes] / total.sum()).mean(),
        }
    plain: Measures = {name: float(value) for name, value in found.items()}
    losses = -np.log(np.maximum(shares[rows, true], tiny))
    plain |= _standard_errors({"log_loss": losses - plain["log_loss"]}, w)
    plain["standard_error_accuracy"] = _binomial(plain["accuracy"], w)
    return plain | {"f1_by_class": {str(name): float(f1[l]) for l, name in enumerate(target.names)}}


def _standard_errors(moved: dict[str, Values], w: Values) -> Measures:
    """Return the standard errors of measures, by how much each row moves them, (N,); none of one row."""
    n = len(w)
    if n < 2:
        return {}
    return {
        f"standard_error_{name}": float(np.sqrt(n / (n - 1) * ((w * psi) ** 2).sum()) / w.sum())
        for name, psi in moved.items()
    }


def _binomial(p: float, w: Values) -> float:
    """Return the standard error of a share: sqrt(q (1 - q) / n), q = (n p + 1) / (n + 2).

    q is Laplace's estimate, by which 20 of 20 leave something to doubt; n is (sum w)^2 / sum w^2.

    >>> round(_binomial(1.0, np.ones(18)), 4)
    0.0514
    """
    n = w.sum() ** 2 / (w**2).sum()
    q = (n * p + 1) / (n + 2)
    return float(np.sqrt(q * (1 - q) / n))


def _over(f1: Values, is_there: NDArray[np.bool_]) -> float:
    """Return F1 of the second of two classes, else the mean over the classes that there are."""
    return float(f1[1]) if len(f1) == 2 else float(f1[is_there].mean())


def _areas(is_one: NDArray[np.bool_], score: Values, w: Values) -> tuple[float, float]:
    """Return the area under the ROC curve, and the average precision, of one class against all others."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # the last of equal scores
    ones = np.cumsum((w * is_one)[order])[ends]
    others = np.cumsum((w * ~is_one)[order])[ends]
    recall, fall_out = ones / ones[-1], others / others[-1]
    precision = ones / np.where(ones + others > 0, ones + others, 1.0)
    roc = float(np.trapezoid(np.append(0.0, recall), np.append(0.0, fall_out)))
    return roc, float((np.diff(recall, prepend=0.0) * precision).sum())


def _of_values(target: NumberTarget, output: Output, y: Values, y_hat: Values, w: Values) -> Measures:
    """R2, RMSE and MAE in the target's units; and of counts the mean Poisson deviance."""
    constant = target.constants[0]
    unit = float(np.abs(y).max()) or 1.0  # squares of 1e200 overflow
    spread = float((w * (y / unit - np.average(y / unit, weights=w)) ** 2).sum())

    def of(prediction: Values | float) -> Measures:
        e = (y - prediction) / unit
        # Of rows that are all the same R^2 says nothing; 0 is what a constant prediction gets.
        found = {
            "r2": 1.0 - float((w * e**2).sum()) / spread if spread > 0 else 0.0,
            "rmse": float(np.sqrt(np.average(e**2, weights=w))) * unit,
            "mae": float(np.average(np.abs(e), weights=w)) * unit,
        }
        if output.name == "poisson":
            found["deviance"] = float(np.average(_deviances(y, prediction), weights=w))
        return found

    found = of(y_hat)
    e = (y - y_hat) / unit
    d = y / unit - np.average(y / unit, weights=w)
    mean, nothing = np.average(e**2, weights=w), np.zeros(len(y))
    moved = {
        "r2": ((1.0 - found["r2"]) * d**2 - e**2) / (spread / w.sum()) if spread > 0 else nothing,
        "rmse": (e**2 - mean) / (2.0 * np.sqrt(mean)) * unit if mean > 0 else nothing,
        "mae": np.abs(e) * unit - found["mae"],
    }
    if output.name == "poisson":
        moved["deviance"] = _deviances(y, y_hat) - found["deviance"]
    return _beside(found, of(constant)) | _standard_errors(moved, w)


def _deviances(y: Values, y_hat: Values | float) -> Values:
    """Return 2 (y_hat - y + y log(y / y_hat)), (N,)."""
    least = np.finfo(np.float64).tiny
    y_hat = np.maximum(y_hat, least)
    return 2.0 * (y_hat - y + y * np.log(np.maximum(y, least) / y_hat))


def _of_quantiles(
    target: NumberTarget, y: Values, y_hat: Values, w: Values, levels: tuple[float, ...]
) -> Measures:
    """The mean pinball loss of the levels, in the target's units; and the share of the rows below each."""

    def losses(e: Values) -> Values:
        return np.maximum(np.array(levels) * e, (np.array(levels) - 1.0) * e).mean(axis=1)

    def of(prediction: Values) -> Measures:
        e = y[:, None] - prediction
        below = np.average(e <= 0, axis=0, weights=w).tolist()
        return {
            "pinball": float(np.average(losses(e), weights=w)),
            **{f"below_{q:g}": share for q, share in zip(levels, below, strict=True)},
        }

    found = of(y_hat)
    moved = {"pinball": losses(y[:, None] - y_hat) - found["pinball"]}
    shares = {f"standard_error_below_{q:g}": _binomial(found[f"below_{q:g}"], w) for q in levels}
    return _beside(found, of(np.array(target.constants))) | _standard_errors(moved, w) | shares


def _beside(found: Measures, constant: Measures) -> Measures:
    """Return every measure beside that of the constant."""
    return {
        key: value
        for name in found
        for key, value in ((name, found[name]), (f"constant_{name}", constant[name]))
    }
