"""The options of how a network is built and trained: those of the learners, each by its declaration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from deltarule.cli.output import Seconds, Shares, Units, Whole, choice, setting
from deltarule.cli.reading import Names
from deltarule.estimators.settings import SETTINGS
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.schedules import SCHEDULES

HIDDEN = Parameter(help=setting(SETTINGS["hidden"], "--hidden").help)
ACTIVATION = choice("--activation", ACTIVATIONS, none="for relu")
DROPOUT = Parameter(help=setting(SETTINGS["dropout"], "--dropout").help)


@Parameter(name="*", group=Group("Network and training", sort_key=3))
@dataclass(frozen=True)
class TrainingOptions:
    """How a network is built and trained; what is left out goes by the size of the table."""

    hidden: Annotated[Units | None, HIDDEN] = None
    activation: Annotated[str | None, ACTIVATION] = None
    optimiser: Annotated[str, choice("--optimiser", OPTIMISERS, "--optimizer")] = "adamw"
    learning_rate: Annotated[float | None, setting(SETTINGS["learning_rate"], "--learning-rate")] = None
    schedule: Annotated[str, choice("--schedule", SCHEDULES)] = "one_cycle"
    epochs: Annotated[Whole | None, setting(SETTINGS["epochs"], "--epochs")] = None
    batch_size: Annotated[Whole | None, setting(SETTINGS["batch_size"], "--batch-size")] = None
    members: Annotated[Whole | None, setting(SETTINGS["members"], "--members")] = None
    repeats: Annotated[Whole, setting(SETTINGS["repeats"], "--repeats")] = SETTINGS["repeats"].default
    budget: Seconds | None = None
    early_stopping: Annotated[Whole | None, setting(SETTINGS["early_stopping"], "--early-stopping")] = None
    weight_decay: Annotated[float | None, setting(SETTINGS["weight_decay"], "--weight-decay")] = None
    l1: Annotated[float, setting(SETTINGS["l1"], "--l1")] = SETTINGS["l1"].default
    l2: Annotated[float, setting(SETTINGS["l2"], "--l2")] = SETTINGS["l2"].default
    dropout: Annotated[Shares | None, DROPOUT] = None
    clip_norm: Annotated[float | None, setting(SETTINGS["clip_norm"], "--clip-norm")] = None
    clip_value: Annotated[float | None, setting(SETTINGS["clip_value"], "--clip-value")] = None
    only: Annotated[
        Names,
        Parameter(
            help='What learns, the rest keeps its starting values: names such as "W[2]", "b[2]" or "w[1,3,2]"; may be '
            "given several times."
        ),
    ] = None
    tune: Annotated[Whole | None, setting(SETTINGS["tune"], "--tune")] = None
    tune_file: Annotated[
        Path | None,
        Parameter(
            help="Keep what --tune has tried in this file; a search that was broken off goes on from it."
        ),
    ] = None
    seed: Annotated[Whole, setting(SETTINGS["seed"], "--seed")] = 0
    threads: Annotated[Whole | None, setting(SETTINGS["n_threads"], "--threads")] = None

    def words(self) -> dict[str, Any]:
        """Return them as a learner takes them."""
        told = {**vars(self), "n_threads": self.threads}
        told["tune_file"] = None if self.tune_file is None else str(self.tune_file)
        del told["threads"]
        shares = self.dropout
        return {**told, "dropout": shares[0] if shares and len(shares) == 1 else shares}


BY_SIZE = TrainingOptions()
"""Nothing is told: all goes by the size of the table."""
