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

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deltarule.errors import OptionError
from deltarule.maths.activations import SIGMOID
from deltarule.maths.arrays import Array, absolute, at_least, real
from deltarule.maths.output import Output, refuse
from deltarule.options import Option, check_fields, named, plain_scalar

FIELDS = {
    "q": Option("the quantile of the output", "real", low=0, high=1, is_low_open=True, is_high_open=True),
    "d": Option("the d of the huber output", "real", low=0, is_low_open=True),
}
"""The numbers of outputs."""


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


class _LinearOnEitherSide(Linear):
    """y_hat = a with a loss of one slope where y_hat > y, another where y_hat < y, and 0 where they are equal.

    Such a loss is L = sum_i (y_hat_i - y_i) dL/dy_hat_i; written so, it has the slope 0 at y_hat = y for the complex
    step too, where a modulus would have that of one side.
    """

    def loss(self, a: Array, p: Array) -> Array:
        return a.__array_namespace__().sum((a - p) * self.dL_dy_hat(a, p), axis=1)

    def side(self, a: Array, p: Array) -> Array:
        return real(_sign(a - p))


class AbsoluteError(_LinearOnEitherSide):
    """y_hat = a with L = sum_i |y_hat_i - y_i|, least at the median of y.

    dL/dy_hat_i = sign(y_hat_i - y_i), 0 where they are equal;  dy_hat/da = identity;  delta = sign(y_hat - y).
    """

    name = "absolute_error"
    loss_name = "absolute error"
    formulas = ("sign(y_hat - y)", "I", "sign(y_hat - y)")

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return _sign(a - p)


@dataclass(frozen=True, repr=False)
class Quantile(_LinearOnEitherSide):
    """y_hat = a with the pinball loss L = sum_i max(q (y_i - y_hat_i), (q - 1) (y_i - y_hat_i)), 0 < q < 1.

    It is least at the q-quantile of y: the share q of all y lies below it (Koenker & Bassett 1978).
    dL/dy_hat_i = 1 - q where y_hat_i > y_i, -q where y_hat_i < y_i, 0 where they are equal;
    dy_hat/da = identity;  delta = dL/dy_hat.

    Several q are quantiles of the same target: of the units, which are a multiple of them, the first has the first q
    for the first target, and so on; then come those of the second target.

    >>> import numpy as np
    >>> Quantile(0.9).loss(np.array([[3.0, 2.0]]), np.array([[5.0, 1.0]])).round(3)  # 0.9 * 2 + 0.1 * 1
    array([1.9])
    >>> both = Quantile((0.1, 0.9))
    >>> both.targets(np.array([5.0]), 2), both.delta(np.array([[3.0, 7.0]]), np.array([[5.0, 5.0]])).round(3)
    (array([[5., 5.]]), array([[-0.1,  0.1]]))
    """

    q: float | Sequence[float] = 0.5

    name = "quantile"
    loss_name = "quantile loss"
    formulas = (
        "(1 - q) 1[y_hat > y] - q 1[y_hat < y]",
        "I",
        "(1 - q) 1[y_hat > y] - q 1[y_hat < y]",
    )

    def __post_init__(self) -> None:
        several = self.q if isinstance(self.q, (list, tuple)) and self.q else [self.q]
        q: list[float] = [FIELDS["q"].check(each) for each in several]
        object.__setattr__(self, "q", tuple(q) if len(q) > 1 else q[0])

    @property
    def numbers(self) -> tuple[float, ...]:
        return tuple(self.q) if isinstance(self.q, Sequence) else (self.q,)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        xp, sign, q = a.__array_namespace__(), _sign(a - p), self.by_unit(a.shape[1])
        above, below = (xp.asarray(slopes, dtype=a.dtype) for slopes in ([1.0 - each for each in q], q))
        return xp.where(real(sign) > 0, above * sign, below * sign)

    def targets(self, y: Array, n: int) -> Array:
        xp, Q = y.__array_namespace__(), len(self.numbers)
        if y.ndim == 1 and n == Q:
            y = xp.reshape(y, (-1, 1))
        if y.ndim == 2 and y.shape[1] * Q == n:
            y = xp.reshape(xp.broadcast_to(y[:, :, None], (*y.shape, Q)), (-1, n))
        return super().targets(y, n)


@dataclass(frozen=True, repr=False)
class Huber(Linear):
    """y_hat = a with L = sum_i e_i^2 / 2 where |e_i| <= d, else d (|e_i| - d/2), with e = y_hat - y and d > 0.

    With r = clip(e, -d, d) that is L = sum_i r_i (e_i - r_i / 2) (Huber 1964).
    dL/dy_hat_i = clip(y_hat_i - y_i, -d, d);  dy_hat/da = identity;  delta = clip(y_hat - y, -d, d).

    >>> import numpy as np
    >>> Huber(1.0).loss(np.array([[1.5, 4.0]]), np.array([[1.0, 1.0]]))  # 0.5^2 / 2 + 1 (3 - 1/2)
    array([2.625])
    """

    d: float = 1.0

    name = "huber"
    loss_name = "Huber loss"
    formulas = ("clip(y_hat - y, -d, d)", "I", "clip(y_hat - y, -d, d)")

    def __post_init__(self) -> None:
        check_fields(self, FIELDS)

    @property
    def numbers(self) -> tuple[float, ...]:
        return (self.d,)

    def loss(self, a: Array, p: Array) -> Array:
        r = self.dL_dy_hat(a, p)
        return a.__array_namespace__().sum(r * ((a - p) - 0.5 * r), axis=1)  # nothing here is squared

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        xp, e = a.__array_namespace__(), a - p
        return xp.where(real(e) > self.d, self.d, xp.where(real(e) < -self.d, -self.d, e))

    def side(self, a: Array, p: Array) -> Array:
        e = real(a - p)
        xp = e.__array_namespace__()
        return xp.astype(e > self.d, e.dtype) - xp.astype(e < -self.d, e.dtype)


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
                refuse(~xp.isfinite(y), y, "is not a class number; remove such rows first")
            is_class = (y >= 0) & (y < n) & (y == xp.astype(xp.astype(y, xp.int64), y.dtype))
            refuse(~is_class, y, f"is no class number; {n} outputs know the classes 0 to {n - 1}")
            return xp.astype(y[:, None] == xp.arange(n, dtype=y.dtype)[None, :], xp.float64)
        p = super().targets(y, n)
        refuse(p < 0, p, "is negative; probabilities lie between 0 and 1")
        total = xp.sum(xp.astype(p, xp.float64), axis=1)
        refuse(xp.abs(total - 1.0) > 1e-5, total, "is the sum of its probabilities, which must be 1")
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
        refuse((p < 0) | (p > 1), p, "is no probability; labels lie between 0 and 1")
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
        refuse(p < 0, p, "is negative; a Poisson target counts something, so it is 0 or more")
        return p


def _sign(e: Array) -> Array:
    """Return 1 where Re e > 0, -1 where Re e < 0, 0 where it is 0, in e's dtype; a NaN stays."""
    xp = e.__array_namespace__()
    return xp.astype(xp.sign(real(e)), e.dtype, copy=False)


def _ratio(p: Array, q: Array) -> Array:
    """Return p / q, and 0 where p = 0, whatever q is."""
    xp = q.__array_namespace__()
    return xp.where(p == 0, 0.0, p / xp.where(p == 0, 1.0, q))


def _diagonal(d: Array) -> Array:
    """Return the diagonal matrices diag(d_n), (N, n, n), of the rows of d, (N, n)."""
    xp = d.__array_namespace__()
    return d[:, :, None] * xp.eye(d.shape[1], dtype=d.dtype)[None, :, :]


OUTPUTS: dict[str, Output] = {
    o.name: o
    for o in (
        Linear(),
        Gaussian(),
        Softmax(),
        SigmoidOutput(),
        Poisson(),
        AbsoluteError(),
        Huber(),
        Quantile(),
    )
}
WITH_NUMBERS: dict[str, Callable[..., Output]] = {"huber": Huber, "quantile": lambda *q: Quantile(q)}
"""Those of OUTPUTS whose name may be followed by a number in brackets, or by several."""
_BRACKETS = re.compile(r"(\w+)\((.*)\)")


def output(name: str) -> Output:
    """Return the output of that name, which may carry numbers in brackets: "huber(1.35)", "quantile(0.1, 0.9)".

    Without, d is 1 and q is 0.5. The text of an output, `str(output)`, is a name that gives it again.

    Raises
    ------
    OptionError
        No output has that name, and the message lists those that exist; or the number is outside its range.

    >>> output("linear").loss_name
    'mean squared error'
    >>> output("quantile(0.9)"), output("huber")
    (quantile(0.9), huber(1.0))
    """
    given = plain_scalar(name)
    brackets = _BRACKETS.fullmatch(given) if isinstance(given, str) else None
    kind, listed = brackets.groups() if brackets else (given, None)
    plain = named("output", kind, OUTPUTS)
    if listed is None:
        return plain
    if kind not in WITH_NUMBERS:
        raise OptionError(f"the {kind} output takes no number, and got {name!r}; write {kind!r}.")
    texts = listed.split(",")
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        raise OptionError(
            f"{listed!r} is no number in the output {name!r}; write for example {str(OUTPUTS[kind])!r}."
        ) from None
    if len(numbers) > 1 and kind == "huber":
        raise OptionError(
            f"the huber output takes one number, and got {name!r}; write for example 'huber(1.35)'."
        )
    return WITH_NUMBERS[kind](*numbers)
