"""Outputs: one object owns y_hat, its loss, its delta, and the two factors that delta comes from.

For every output, with one row an example:

    y_hat = O(a)                     (N, n_K)
    loss(a, p)       L_n             (N,)
    dL_dy_hat(a, p)  dL/dy_hat_i     (N, n_K)        first factor
    dy_hat_da(a)     dy_hat_l/da_i   (N, n_K, n_K)   second factor, row l, column i
    delta(a, p)      dL/da_i         (N, n_K)        their product, simplified by hand

p is the target as `targets` returns it. Losses and factors are computed from the logits a, not from
y_hat, so that no logarithm of a rounded probability is ever taken.

>>> import numpy as np
>>> softmax, a, p = output("softmax"), np.log([[4.0, 1.0]]), np.array([[1.0, 0.0]])
>>> softmax.y_hat(a).round(4), softmax.loss(a, p).round(5)
(array([[0.8, 0.2]]), array([0.22314]))
>>> softmax.dL_dy_hat(a, p).round(4), softmax.dy_hat_da(a)[0, 0].round(4), softmax.delta(a, p).round(4)
(array([[-1.25,  0.  ]]), array([ 0.16, -0.16]), array([[-0.2,  0.2]]))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from deltarule.errors import DataError, ShapeError, unknown
from deltarule.maths.activations import SIGMOID
from deltarule.maths.arrays import Array, absolute, at_least, real


class Output(ABC):
    """An output function O with the loss that belongs to it."""

    name: ClassVar[str]
    loss_name: ClassVar[str]
    fewest_units: ClassVar[int] = 1
    formulas: ClassVar[tuple[str, str, str]]
    """dL/dy_hat, dy_hat/da and delta as a person reads them."""

    @abstractmethod
    def y_hat(self, a: Array) -> Array:
        """Return O(a), (N, n_K)."""

    @abstractmethod
    def loss(self, a: Array, p: Array) -> Array:
        """Return L of every example, (N,)."""

    @abstractmethod
    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        """Return dL/dy_hat_i, (N, n_K)."""

    @abstractmethod
    def dy_hat_da(self, a: Array) -> Array:
        """Return the Jacobian dy_hat_l/da_i, (N, n_K, n_K)."""

    @abstractmethod
    def delta(self, a: Array, p: Array) -> Array:
        """Return dL/da_K, (N, n_K)."""

    def targets(self, y: Array, n: int) -> Array:
        """Return y as the (N, n) array of targets that the loss compares with y_hat.

        Parameters
        ----------
        y
            (N, n), or (N,) where there is one output (n = 1). Softmax takes class numbers from 0, (N,),
            or a distribution per row, (N, n). Any real dtype.
        n
            The number of outputs, n_K.

        Raises
        ------
        ShapeError
            y has another shape.
        DataError
            A value is missing, infinite, or outside what the loss is defined for.
        """
        xp = y.__array_namespace__()
        if y.ndim == 1 and n == 1:
            y = xp.reshape(y, (-1, 1))
        if y.ndim != 2 or y.shape[1] != n:
            raise ShapeError(f"y has shape {y.shape}; the {self.name} output expects {_expected_shapes(n)}.")
        _refuse(~xp.isfinite(y), y, "is not a finite number; remove or fill such rows first")
        return y

    def __repr__(self) -> str:
        return self.name


class Linear(Output):
    """y_hat = a with L = MSE = mean over outputs of (y_hat_i - y_i)^2.

    dL/dy_hat_i = 2 (y_hat_i - y_i) / n_K;  dy_hat/da = identity;  delta = 2 (y_hat - y) / n_K.
    """

    name = "linear"
    loss_name = "mean squared error"
    formulas = ("2 (y_hat - y) / n_K", "I", "2 (y_hat - y) / n_K")

    def y_hat(self, a: Array) -> Array:
        return a

    def loss(self, a: Array, p: Array) -> Array:
        return a.__array_namespace__().mean((a - p) ** 2, axis=1)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return 2.0 * (a - p) / a.shape[1]

    def dy_hat_da(self, a: Array) -> Array:
        return _diagonal(a.__array_namespace__().ones_like(a))

    def delta(self, a: Array, p: Array) -> Array:
        return self.dL_dy_hat(a, p)


class Gaussian(Linear):
    """y_hat = a with L = 1/2 sum_i (y_hat_i - y_i)^2: the negative log likelihood of y_hat plus noise of variance 1.

    dL/dy_hat_i = y_hat_i - y_i;  dy_hat/da = identity;  delta = y_hat - y.
    """

    name = "gaussian"
    loss_name = "half squared error"
    formulas = ("y_hat - y", "I", "y_hat - y")

    def loss(self, a: Array, p: Array) -> Array:
        return 0.5 * a.__array_namespace__().sum((a - p) ** 2, axis=1)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return a - p


class Softmax(Output):
    """y_hat_i = exp(a_i) / sum_j exp(a_j) with L = cross entropy = -sum_i p_i log y_hat_i.

    dL/dy_hat_i = -p_i / y_hat_i, which for one true class l is -(1/y_hat_l) e(l);
    dy_hat_l/da_i = y_hat_l (1[l=i] - y_hat_i);
    delta = y_hat - p, which for one true class l is -(e(l) - y_hat).

    Finite for every finite logit: a difference of logits is kept within 0.9 of the largest float.
    """

    name = "softmax"
    loss_name = "cross entropy"
    fewest_units = 2  # one probability alone is always 1
    formulas = ("-p_i / y_hat_i", "y_hat_l (1[l=i] - y_hat_i)", "y_hat - p")
    formulas_of_class = ("-(1/y_hat_l) e(l)", "y_hat_l (1[l=i] - y_hat_i)", "-(e(l) - y_hat)")
    """The same where one class l is the true one."""

    @staticmethod
    def _below_largest(a: Array) -> Array:
        """Return a_i - max_j a_j; halves are subtracted because the difference itself may overflow."""
        xp = a.__array_namespace__()
        half = 0.5 * a - 0.5 * xp.max(real(a), axis=1, keepdims=True)
        return 2.0 * at_least(half, -0.45 * float(xp.finfo(a.dtype).max))

    def y_hat(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        e = xp.exp(self._below_largest(a))
        return e / xp.sum(e, axis=1, keepdims=True)

    def loss(self, a: Array, p: Array) -> Array:
        xp = a.__array_namespace__()
        d = self._below_largest(a)
        log_y_hat = d - xp.log(xp.sum(xp.exp(d), axis=1, keepdims=True))
        return -xp.sum(p * log_y_hat, axis=1)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return _ratio(-p, self.y_hat(a))

    def dy_hat_da(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        y_hat = self.y_hat(a)
        one = xp.eye(a.shape[1], dtype=a.dtype)  # 1[l=i]
        return y_hat[:, :, None] * (one[None, :, :] - y_hat[:, None, :])

    def delta(self, a: Array, p: Array) -> Array:
        return self.y_hat(a) - p

    def targets(self, y: Array, n: int) -> Array:
        xp = y.__array_namespace__()
        if y.ndim == 1:
            if xp.isdtype(y.dtype, "real floating"):
                _refuse(~xp.isfinite(y), y, "is not a class number; remove such rows first")
            is_class = (y >= 0) & (y < n) & (y == xp.astype(xp.astype(y, xp.int64), y.dtype))
            _refuse(~is_class, y, f"is no class number; {n} outputs know the classes 0 to {n - 1}")
            return xp.astype(y[:, None] == xp.arange(n, dtype=y.dtype)[None, :], xp.float64)
        p = super().targets(y, n)
        _refuse(p < 0, p, "is negative; probabilities lie between 0 and 1")
        total = xp.sum(xp.astype(p, xp.float64), axis=1)
        _refuse(xp.abs(total - 1.0) > 1e-5, total, "is the sum of its probabilities, which must be 1")
        return p


class SigmoidOutput(Output):
    """y_hat_i = 1 / (1 + exp(-a_i)) with L = -sum_i [p_i log y_hat_i + (1 - p_i) log(1 - y_hat_i)].

    dL/dy_hat_i = -p_i / y_hat_i + (1 - p_i) / (1 - y_hat_i);  dy_hat_i/da_i = y_hat_i (1 - y_hat_i);
    delta = y_hat - p. Labels are independent; their losses add up to a negative log likelihood.
    """

    name = "sigmoid"
    loss_name = "binary cross entropy"
    formulas = ("-p_i / y_hat_i + (1 - p_i) / (1 - y_hat_i)", "diag(y_hat_i (1 - y_hat_i))", "y_hat - p")

    def y_hat(self, a: Array) -> Array:
        return SIGMOID.f(a)

    def loss(self, a: Array, p: Array) -> Array:
        xp = a.__array_namespace__()
        per_label = at_least(a, 0.0) - p * a + xp.log1p(xp.exp(-absolute(a)))
        return xp.sum(per_label, axis=1)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return _ratio(-p, SIGMOID.f(a)) + _ratio(1.0 - p, SIGMOID.f(-a))

    def dy_hat_da(self, a: Array) -> Array:
        return _diagonal(SIGMOID.df(a))

    def delta(self, a: Array, p: Array) -> Array:
        return SIGMOID.f(a) - p

    def targets(self, y: Array, n: int) -> Array:
        p = super().targets(y, n)
        _refuse((p < 0) | (p > 1), p, "is no probability; labels lie between 0 and 1")
        return p


class Poisson(Output):
    """y_hat_i = exp(a_i) with L = sum_i [y_hat_i - y_i + y_i log(y_i / y_hat_i)].

    L is half the Poisson deviance: the negative log likelihood less that of a perfect prediction.
    dL/dy_hat_i = 1 - y_i / y_hat_i;  dy_hat_i/da_i = y_hat_i;  delta = y_hat - y.
    """

    name = "poisson"
    loss_name = "half Poisson deviance"
    formulas = ("1 - y_i / y_hat_i", "diag(y_hat_i)", "y_hat - y")

    def y_hat(self, a: Array) -> Array:
        return a.__array_namespace__().exp(a)

    def loss(self, a: Array, p: Array) -> Array:
        xp = a.__array_namespace__()
        log_y = xp.log(xp.where(p > 0, p, 1.0))  # 0 log 0 = 0
        return xp.sum(xp.exp(a) - p + p * (log_y - a), axis=1)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return 1.0 - _ratio(p, self.y_hat(a))

    def dy_hat_da(self, a: Array) -> Array:
        return _diagonal(self.y_hat(a))

    def delta(self, a: Array, p: Array) -> Array:
        return self.y_hat(a) - p

    def targets(self, y: Array, n: int) -> Array:
        p = super().targets(y, n)
        _refuse(p < 0, p, "is negative; a Poisson target counts something, so it is 0 or more")
        return p


def _ratio(p: Array, q: Array) -> Array:
    """Return p / q, and 0 where p = 0, whatever q is."""
    xp = q.__array_namespace__()
    return xp.where(p == 0, 0.0, p / xp.where(p == 0, 1.0, q))


def _diagonal(d: Array) -> Array:
    """Return the diagonal matrices diag(d_n), (N, n, n), of the rows of d, (N, n)."""
    xp = d.__array_namespace__()
    return d[:, :, None] * xp.eye(d.shape[1], dtype=d.dtype)[None, :, :]


def _expected_shapes(n: int) -> str:
    return "(N,) or (N, 1)" if n == 1 else f"(N, {n})"


def _refuse(bad: Array, values: Array, why: str) -> None:
    """Raise a DataError that names the first row where `bad` holds, its value and why."""
    xp = bad.__array_namespace__()
    rows = xp.any(bad, axis=1) if bad.ndim == 2 else bad
    if not bool(xp.any(rows)):
        return
    n = int(xp.argmax(xp.astype(rows, xp.int8)))
    value = values[n] if values.ndim == 1 else values[n, int(xp.argmax(xp.astype(bad[n, :], xp.int8)))]
    raise DataError(f"y of example {n + 1:,} (counted from 1) is wrong: {float(value):g} {why}.")


OUTPUTS: dict[str, Output] = {
    o.name: o for o in (Linear(), Gaussian(), Softmax(), SigmoidOutput(), Poisson())
}


def output(name: str) -> Output:
    """Return the output of that name.

    Raises
    ------
    OptionError
        No output has that name; the message lists those that exist.

    >>> output("linear").loss_name
    'mean squared error'
    """
    if name not in OUTPUTS:
        raise unknown("output", name, OUTPUTS)
    return OUTPUTS[name]
