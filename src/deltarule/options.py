"""Settings: one declaration an option, and one check of what comes for it.

A declaration says what may come (kind, range, choices, one or several), the default, and the help; its `check`
returns plain Python or raises the one sentence. What has a name out of a registry (an activation, an optimiser) goes
by `named`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from functools import wraps
from inspect import signature
from reprlib import Repr
from typing import Any, Literal, ParamSpec, TypeVar, cast

import numpy as np

from deltarule.errors import KeywordError, OptionError, unknown
from deltarule.spelling import closest

T = TypeVar("T")
P = ParamSpec("P")

_short = Repr()
_short.maxstring = _short.maxother = 60


@dataclass(frozen=True)
class Option:
    """A setting: what may come for it, its default and what it is for.

    low, high
        The range of a number, each end part of it or, where open, not.
    choices
        The words that a "choice" may be.
    several
        "list": a list of such values, of which a single one is a list of one; "or one": a list, or a single one.
    fewest
        The least number of values in a list.
    none, also
        In words, what None means, if it is allowed; and what else may come, which whoever uses the option checks.

    Examples
    --------
    >>> epochs = Option("epochs", "whole", low=1)
    >>> epochs.check(np.int64(8)), epochs.check(2.0)
    (8, 2)
    >>> epochs.check(2.5)
    Traceback (most recent call last):
    deltarule.errors.OptionError: epochs is 2.5; it must be a whole number from 1 on.
    >>> Option("hidden", "whole", low=1, several="list").check(64)
    [64]
    """

    name: str
    kind: Literal["whole", "real", "flag", "choice", "column"]
    low: float = -math.inf
    high: float = math.inf
    is_low_open: bool = False
    is_high_open: bool = False
    choices: tuple[str, ...] = ()
    several: Literal["no", "list", "or one"] = "no"
    fewest: int = 0
    none: str | None = None
    also: str | None = None
    default: Any = None
    help: str = ""

    def check(self, value: Any) -> Any:
        """Return the value as plain Python, or raise an OptionError that says what is allowed."""
        plain = plain_scalar(value)
        if self.none is not None and value is None:
            return None
        is_list = self.several == "list" or (self.several == "or one" and is_several(plain))
        values: list[Any] = list(map(plain_scalar, plain)) if is_list and is_several(plain) else [plain]
        if len(values) < self.fewest or not all(map(self._is_allowed, values)):
            raise self.refusal(value)
        if self.kind in ("whole", "real"):
            values = [int(each) if self.kind == "whole" else float(each) for each in values]
        return values if is_list else values[0]

    def refusal(self, value: Any) -> OptionError:
        """Return the error for a value that is not allowed."""
        return OptionError(f"{self.name} is {shown(value)}; it must be {self.allowed}.")

    @property
    def allowed(self) -> str:
        """What may come, in words."""
        many = f"a list of at least {self.fewest} " if self.fewest else "a list of "
        words = f"{many}{self._words(many=True)}" if self.several == "list" else self._words()
        if self.several == "or one":
            words += ", or a list of such"
        if self.also is not None:
            words += f", or {self.also}"
        return words if self.none is None else f"{words}, or None {self.none}"

    def _is_allowed(self, plain: Any) -> bool:
        if self.kind == "flag":
            return isinstance(plain, bool)
        if self.kind == "column":
            return isinstance(plain, str)
        if self.kind == "choice":
            return isinstance(plain, str) and plain in self.choices
        if isinstance(plain, bool) or not isinstance(plain, (int, float)) or not is_finite(plain):
            return False
        is_above = plain > self.low if self.is_low_open else plain >= self.low
        is_below = plain < self.high if self.is_high_open else plain <= self.high
        return is_above and is_below and (self.kind == "real" or isinstance(plain, int) or plain.is_integer())

    def _words(self, many: bool = False) -> str:
        if self.kind == "flag":
            return "True or False"
        if self.kind == "column":
            return "the name of a column"
        if self.kind == "choice":
            return " or ".join(map(repr, self.choices))
        number = (
            "whole number" if self.kind == "whole" else "number" if self.high < math.inf else "finite number"
        )
        words = f"{number}s" if many else f"a {number}"
        if self.low == -math.inf:
            return words
        if self.high == math.inf:
            return f"{words} above {self.low:g}" if self.is_low_open else f"{words} from {self.low:g} on"
        if self.is_low_open and self.is_high_open:
            return f"{words} between {self.low:g} and {self.high:g}, both excluded"
        return f"{words} from {self.low:g} to {'less than ' if self.is_high_open else ''}{self.high:g}"


def is_finite(number: int | float) -> bool:
    """Return whether a number is one that float64 holds."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def plain_scalar(value: Any) -> Any:
    """Return NumPy's scalars and 0-d arrays as plain Python, anything else as it came."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and cast(Any, value).ndim == 0):
        plain = cast(Any, value).item()
        return float(plain) if type(plain) is np.longdouble else plain  # which item() leaves as it is
    return cast(Any, value)


def is_several(value: Any) -> bool:
    """Return whether a value is a list of values in an order, as lists, tuples, arrays and iterators are.

    >>> is_several([3]), is_several(np.ones(2)), is_several("tanh"), is_several({3})
    (True, True, False, False)
    """
    is_scalar = isinstance(value, (str, bytes, Mapping, Set)) or getattr(value, "ndim", 1) == 0
    return isinstance(value, Iterable) and not is_scalar


def shown(value: Any) -> str:
    """Return a value as one short line for a message.

    >>> shown(np.array(2.5)), shown(np.eye(2))
    ('2.5', 'array([[1., 0.], [0., 1.]])')
    """
    try:
        return " ".join(_short.repr(plain_scalar(value)).split())
    except ValueError:  # Python writes no whole numbers of more than some thousand digits
        return f"a very long {type(value).__name__}"


def named(option: str, name: Any, known: Mapping[str, T], also: str = "") -> T:
    """Return what a name stands for, or raise an OptionError that lists the names there are.

    >>> named("rate", "fast", {"slow": 1, "fast": 2})
    2
    >>> named("rate", None, {"slow": 1, "fast": 2}, also=" or a function")
    Traceback (most recent call last):
    deltarule.errors.OptionError: rate is None; it must be one of slow, fast or a function.
    """
    plain = plain_scalar(name)
    if not isinstance(plain, str):
        raise OptionError(f"{option} is {shown(name)}; it must be one of {', '.join(known)}{also}.")
    if plain not in known:
        raise unknown(option, plain, known)
    return known[plain]


def callables(option: str, value: Any) -> list[Callable[..., Any]]:
    """Return none, one or several things that can be called as a list.

    >>> callables("listeners", None), callables("listeners", print)
    ([], [<built-in function print>])
    """
    if value is None:
        return []
    several: list[Any] = list(value) if is_several(value) else [value]
    for n, each in enumerate(several):
        if not callable(each) or isinstance(each, type):
            which = f"{option}[{n}]" if is_several(value) else option
            raise OptionError(
                f"{which} is {shown(each)}, which cannot be called; it must be a function of one event."
            )
    return several


def typed_keywords(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function, its signature as it was, which names the neighbour of a keyword that it does not have.

    >>> @typed_keywords
    ... def train(net, *, learning_rate=0.1): ...
    >>> train(None, lr=0.2)
    Traceback (most recent call last):
    deltarule.errors.KeywordError: train has no argument lr; did you mean learning_rate?
    """
    names = [name for name in signature(function).parameters if name != "self"]
    known = frozenset(names)

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in known:
                near = closest(name, names)
                hint = f"; did you mean {near}?" if near else f"; it has {', '.join(names)}."
                is_class = function.__name__ == "__init__"
                what = type(args[0]).__name__ if is_class else function.__name__
                raise KeywordError(f"{what} has no argument {name}{hint}")
        return function(*args, **kwargs)

    return called


def declared(*options: Option) -> dict[str, Option]:
    """Return options by name."""
    return {option.name: option for option in options}


def check_fields(record: Any, options: Mapping[str, Option]) -> None:
    """Check the fields of a dataclass, frozen or not, that are declared, and make them plain Python."""
    for name in record.__dataclass_fields__:
        if name in options:
            object.__setattr__(record, name, options[name].check(getattr(record, name)))


NETWORK = declared(
    Option(
        "sizes", "whole", low=1, several="list", fewest=2,
        help="n_0, ..., n_K: the number of inputs, the units of every hidden layer, the number of outputs.",
    ),
    Option("seed", "whole", low=0, default=0, help="Starting weights are drawn from this seed; biases start at 0."),
    Option(
        "dtype", "choice", choices=("float32", "float64"), default="float32", help='"float32" or "float64".'
    ),
    Option(
        "scale", "flag", default=False,
        help="Whether every input has a scale that is learnt, h_0 = s * x; all scales start at 1.",
    ),
)  # fmt: skip
"""What makes a Network, beside the names of its functions."""

_PENALTY = "Penalty l1 sum |w| + l2/2 sum w^2 over the weights that learn, not the biases and scales."
_CLIPPING = "Longest gradient (2-norm over what learns); largest entry of it. Values are clipped first."
FEWEST_EPOCHS, FEWEST_UPDATES = 100, 2_000
"""What a training does that is not told for how long: XOR on 2-4-2 units of tanh takes 2,000 updates of adam."""

OPTIONS = declared(
    Option(
        "learning_rate", "real", low=0, is_low_open=True, none="for the optimiser's own",
        help="alpha; None takes the optimiser's own.",
    ),
    Option(
        "epochs", "whole", low=1,
        none=f"for {FEWEST_EPOCHS}, or as many as make {FEWEST_UPDATES:,} updates where that is more",
        help='Passes over the examples; with "lbfgs" the most iterations.',
    ),
    Option(
        "batch_size", "whole", low=1, none="for the full batch", default=32,
        help="Examples an update; None for the full batch, 1 for one example at a time.",
    ),
    Option("l1", "real", low=0, default=0.0, help=_PENALTY),
    Option("l2", "real", low=0, default=0.0, help=_PENALTY),
    Option(
        "weight_decay", "real", low=0, none="for the optimiser's own",
        help="Decoupled: w <- w - alpha weight_decay w besides the step; None takes the optimiser's own.",
    ),
    Option("clip_norm", "real", low=0, is_low_open=True, none="for no clipping", help=_CLIPPING),
    Option("clip_value", "real", low=0, is_low_open=True, none="for no clipping", help=_CLIPPING),
    Option(
        "dropout", "real", low=0, high=1, is_high_open=True, several="or one", default=0.0,
        help="The share of the units of every hidden layer, or of each, that an update leaves out",
    ),
    Option(
        "validation", "real", low=0, high=1, is_low_open=True, is_high_open=True,
        also="(X, y) or (X, y, weights)", none="to hold out none",
        help="A fraction of the examples to hold out",
    ),
    Option(
        "early_stopping", "whole", low=1, also="an EarlyStopping", none="to run all epochs",
        help="Epochs to wait for a better validation loss, or training loss where nothing is held out, before "
        "stopping; the best weights are restored.",
    ),
    Option(
        "shuffle", "flag", default=True, help="Visit the examples in a new order every epoch, from the seed."
    ),
    Option("seed", "whole", low=0, default=0, help="Of the validation part and of the order."),
    Option(
        "n_threads", "whole", low=1, none="for what is faster",
        help="How many threads work; None for one or one each processor, whichever is faster as measured while they "
        "work. The result is the same, to the last bit, for any.",
    ),
    Option(
        "progress", "flag", none="for a bar where that is a terminal",
        help="A bar on standard error: None where that is a terminal, or True or False; False also keeps silent about "
        "compiling the engine, which is done once a machine.",
    ),
)  # fmt: skip
"""What `train` takes, beside names, data and listeners."""

_CONTAINED = "The penalty whose gradient the engine adds, and yours contains, as in `train`."
CHECK = declared(
    replace(OPTIONS["l1"], help=_CONTAINED),
    replace(OPTIONS["l2"], help=_CONTAINED),
    Option(
        "max_parameters", "whole", low=1, default=1000,
        help="The most parameters to check: where there are more, a sample drawn from the seed.",
    ),
    Option(
        "max_examples", "whole", low=1, none="for all", default=1000,
        help="The most examples whose loss is taken: where there are more, a sample drawn from the seed",
    ),
    Option("seed", "whole", low=0, default=0, help="Of the samples."),
)  # fmt: skip
"""What `check` takes."""

INTERVAL = declared(
    Option(
        "level", "real", low=0, high=1, is_low_open=True, is_high_open=True, default=0.9,
        help="The share of new rows whose target lies between the bounds.",
    ),
)  # fmt: skip
"""What `predict_interval` takes, beside data."""

IMPORTANCE = declared(
    Option("repeats", "whole", low=1, default=5, help="How often each column is shuffled."),
    Option(
        "max_rows", "whole", low=2, none="for all", default=5000,
        help="The most rows to shuffle: where there are more, a sample drawn from the seed",
    ),
    Option("seed", "whole", low=0, default=0, help="Of the orders and the sample."),
)  # fmt: skip
"""What `importance` takes, beside data and the measure."""


def checked(options: Mapping[str, Option] = OPTIONS, /, **settings: Any) -> dict[str, Any]:
    """Return settings by name as plain Python values, each as its declaration allows.

    >>> checked(seed=np.int64(3), l2=0.5)
    {'seed': 3, 'l2': 0.5}
    """
    return {name: options[name].check(value) for name, value in settings.items()}
