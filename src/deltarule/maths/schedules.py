"""Learning-rate schedules: the factor on the base rate, as a function of time in epochs.

A schedule is called with `epoch`, the epochs passed so far (a fraction inside an epoch), and `epochs`, the
number planned; the rate of an update is alpha_t = alpha schedule(epoch, epochs).

>>> Cosine()(5, 10)
0.5
>>> WarmUp(Constant(), length=2)(1, 10)
0.5
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

from deltarule.errors import OptionError
from deltarule.options import Option, check_fields, declared, named


class Schedule(Protocol):
    """Anything that gives the factor on the learning rate at a time."""

    def __call__(self, epoch: float, epochs: float) -> float: ...


FIELDS = declared(
    Option("every", "real", low=0, is_low_open=True, help="Epochs between two steps."),
    Option("factor", "real", low=0, help="Of a step."),
    Option("decay", "real", low=0, help="How fast the rate falls."),
    Option(
        "rise", "real", low=0, high=1, is_high_open=True, help="Share of the epochs in which the rate rises."
    ),
    Option("first", "real", low=0, help="Where it starts."),
    Option("last", "real", low=0, help="Where it ends."),
    Option("length", "real", low=0, help="Epochs of the warm-up."),
    Option("start", "real", low=0, high=1, is_high_open=True, help="Share of the epochs at which it begins."),
    Option("end", "real", low=0, high=1, is_low_open=True, help="Share of the epochs at which it ends."),
)
"""The settings of schedules."""


class _Checked:
    """A schedule whose fields are checked by their declarations."""

    def __post_init__(self) -> None:
        check_fields(self, FIELDS)


@dataclass(frozen=True)
class Constant:
    """1."""

    def __call__(self, epoch: float, epochs: float) -> float:
        return 1.0


@dataclass(frozen=True)
class Step(_Checked):
    """factor^floor(epoch / every)."""

    every: float = 30.0
    factor: float = 0.1

    def __call__(self, epoch: float, epochs: float) -> float:
        return self.factor ** math.floor(epoch / self.every)


@dataclass(frozen=True)
class Exponential(_Checked):
    """decay^epoch."""

    decay: float = 0.97

    def __call__(self, epoch: float, epochs: float) -> float:
        return self.decay**epoch


@dataclass(frozen=True)
class InverseTime(_Checked):
    """1 / (1 + decay epoch)."""

    decay: float = 0.1

    def __call__(self, epoch: float, epochs: float) -> float:
        return 1.0 / (1.0 + self.decay * epoch)


@dataclass(frozen=True)
class Cosine(_Checked):
    """last + (1 - last) (1 + cos(pi epoch / epochs)) / 2 (Loshchilov & Hutter 2017, without restarts)."""

    last: float = 0.0

    def __call__(self, epoch: float, epochs: float) -> float:
        return _cosine(1.0, self.last, epoch / epochs)


@dataclass(frozen=True)
class OneCycle(_Checked):
    """Up from `first` to 1 in the share `rise` of the epochs, then down to `last`, both by half cosines.

    Smith & Topin (2018).
    """

    rise: float = 0.3
    first: float = 0.04
    last: float = 1e-4

    def __call__(self, epoch: float, epochs: float) -> float:
        s = epoch / epochs
        if s < self.rise:
            return _cosine(self.first, 1.0, s / self.rise)
        return _cosine(1.0, self.last, (s - self.rise) / (1.0 - self.rise))


@dataclass(frozen=True)
class WarmUp(_Checked):
    """Rise linearly from 0 to another schedule over the first `length` epochs."""

    after: Schedule = field(default_factory=Constant)
    length: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "after", schedule(self.after))

    def __call__(self, epoch: float, epochs: float) -> float:
        rise = min(1.0, epoch / self.length) if self.length > 0 else 1.0
        return rise * self.after(epoch, epochs)


@dataclass(frozen=True)
class Part(_Checked):
    """The course of another schedule from the share `start` of its epochs to the share `end`.

    >>> Part(Cosine(), 0.5, 1.0)(0, 10) == Cosine()(10, 20)
    True
    """

    whole: Schedule = field(default_factory=Constant)
    start: float = 0.0
    end: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "whole", schedule(self.whole))
        if not self.start < self.end:
            raise OptionError(f"start is {self.start:g}; it must be less than end, {self.end:g}.")

    def __call__(self, epoch: float, epochs: float) -> float:
        planned = epochs / (self.end - self.start)
        return self.whole(self.start * planned + epoch, planned)


def _cosine(start: float, end: float, s: float) -> float:
    """Return the half cosine from start (s = 0) to end (s = 1)."""
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(max(s, 0.0), 1.0)))


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "inverse_time": InverseTime,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}


def schedule(which: str | Schedule) -> Schedule:
    """Return the schedule of that name with its default settings; a schedule comes back as it is.

    Raises
    ------
    OptionError
        No schedule has that name, and the message lists those that exist; or it cannot be called.

    >>> schedule("cosine")
    Cosine(last=0.0)
    """
    if callable(which) and not isinstance(which, type):
        return which
    return named("schedule", which, SCHEDULES, also=" or an object of deltarule.maths.schedules")()
