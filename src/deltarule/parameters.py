"""Where each parameter lies in the flat theta, what it is called, and which ones learn.

theta = [W_1, b_1, ..., W_K, b_K], every W_k row by row, and then s where inputs have scales. People count from 1:
"w[k,i,j]" is the weight in layer k to unit i from unit j, "b[k,i]" the bias of unit i, "s[j]" the scale of input j;
"W[k]", "b[k]" and "s" are whole arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError, ShapeError
from deltarule.maths.arrays import Array
from deltarule.options import Option, is_several, plain_scalar, shown
from deltarule.spelling import plural

Only: TypeAlias = str | Iterable[str] | NDArray[np.bool_] | None
"""None for all; names of arrays and of single parameters; or a boolean mask over theta."""

Rates: TypeAlias = Mapping[str, float] | None
"""Factors on the learning rate by the names of arrays and of single parameters."""
RATE_OF_SCALES = 6.0
"""The factor of s where none is given: of 1, scales that lie about 1 would hardly move while the weights are learnt."""

WHAT_LEARNS = 'names such as ["W[1]", "b[2]", "w[1,1,1]"], or an array of one bool for each parameter'
_NAME = re.compile(r"\s*([Wwbs])\s*\[\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?(?:,\s*(-?\d+)\s*)?\]\s*")


@dataclass(frozen=True)
class Parameter:
    """One weight w[k,i,j], one bias b[k,i] (j is None), or the scale s[i] of input i (k is 0), counted from 1."""

    k: int
    i: int
    j: int | None = None

    def __str__(self) -> str:
        if self.k == 0:
            return f"s[{self.i}]"
        return f"b[{self.k},{self.i}]" if self.j is None else f"w[{self.k},{self.i},{self.j}]"


@dataclass(frozen=True)
class Selection:
    """The parameters that learn.

    index
        Where they lie in theta, ascending: an index array, or a slice over everything.
    W, b
        The layers whose W, whose b, have a parameter that learns.
    units, inputs
        By layer, the units i and the inputs j that something learns of, from 0, where that is not all of them; of
        layer 0, the units are the inputs whose scales learn.
    s
        Whether scales learn.
    """

    index: NDArray[np.intp] | slice
    W: frozenset[int]
    b: frozenset[int]
    units: Mapping[int, NDArray[np.intp]]
    inputs: Mapping[int, NDArray[np.intp]]
    s: bool = False

    @property
    def is_all(self) -> bool:
        return isinstance(self.index, slice)


class Layout:
    """The sizes n_0..n_K of a network and where its W_k and b_k, and s where its inputs have scales, lie in theta.

    >>> layout = Layout([3, 4, 4, 2])
    >>> layout.size, layout.name(0), layout.name(12), layout.find("w[3,2,1]")
    (46, 'w[1,1,1]', 'b[1,1]', 40)
    >>> Layout([3, 4, 4, 2], has_scale=True).name(46)
    's[1]'
    """

    def __init__(self, sizes: Sequence[int], *, has_scale: bool = False) -> None:
        self.sizes = tuple(sizes)
        self.K = len(self.sizes) - 1
        self.W: list[slice] = [slice(0, 0)]
        self.b: list[slice] = [slice(0, 0)]
        at = 0
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            self.W.append(slice(at, at + n_out * n_in))
            self.b.append(slice(at + n_out * n_in, at + n_out * n_in + n_out))
            at += n_out * (n_in + 1)
        self.has_scale = has_scale
        self.s = slice(at, at + self.sizes[0] * has_scale)
        self.size = self.s.stop

    def split(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """Return the lists W and b of theta, index 0 None; views where the library's reshape gives views."""
        xp = theta.__array_namespace__()
        W: list[Array] = [None]
        b: list[Array] = [None]
        for k in range(1, self.K + 1):
            W.append(xp.reshape(theta[self.W[k]], (self.sizes[k], self.sizes[k - 1])))
            b.append(theta[self.b[k]])
        return W, b

    def scale_of(self, theta: Array) -> Array:
        """Return s of theta, (n_0,), a view as `split` gives; None where inputs have no scales."""
        return theta[self.s] if self.has_scale else None

    def join(
        self, W: Sequence[Array], b: Sequence[Array], s: Array = None, *, like: NDArray[Any]
    ) -> NDArray[Any]:
        """Return theta from the lists W and b, and s, with 0 where an array is None; dtype as `like`."""
        theta = np.zeros(self.size, like.dtype)
        for k in range(1, self.K + 1):
            if W[k] is not None:
                theta[self.W[k]] = W[k].reshape(-1)
            if b[k] is not None:
                theta[self.b[k]] = b[k]
        if s is not None:
            theta[self.s] = s
        return theta

    def is_weight(self) -> NDArray[np.bool_]:
        """Return the mask over theta that is True on weights and False on biases and scales."""
        mask = np.ones(self.size, bool)
        for span in (*self.b, self.s):
            mask[span] = False
        return mask

    def parameter(self, n: int) -> Parameter:
        """Return the parameter at place n of theta."""
        for k in range(1, self.K + 1):
            if n < self.W[k].stop:
                i, j = divmod(n - self.W[k].start, self.sizes[k - 1])
                return Parameter(k, i + 1, j + 1)
            if n < self.b[k].stop:
                return Parameter(k, n - self.b[k].start + 1)
        if n < self.s.stop:
            return Parameter(0, n - self.s.start + 1)
        raise OptionError(f"theta has {plural(self.size, 'entry', 'entries')}; there is no entry {n:,}.")

    def name(self, n: int) -> str:
        """Return the name of the parameter at place n of theta, for example "w[1,1,1]"."""
        return str(self.parameter(n))

    def find(self, name: str) -> int:
        """Return the place in theta of a single parameter by its name.

        Raises
        ------
        OptionError
            The name is not of the form "w[k,i,j]", "b[k,i]" or "s[j]", or an index lies outside the network.
        """
        _, k, i, j = self._parse(name)
        if i is None:
            one = ', "b[k,i]" or "s[j]"' if self.has_scale else ' or "b[k,i]"'
            raise OptionError(f'{name!r} is a whole array; one parameter is "w[k,i,j]"{one}.')
        if k == 0:
            return self.s.start + i - 1
        if j is None:
            return self.b[k].start + i - 1
        return self.W[k].start + (i - 1) * self.sizes[k - 1] + j - 1

    def select(self, only: Only = None) -> Selection:
        """Return the parameters that `only` names.

        Raises
        ------
        OptionError
            A name is malformed or outside the network, or nothing is named.
        ShapeError
            A mask does not have one entry for every parameter.
        """
        everything = frozenset(range(1, self.K + 1))
        if only is None:
            return Selection(slice(None), everything, everything, {}, {}, self.has_scale)
        mask = self._mask(only)
        if not mask.any():
            raise OptionError(f"only names no parameter; it must be {WHAT_LEARNS}.")
        of_W, of_b = self.split(mask)
        units = {0: mask[self.s], **{k: of_W[k].any(axis=1) | of_b[k] for k in everything}}
        inputs = {k: of_W[k].any(axis=0) for k in everything}
        return Selection(
            slice(None) if mask.all() else np.flatnonzero(mask),
            frozenset(k for k in everything if of_W[k].any()),
            frozenset(k for k in everything if of_b[k].any()),
            {k: np.flatnonzero(some) for k, some in units.items() if some.any() and not some.all()},
            {k: np.flatnonzero(some) for k, some in inputs.items() if some.any() and not some.all()},
            bool(units[0].any()),
        )

    def rates(self, rates: Rates = None) -> dict[str, float]:
        """Return factors on the learning rate by name, with that of s where inputs have scales; all others are 1.

        Raises
        ------
        OptionError
            A name is not one of this network, or a factor is not above 0.

        >>> Layout([3, 4, 2], has_scale=True).rates({"W[1]": 0.5})
        {'s': 6.0, 'W[1]': 0.5}
        """
        found = {"s": RATE_OF_SCALES} if self.has_scale else {}
        if rates is None:
            return found
        if not isinstance(cast(object, rates), Mapping):
            raise OptionError(
                f'rates is {shown(rates)}; it must be a dict such as {{"s": 6.0, "W[1]": 0.5}}.'
            )
        for name, factor in rates.items():
            letter, k, i, _ = self._parse(name)
            whole = letter if letter == "s" else f"{letter}[{k}]"
            called = self.name(self.find(name)) if i is not None else whole
            found[called] = Option(f'rates["{called}"]', "real", low=0, is_low_open=True).check(factor)
        return found

    def factors(self, rates: Mapping[str, float]) -> NDArray[np.float64] | None:
        """Return `rates` as a vector like theta, (P,), single parameters before arrays; None where all are 1."""
        factors = np.ones(self.size)
        for name in sorted(rates, key=lambda name: self._parse(name)[2] is not None):
            factors[self._mask(name)] = rates[name]
        return None if (factors == 1.0).all() else factors

    def spread(
        self, dW: Sequence[Array], db: Sequence[Array], ds: Array, selection: Selection
    ) -> tuple[list[Array], list[Array], Array]:
        """Return the gradients of what learns as whole arrays, 0 at what does not; None stays None.

        dW[k] and db[k] hold the rows and columns that `selection` has of layer k, ds the inputs.
        """
        W, b, s = list(dW), list(db), ds
        if selection.is_all:
            return W, b, s
        learns = np.zeros(self.size, bool)
        learns[selection.index] = True
        of_W, of_b = self.split(learns)
        for k in range(1, self.K + 1):
            units = selection.units.get(k, np.arange(self.sizes[k]))
            inputs = selection.inputs.get(k, np.arange(self.sizes[k - 1]))
            if dW[k] is not None:
                W[k] = np.zeros(of_W[k].shape, dW[k].dtype)
                W[k][np.ix_(units, inputs)] = dW[k]
                W[k][~of_W[k]] = 0
            if db[k] is not None:
                b[k] = np.zeros(of_b[k].shape, db[k].dtype)
                b[k][units] = db[k]
                b[k][~of_b[k]] = 0
        if ds is not None:
            s = np.zeros(self.sizes[0], ds.dtype)
            s[selection.units.get(0, slice(None))] = ds
        return W, b, s

    def _mask(self, only: str | Iterable[str] | NDArray[np.bool_]) -> NDArray[np.bool_]:
        only = plain_scalar(only)
        if isinstance(only, np.ndarray):
            only = cast(NDArray[np.bool_], only)
            if only.dtype != bool or only.shape != (self.size,):
                raise ShapeError(
                    f"the mask `only` has shape {only.shape} and dtype {only.dtype}; "
                    f"expected one bool for each of the {plural(self.size, 'parameter')}, shape ({self.size},)."
                )
            return only
        mask = np.zeros(self.size, bool)
        if not isinstance(only, str) and not is_several(only):
            raise OptionError(f"only is {shown(only)}; it must be {WHAT_LEARNS}.")
        for name in [only] if isinstance(only, str) else only:
            if not isinstance(cast(object, name), str):
                raise OptionError(f"only has {shown(name)} in it; it must be {WHAT_LEARNS}.")
            letter, k, i, _ = self._parse(name)
            if i is not None:
                mask[self.find(name)] = True
            else:
                mask[self.s if letter == "s" else self.b[k] if letter == "b" else self.W[k]] = True
        return mask

    def _parse(self, name: str) -> tuple[str, int, int | None, int | None]:
        if isinstance(cast(object, name), str) and name.strip() == "s":
            self._has_scales(name)
            return "s", 0, None, None
        match = _NAME.fullmatch(name) if isinstance(cast(object, name), str) else None
        if not match:
            raise OptionError(
                f"{name!r} is not the name of a parameter; expected a form such as "
                f'"w[1,2,3]" (layer, to unit, from unit), "b[1,2]", "W[1]" or "b[1]".'
            )
        letter = match[1]
        indices = [int(index) for index in match.groups()[1:] if index]
        if letter == "s":
            self._has_scales(name)
        if len(indices) not in {"w": (1, 3), "W": (1,), "b": (1, 2), "s": (1,)}[letter]:
            scale, s = (', one scale "s[j]"', ' and "s"') if self.has_scale else ("", "")
            raise OptionError(
                f"{name!r} has the wrong number of indices; one weight is "
                f'"w[k,i,j]", one bias "b[k,i]"{scale}, whole arrays are "W[k]" and "b[k]"{s}.'
            )
        if letter == "s":
            self._within(name, f"input {indices[0]}", indices[0], self.sizes[0])
            return letter, 0, indices[0], None
        k = indices[0]
        i = indices[1] if len(indices) > 1 else None
        j = indices[2] if len(indices) > 2 else None
        self._within(name, f"layer {k}", k, self.K)
        if i is not None:
            self._within(name, f"unit {i} in layer {k}", i, self.sizes[k])
        if j is not None:
            self._within(name, f"input {j} to layer {k}", j, self.sizes[k - 1])
        return letter, k, i, j

    def _has_scales(self, name: str) -> None:
        if not self.has_scale:
            raise OptionError(
                f"{name!r}: the inputs of this network have no scales; Network(..., scale=True) gives them some."
            )

    @staticmethod
    def _within(name: str, what: str, n: int, most: int) -> None:
        if not 1 <= n <= most:
            raise OptionError(
                f"{name!r}: there is no {what}; layers, units and inputs count from 1, here to {most}."
            )
