"""Settings of the table estimators: defaults that go by the size of a table, and one declaration each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deltarule.options import OPTIONS, Option, declared
from deltarule.tables.transforms import TRANSFORMS

# Defaults that go by the size of the table; benchmarks/accuracy.py shows what they give.
LARGE = 5_000
"""Rows from which a second hidden layer pays, and from which a tenth can be spared to pick the best epoch."""
HIDDEN, HIDDEN_LARGE = (128,), (128, 64)
LEARNING_RATE = 3e-3
"""Of adamw; other optimisers keep their own."""
DECAY, DECAY_LARGE = 1.0, 0.2
"""Of adamw: the fewer rows, the more."""
HELD_OUT_LARGE = 0.1
LARGE_QUANTILES, HELD_OUT_QUANTILES = 200, 0.2
"""Rows from which on a part is held out for quantiles, by which their levels are set right, and its share."""
UPDATES = 2_000
"""About how many updates a network needs ..."""
EPOCHS = (60, 400)
"""... and the fewest and most epochs that are spent on them."""
BATCHES = (16, 256)
"""The smallest and largest batch; between them, a batch is a twentieth of the table."""


def _listed(units: Sequence[int]) -> str:
    return ",".join(map(str, units))


SETTINGS = {
    **{name: OPTIONS[name] for name in ("l1", "l2", "progress")},
    **declared(
        Option(
            "hidden", "whole", low=1, several="list",
            none=f"for {_listed(HIDDEN)}, and {_listed(HIDDEN_LARGE)} from {LARGE:,} rows on",
            help="Units of the hidden layers, such as 64,64",
        ),
        replace(
            OPTIONS["learning_rate"], none=f"for the optimiser's own, and {LEARNING_RATE:g} with adamw",
            help="Of the optimiser",
        ),
        replace(
            OPTIONS["weight_decay"], none=f"for the optimiser's own, and {DECAY:g} or, from {LARGE:,} rows on, "
            f"{DECAY_LARGE:g} with adamw", help="Of the optimiser, decoupled",
        ),
        replace(
            OPTIONS["epochs"], default=None, help="Passes over the rows",
            none=f"for about {UPDATES:,} updates, in {EPOCHS[0]} to {EPOCHS[1]} epochs",
        ),
        replace(
            OPTIONS["batch_size"], default=None, help="Rows an update",
            none=f"for a twentieth of the table, {BATCHES[0]} to {BATCHES[1]}",
        ),
        replace(
            OPTIONS["validation"], is_low_open=False, also=None,
            help="Share of the rows to hold out and watch; the weights of the best epoch are restored",
            none=f"for 0, and {HELD_OUT_LARGE:g} from {LARGE:,} rows on; for quantiles {HELD_OUT_QUANTILES:g} from "
            f"{LARGE_QUANTILES} rows on",
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
            OPTIONS["dropout"], help="Share of the units of every hidden layer, or of each, that an update leaves out"
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
