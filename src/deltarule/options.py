"""Settings: one declaration an option, and one check of what comes for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from reprlib import Repr
from typing import Any, Literal, cast

import numpy as np

from deltarule.errors import OptionError

_short = Repr()
_short.maxstring = _short.maxother = 60


@dataclass(frozen=True)
class Option:
    """A setting: its kind, range or choices, default and help; `none` says what None means, if it is allowed.

    Examples
    --------
    >>> epochs = Option("epochs", "whole", low=1, default=100)
    >>> epochs.check(np.int64(8)), epochs.check(2.0)
    (8, 2)
    >>> epochs.check(2.5)
    Traceback (most recent call last):
    deltarule.errors.OptionError: epochs is 2.5; it must be a whole number from 1 on.
    """

    name: str
    kind: Literal["whole", "real", "flag", "choice"]
    low: float = -math.inf
    is_low_open: bool = False
    choices: tuple[str, ...] = ()
    default: Any = None
    help: str = ""
    none: str | None = None

    def check(self, value: Any) -> Any:
        """Return the value as plain Python, or raise an OptionError that says what is allowed."""
        plain = plain_scalar(value)
        if plain is None and self.none is not None:
            return None
        if self.kind == "flag" and isinstance(plain, bool):
            return plain
        if self.kind == "choice" and isinstance(plain, str) and plain in self.choices:
            return plain
        if self.kind in ("whole", "real") and isinstance(plain, (int, float)) and not isinstance(plain, bool):
            is_whole = isinstance(plain, int) or plain.is_integer()
            is_within = plain > self.low if self.is_low_open else plain >= self.low
            if math.isfinite(plain) and is_within and (is_whole or self.kind == "real"):
                return int(plain) if self.kind == "whole" else plain
        near = get_close_matches(plain, self.choices, 1) if isinstance(plain, str) else []
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionError(f"{self.name} is {_short.repr(plain)}; it must be {self.allowed}.{meant}")

    @property
    def allowed(self) -> str:
        """What may come, in words."""
        if self.kind == "choice":
            words = "one of " + ", ".join(map(repr, self.choices))
        elif self.kind == "flag":
            words = "True or False"
        else:
            words = "a whole number" if self.kind == "whole" else "a finite number"
            if self.low > -math.inf:
                words += f" above {self.low:g}" if self.is_low_open else f" from {self.low:g} on"
        return words if self.none is None else f"{words}, or None {self.none}"


def plain_scalar(value: Any) -> Any:
    """Return NumPy's scalars and 0-d arrays as plain Python, anything else as it came."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and cast(Any, value).ndim == 0):
        return cast(Any, value).item()
    return cast(Any, value)


SEED = Option("seed", "whole", low=0, default=0)
LEARNING_RATE = Option("learning_rate", "real", low=0, is_low_open=True, none="for the optimiser's own")
WEIGHT_DECAY = Option("weight_decay", "real", low=0, none="for the optimiser's own")
EPOCHS = Option("epochs", "whole", low=1, default=100)
BATCH_SIZE = Option("batch_size", "whole", low=1, default=32, none="for the full batch")
L1 = Option("l1", "real", low=0, default=0.0)
L2 = Option("l2", "real", low=0, default=0.0)
CLIP_NORM = Option("clip_norm", "real", low=0, is_low_open=True, none="for no clipping")
CLIP_VALUE = Option("clip_value", "real", low=0, is_low_open=True, none="for no clipping")
SHUFFLE = Option("shuffle", "flag", default=True)
N_THREADS = Option("n_threads", "whole", low=1, none="for one each processor")
