"""Course: how the networks of a table are begun and trained, as a learner's settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.machine import available_threads
from deltarule.estimators.recipes import Recipe
from deltarule.estimators.trial import Trial
from deltarule.maths.optimisers import LBFGS, Optimiser, State
from deltarule.maths.output import Output
from deltarule.maths.schedules import Part, Schedule, schedule
from deltarule.network import Network
from deltarule.options import plain_scalar
from deltarule.tables import ClassTarget, TableEncoder, TableModel, Target
from deltarule.tables.prepared import Prepared
from deltarule.training import Listener, Run, train

DTYPE = "float32"
MOST_FEATURES = 2**15
"""With coordinates; where there would be more, a table goes without: an update looks at each of their weights."""

Weights = NDArray[Any] | None
Examples = tuple[Any, NDArray[Any], Weights]
"""X (N, m), y as the network learns it, and how much each row counts."""


@dataclass(frozen=True)
class Course:
    """The settings of a learner, and what it does of its own.

    plain
        Its settings, checked.
    targets, output
        What is learnt, and by which output.
    smoothed
        Returns y as the network is shown it, of n_K outputs.
    counted
        Returns how much each row counts in training, (N,).
    chosen
        Returns the targets as they are learnt, and what to say of that.
    """

    plain: Any
    optimiser: str | Optimiser | LBFGS
    schedule: str | Schedule
    listeners: Sequence[Listener]
    targets: tuple[Target, ...]
    output: Output
    smoothed: Callable[[NDArray[Any], int], NDArray[Any]]
    counted: Callable[[Prepared, TableModel, NDArray[Any]], Weights]
    chosen: Callable[[Prepared, tuple[Target, ...], Trial], tuple[tuple[Target, ...], tuple[str, ...]]]

    @property
    def are_classes(self) -> bool:
        return isinstance(self.targets[0], ClassTarget)

    @property
    def is_lbfgs(self) -> bool:
        which = plain_scalar(self.optimiser)
        return isinstance(which, LBFGS) or (isinstance(which, str) and which == "lbfgs")

    @property
    def threads(self) -> int:
        """How many networks are trained at once, where there are several; listeners hear of one after the other."""
        return 1 if len(self.listeners) else self.plain.n_threads or available_threads()

    def told(self, *recipes: Recipe) -> tuple[Recipe, ...]:
        """Return recipes with what the settings say otherwise, each once."""
        which = plain_scalar(self.optimiser)
        is_adamw = isinstance(which, str) and which == "adamw"
        usual = [replace(recipe, dropout=0.0) if self.is_lbfgs else recipe for recipe in recipes]
        return tuple(dict.fromkeys(recipe.told(self.plain, is_adamw=is_adamw) for recipe in usual))

    def begun(
        self, rows: Prepared, part: Prepared, recipes: Sequence[Recipe]
    ) -> tuple[TableModel, tuple[str, ...]]:
        """Return a model without members, and what to say of how the targets are learnt.

        part: the rows that its columns are encoded by.
        """
        encoder = TableEncoder.fit(
            part.table, schema=rows.schema, coordinates=any(recipe.coordinates for recipe in recipes)
        )
        if len(encoder.features) > MOST_FEATURES:
            encoder = encoder.plain
        recipe = next((recipe for recipe in recipes if recipe.coordinates), recipes[0])

        def tried(X: Any, y: NDArray[Any], weights: Weights, updates: int) -> Network:
            net = self.network(X.shape[1], recipe, self.plain.seed)
            epochs = max(1, round(updates * recipe.batch_of(len(y)) / len(y)))
            self.train(net, (X, y, weights), recipe, epochs=epochs, listeners=(), progress=False)
            return net

        def features(of: Prepared) -> Any:
            return encoder.features_of(of.table, DTYPE)

        trial = Trial(part, features, tried, self.output, self.plain.seed, self.plain.equal_rows)
        targets, how = self.chosen(rows, self.targets, trial)
        return TableModel((), encoder, targets, {}, {}, {}), how

    def network(self, m: int, recipe: Recipe, seed: int) -> Network:
        """Return a network of m features before training; scales of its inputs tell those that matter."""
        units = [len(each.names) if isinstance(each, ClassTarget) else 1 for each in self.targets]
        n_K = units[0] if len(units) == 1 else len(units)
        sizes = [m, *recipe.hidden, n_K * max(1, len(self.output.numbers))]
        return Network(sizes, recipe.activation, str(self.output), seed=seed, scale=True)

    def shown(self, y: NDArray[Any], n_K: int) -> NDArray[np.float64]:
        """Return the targets that the output compares with y_hat, (N, n_K)."""
        return np.asarray(self.output.targets(y, n_K), np.float64)

    def examples(self, rows: Prepared, model: TableModel) -> Examples:
        """Return rows as a model's networks learn them."""
        y = model.encoded(rows.targets)
        return model.encoder.features_of(rows.table, DTYPE), y, self.counted(rows, model, y)

    def train(
        self,
        net: Network,
        examples: Examples,
        recipe: Recipe,
        *,
        epochs: int,
        stretch: tuple[float, float] | None = (0.0, 1.0),
        held: tuple[Any, ...] | None = None,
        patience: int | None = None,
        state: State | None = None,
        seed: int | None = None,
        n_threads: int | None = None,
        progress: bool | None = None,
        listeners: Sequence[Listener] | None = None,
    ) -> Run:
        """Train a network in place.

        Parameters
        ----------
        stretch
            Of the schedule, from one share of it to another; None keeps the rate as it is.
        held, patience
            Rows to watch, and for how many epochs to wait for a better loss of them; None waits for ever.
        seed
            Of the order of the rows; None for the settings'.
        n_threads, progress, listeners
            In place of the settings'.
        """
        X, y, weights = examples
        plain, whole = self.plain, stretch == (0.0, 1.0)
        return train(
            net,
            X,
            self.smoothed(y, net.sizes[-1]),
            weights=weights,
            optimiser=self.optimiser,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            schedule=self.schedule
            if whole
            else Part(schedule(self.schedule), *stretch)
            if stretch
            else "constant",
            epochs=epochs,
            batch_size=recipe.batch_of(len(y)),
            l1=plain.l1,
            l2=plain.l2,
            clip_norm=plain.clip_norm,
            clip_value=plain.clip_value,
            dropout=recipe.dropout,
            only=plain.only,
            validation=held,
            early_stopping=(patience or epochs) if held is not None else None,
            seed=plain.seed if seed is None else seed,
            n_threads=n_threads or plain.n_threads,
            progress=plain.progress if progress is None else progress,
            listeners=self.listeners if listeners is None else listeners,
            state=state,
        )


def seed_of(*numbers: int) -> int:
    """Return a seed for a part of what one seed decides.

    >>> seed_of(0, 1) == seed_of(0, 1) != seed_of(0, 2)
    True
    """
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
