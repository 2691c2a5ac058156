"""Activations h = g(a), each beside its derivative g'(a).

Everything is elementwise: `a` of any shape and real dtype comes back in the same shape and dtype.
Derivatives are written so that they keep their relative accuracy where a unit is saturated:
1 - tanh^2(20) is 0 in float64, the true value is 1.7e-17.

>>> import numpy as np
>>> g = activation("tanh")
>>> g.f(np.array([0.0, 1.0])).round(4)
array([0.    , 0.7616])
>>> g.df(np.array([0.0, 1.0])).round(4)
array([1.  , 0.42])
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from deltarule.maths.arrays import Array, absolute, at_least, at_most, real
from deltarule.options import named


class Activation(ABC):
    """g and g' of one activation; `initial` is the distribution of starting weights that suits it."""

    name: ClassVar[str]
    has_kink: ClassVar[bool] = False
    """Whether g' jumps at a = 0."""
    initial: ClassVar[Literal["glorot", "he", "lecun"]] = "glorot"
    derivative: ClassVar[str]
    """g'(a) as a person reads it, with h = g(a) and sigma the sigmoid."""

    @abstractmethod
    def f(self, a: Array) -> Array:
        """Return g(a)."""

    @abstractmethod
    def df(self, a: Array) -> Array:
        """Return g'(a)."""

    def __eq__(self, other: object) -> bool:
        """Return whether this is the same function: copies and pickles make new objects."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return self.name


class Identity(Activation):
    """g(a) = a;  g'(a) = 1."""

    name = "identity"
    derivative = "1"

    def f(self, a: Array) -> Array:
        return a

    def df(self, a: Array) -> Array:
        return a.__array_namespace__().ones_like(a)


class Sigmoid(Activation):
    """g(a) = 1 / (1 + exp(-a));  g'(a) = g(a) g(-a) = g(a) (1 - g(a))."""

    name = "sigmoid"
    derivative = "h (1 - h)"

    def f(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        e = xp.exp(-absolute(a))  # never overflows
        return xp.where(real(a) < 0, e, 1.0) / (1.0 + e)

    def df(self, a: Array) -> Array:
        return self.f(a) * self.f(-a)


class Tanh(Activation):
    """g(a) = tanh a;  g'(a) = 1 - tanh^2 a = 4 e / (1 + e)^2 with e = exp(-2 |a|)."""

    name = "tanh"
    derivative = "1 - h^2"

    def f(self, a: Array) -> Array:
        return a.__array_namespace__().tanh(a)

    def df(self, a: Array) -> Array:
        e = a.__array_namespace__().exp(-2.0 * at_most(absolute(a), 1e4))
        return 4.0 * e / (1.0 + e) ** 2


class ReLU(Activation):
    """g(a) = max(a, 0);  g'(a) = 1 where a > 0, else 0 (Nair & Hinton 2010)."""

    name = "relu"
    derivative = "1[a > 0]"
    has_kink = True
    initial = "he"

    def f(self, a: Array) -> Array:
        return at_least(a, 0.0)

    def df(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return xp.astype(real(a) > 0, a.dtype)


class LeakyReLU(Activation):
    """g(a) = a where a > 0, else 0.01 a;  g'(a) = 1 or 0.01 (Maas, Hannun & Ng 2013)."""

    name = "leaky_relu"
    derivative = "1[a > 0] + 0.01 1[a <= 0]"
    has_kink = True
    initial = "he"
    slope = 0.01

    def f(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return xp.where(real(a) > 0, a, self.slope * a)

    def df(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return xp.where(real(a) > 0, xp.ones_like(a), self.slope)


class ELU(Activation):
    """g(a) = a where a > 0, else exp(a) - 1;  g'(a) = 1 or exp(a) (Clevert et al. 2016)."""

    name = "elu"
    derivative = "1[a > 0] + exp(a) 1[a <= 0]"
    initial = "he"

    def f(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return xp.where(real(a) > 0, a, xp.expm1(at_most(a, 0.0)))

    def df(self, a: Array) -> Array:
        return a.__array_namespace__().exp(at_most(a, 0.0))


class SELU(Activation):
    """g(a) = s a where a > 0, else s alpha (exp(a) - 1);  g'(a) = s or s alpha exp(a).

    s and alpha make mean 0 and variance 1 a fixed point (Klambauer et al. 2017, equation 14).
    """

    name = "selu"
    derivative = "1.0507 (1[a > 0] + 1.6733 exp(a) 1[a <= 0])"
    has_kink = True
    initial = "lecun"
    alpha = 1.6732632423543772848
    s = 1.0507009873554804934

    def f(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return self.s * xp.where(real(a) > 0, a, self.alpha * xp.expm1(at_most(a, 0.0)))

    def df(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return self.s * xp.where(real(a) > 0, xp.ones_like(a), self.alpha * xp.exp(at_most(a, 0.0)))


class GELU(Activation):
    """g(a) = a s(2u) with u = sqrt(2/pi) (a + 0.044715 a^3) and s the sigmoid.

    g'(a) = s(2u) + a s(2u) s(-2u) 2u', u' = sqrt(2/pi) (1 + 3 * 0.044715 a^2). This is
    a/2 (1 + tanh u), the tanh form of Hendrycks & Gimpel (2016), section 2.
    """

    name = "gelu"
    derivative = "sigma(2u) (1 + 2 a u' sigma(-2u)), u = sqrt(2/pi) (a + 0.044715 a^3)"
    initial = "he"
    scale = math.sqrt(2.0 / math.pi)
    cubic = 0.044715

    @staticmethod
    def _bounded(a: Array) -> Array:
        return at_most(at_least(a, -30.0), 30.0)  # beyond, s is 0 or 1 and a^3 might overflow

    def f(self, a: Array) -> Array:
        t = self._bounded(a)
        return a * SIGMOID.f(2.0 * self.scale * (t + self.cubic * t**3))

    def df(self, a: Array) -> Array:
        t = _double(self._bounded(a))
        two_u = 2.0 * self.scale * (t + self.cubic * t**3)
        two_du = 2.0 * self.scale * (1.0 + 3.0 * self.cubic * t**2)
        slope = SIGMOID.f(two_u) * (1.0 + t * SIGMOID.f(-two_u) * two_du)
        return a.__array_namespace__().astype(slope, a.dtype)


class SiLU(Activation):
    """g(a) = a s(a) with s the sigmoid;  g'(a) = s(a) (1 + a s(-a)) (Elfwing et al. 2018)."""

    name = "silu"
    derivative = "sigma(a) (1 + a sigma(-a))"
    initial = "he"

    def f(self, a: Array) -> Array:
        return a * SIGMOID.f(a)

    def df(self, a: Array) -> Array:
        t = _double(a)
        slope = SIGMOID.f(t) * (1.0 + t * SIGMOID.f(-t))
        return a.__array_namespace__().astype(slope, a.dtype)


class Softplus(Activation):
    """g(a) = log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|));  g'(a) = sigmoid(a)."""

    name = "softplus"
    derivative = "sigma(a)"
    initial = "he"

    def f(self, a: Array) -> Array:
        xp = a.__array_namespace__()
        return at_least(a, 0.0) + xp.log1p(xp.exp(-absolute(a)))

    def df(self, a: Array) -> Array:
        return SIGMOID.f(a)


def _double(a: Array) -> Array:
    """Return float32 as float64: where a slope passes 0, and far below 0, single precision loses its digits."""
    xp = a.__array_namespace__()
    return xp.astype(a, xp.float64) if a.dtype == xp.float32 else a


SIGMOID = Sigmoid()

ACTIVATIONS: dict[str, Activation] = {
    g.name: g
    for g in (
        Identity(),
        SIGMOID,
        Tanh(),
        ReLU(),
        LeakyReLU(),
        ELU(),
        SELU(),
        GELU(),
        SiLU(),
        Softplus(),
    )
}


def activation(name: str) -> Activation:
    """Return the activation of that name.

    Raises
    ------
    OptionError
        No activation has that name; the message lists those that exist.

    >>> activation("relu")
    relu
    """
    return named("activation", name, ACTIVATIONS)
