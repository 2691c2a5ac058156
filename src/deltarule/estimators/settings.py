"""Settings of the table estimators: defaults that go by the size of a table, and one declaration each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deltarule.estimators.recipes import FEWEST_ROWS, HIDDEN, MEMBERS
from deltarule.options import OPTIONS, Option, declared
from deltarule.tables.transforms import TRANSFORMS

HELD_OUT_LARGE, HELD_OUT_SEARCH = 0.1, 0.2
"""Of a large table, and where one network of a smaller one is searched."""
LARGE_QUANTILES, HELD_OUT_QUANTILES = 200, 0.2
"""Rows from which on one network that predicts quantiles holds a part out, by which their levels are set right."""


def _listed(units: Sequence[int]) -> str:
    return ",".join(map(str, units))


SETTINGS = {
    **{name: OPTIONS[name] for name in ("l1", "l2", "progress")},
    **declared(
        Option(
            "hidden", "whole", low=1, several="list",
            none=f"for {_listed(HIDDEN)}",
            help="Units of the hidden layers, such as 64,64",
        ),
        replace(
            OPTIONS["learning_rate"], none="for the optimiser's own, and with adamw that of the table's recipes",
            help="Of the optimiser",
        ),
        replace(
            OPTIONS["weight_decay"], none="for the optimiser's own, and with adamw that of the table's recipes",
            help="Of the optimiser, decoupled",
        ),
        replace(
            OPTIONS["epochs"], default=None, help="Passes over the rows",
            none="for those of the table's recipes",
        ),
        replace(
            OPTIONS["batch_size"], default=None, help="Rows an update",
            none="for a twentieth of the rows, 16 to 64, or 256 of a large table",
        ),
        Option(
            "members", "whole", low=1,
            none=f"for {MEMBERS}, fewer of a large table, and 1 of fewer than {FEWEST_ROWS} rows",
            help="Networks that each leave another part of the rows out, by which it is known when to end, how good "
            "they are and how sure; their mean predicts",
        ),
        Option(
            "repeats", "whole", low=1, default=1,
            help="How often the rows are shared out among members anew: each time there are as many members more",
        ),
        Option(
            "budget", "real", low=0, is_low_open=True, none="for the time that the other settings take",
            help="Seconds that all may take: as many repeats as there is time for, or fewer members and epochs",
        ),
        replace(
            OPTIONS["validation"], is_low_open=False, also=None,
            help="Share of the rows to hold out and watch; the weights of the best epoch are restored",
            none="for what members leave out",
        ),
        replace(
            OPTIONS["n_threads"], help="The most threads to train with; the result is the same for any"
        ),
        replace(
            OPTIONS["early_stopping"], also=None, help="Epochs to wait for a better validation loss before stopping"
        ),
        replace(OPTIONS["clip_norm"], help="The longest gradient (2-norm) that is taken as it is"),
        replace(OPTIONS["clip_value"], help="The largest entry of the gradient that is taken as it is"),
        replace(
            OPTIONS["dropout"], default=None, none="for that of the table's recipes",
            help="Share of the units of every hidden layer, or of each, that an update leaves out"
        ),
        Option("weight", "column", none="for none", help="Column of weights: how much each row counts, 0 or more"),
        Option("group", "column", none="for none", help="Column whose groups stay whole when rows are held out"),
        Option("time", "column", none="for none", help="Column of times, of which the last rows are held out"),
        Option(
            "equal_rows", "choice", choices=("together", "apart"), none="to keep them together, unless no "
            "more are equal than chance makes", help="Whether equal rows are held out together",
        ),
        Option(
            "drop_missing_target", "flag", none="for doing so where they are a twentieth or less",
            help="Leave out rows without a target",
        ),
        Option(
            "tune", "whole", low=1, none="to search nothing",
            help="How many settings to try, the default among them; the best by rows left out are used where they are "
            "better than the default by more than chance",
        ),
        Option(
            "warm_start", "flag", default=False,
            help="Go on from the weights of the fit before, with its columns and classes",
        ),
        replace(
            OPTIONS["seed"], help="Of starting weights, order and validation part: the same seed gives the same bits."
        ),
    ),
}  # fmt: skip
"""What the estimators take, beside names and listeners."""

LOSSES = {
    "squared_error": "linear", "absolute_error": "absolute_error", "huber": "huber", "quantile": "quantile",
    "poisson": "poisson",
}  # fmt: skip
"""The output that learns values, by the loss."""
SHORT = {"squared": "squared_error", "absolute": "absolute_error"}
"""What may be typed for them, too."""
DELTA = 1.345
"""Of Huber's loss, in spreads of the target: 95% as good as squared errors where these are normal (Huber 1964)."""

OF_CLASSES = declared(
    Option(
        "label_smoothing",
        "real",
        low=0,
        high=1,
        is_high_open=True,
        default=0.0,
        help="Share of a row's probability that is spread evenly over all classes while learning",
    ),
)
"""What `TableClassifier` takes besides."""

OF_VALUES = declared(
    Option(
        "loss", "choice", choices=tuple(LOSSES), default="squared_error",
        help="What is made small: squared_error predicts the mean, and poisson that of counts and rates, whose "
        "logarithm is learnt; absolute_error the median, and huber nearly; quantile the quantiles that are asked for",
    ),
    Option(
        "quantile", "real", low=0, high=1, is_low_open=True, is_high_open=True, several="or one", default=0.5,
        help="The level of the loss quantile, or several at once, which are predicted in order",
    ),
    Option(
        "huber_delta", "real", low=0, is_low_open=True, none=f"for {DELTA:g} spreads of the target",
        help="Errors from which on the loss huber is linear, in the target's units",
    ),
    Option(
        "target_transform", "choice", choices=tuple(TRANSFORMS),
        none="for what does best on rows held out, where the target is skewed and not negative",
        help="What the target is learnt as: itself, its logarithm or its square root; predictions are in its own units",
    ),
)  # fmt: skip
"""What `TableRegressor` takes besides."""
