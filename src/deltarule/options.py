"""Settings: one declaration an option, and one check of what comes for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from reprlib import Repr
from typing import Any, Literal, cast

import numpy as np

from deltarule.errors import OptionError

_short = Repr()
_short.maxstring = _short.maxother = 60


@dataclass(frozen=True)
class Option:
    """A setting: its kind and range; `none` says what None means, if it is allowed.

    Examples
    --------
    >>> epochs = Option("epochs", "whole", low=1)
    >>> epochs.check(np.int64(8)), epochs.check(2.0)
    (8, 2)
    >>> epochs.check(2.5)
    Traceback (most recent call last):
    deltarule.errors.OptionError: epochs is 2.5; it must be a whole number from 1 on.
    """

    name: str
    kind: Literal["whole", "real", "flag"]
    low: float = -math.inf
    is_low_open: bool = False
    none: str | None = None

    def check(self, value: Any) -> Any:
        """Return the value as plain Python, or raise an OptionError that says what is allowed."""
        plain = plain_scalar(value)
        if plain is None and self.none is not None:
            return None
        if self.kind == "flag" and isinstance(plain, bool):
            return plain
        if self.kind != "flag" and isinstance(plain, (int, float)) and not isinstance(plain, bool):
            is_whole = isinstance(plain, int) or plain.is_integer()
            is_within = plain > self.low if self.is_low_open else plain >= self.low
            if _is_finite(plain) and is_within and (is_whole or self.kind == "real"):
                return int(plain) if self.kind == "whole" else plain
        raise OptionError(f"{self.name} is {_short.repr(plain)}; it must be {self.allowed}.")

    @property
    def allowed(self) -> str:
        """What may come, in words."""
        if self.kind == "flag":
            words = "True or False"
        else:
            words = "a whole number" if self.kind == "whole" else "a finite number"
            if self.low > -math.inf:
                words += f" above {self.low:g}" if self.is_low_open else f" from {self.low:g} on"
        return words if self.none is None else f"{words}, or None {self.none}"


def _is_finite(number: int | float) -> bool:
    """Return whether a number is one that float64 holds."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def plain_scalar(value: Any) -> Any:
    """Return NumPy's scalars and 0-d arrays as plain Python, anything else as it came."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and cast(Any, value).ndim == 0):
        return cast(Any, value).item()
    return cast(Any, value)


OPTIONS = {
    each.name: each
    for each in (
        Option("seed", "whole", low=0),
        Option("learning_rate", "real", low=0, is_low_open=True, none="for the optimiser's own"),
        Option("weight_decay", "real", low=0, none="for the optimiser's own"),
        Option("epochs", "whole", low=1),
        Option("batch_size", "whole", low=1, none="for the full batch"),
        Option("l1", "real", low=0),
        Option("l2", "real", low=0),
        Option("clip_norm", "real", low=0, is_low_open=True, none="for no clipping"),
        Option("clip_value", "real", low=0, is_low_open=True, none="for no clipping"),
        Option("shuffle", "flag"),
        Option("n_threads", "whole", low=1, none="for one each processor"),
    )
}


def checked(**settings: Any) -> dict[str, Any]:
    """Return settings by name as plain Python values, each as its declaration allows.

    >>> checked(seed=np.int64(3), l2=0.5)
    {'seed': 3, 'l2': 0.5}
    """
    return {name: OPTIONS[name].check(value) for name, value in settings.items()}
