"""What every output is: y_hat, a loss, its delta, and the targets that they take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from deltarule.errors import DataError, ShapeError
from deltarule.maths.arrays import Array, real


class Output(ABC):
    """An output function O with the loss that belongs to it."""

    name: ClassVar[str]
    loss_name: ClassVar[str]
    fewest_units: ClassVar[int] = 1
    formulas: ClassVar[tuple[str, str, str]]
    """dL/dy_hat, dy_hat/da and delta as a person reads them."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that the loss depends on, none, one for all units, or several; see `by_unit`."""
        return ()

    def by_unit(self, n: int) -> list[float]:
        """Return the number of each of n units: where there are several, they take turns."""
        return [self.numbers[i % len(self.numbers)] for i in range(n if self.numbers else 0)]

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

    def side(self, a: Array, p: Array) -> Array:
        """Return a number, (N, n_K), that changes where L(a_i) passes a point at which L' or L'' jumps."""
        return a.__array_namespace__().zeros_like(real(a))

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
        refuse(~xp.isfinite(y), y, "is not a finite number; remove or fill such rows first")
        return y

    def __eq__(self, other: object) -> bool:
        """Return whether this is the same function: copies and pickles make new objects."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        """Return the text by which `output` finds it: its name, and its numbers in brackets."""
        return f"{self.name}({','.join(map(str, self.numbers))})" if self.numbers else self.name


def _expected_shapes(n: int) -> str:
    return "(N,) or (N, 1)" if n == 1 else f"(N, {n})"


def refuse(bad: Array, values: Array, why: str) -> None:
    """Raise a DataError that names the first row where `bad` holds, its value and why."""
    xp = bad.__array_namespace__()
    rows = xp.any(bad, axis=1) if bad.ndim == 2 else bad
    if not bool(xp.any(rows)):
        return
    n = int(xp.argmax(xp.astype(rows, xp.int8)))
    value = values[n] if values.ndim == 1 else values[n, int(xp.argmax(xp.astype(bad[n, :], xp.int8)))]
    raise DataError(f"y of example {n + 1:,} (counted from 1) is wrong: {float(value):g} {why}.")
