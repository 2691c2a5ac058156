"""Whether a skewed target is better learnt as its logarithm: a short training of both, judged on rows held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines import predict
from deltarule.maths.output import Output
from deltarule.network import Network
from deltarule.tables import NumberTarget
from deltarule.tables.folds import EqualRows
from deltarule.tables.measures import measures
from deltarule.tables.prepared import Prepared
from deltarule.tables.targets import encoded
from deltarule.tables.transforms import candidate

FEWEST_ROWS = 100
"""Below which nothing is tried."""
MOST_ROWS = 20_000
"""Of a sample that is tried on; of them, a share HELD_OUT judges."""
HELD_OUT = 0.25
UPDATES = 500
"""Of each training."""
GAIN = 0.98
"""The error, over that of the target as it is, up to which a transform is taken."""
WORDS = {"log": "logarithm", "sqrt": "square root"}
JUDGES = {"linear": "rmse", "quantile": "pinball"}
"""The measure that decides, by the output; else the absolute error."""
SHOWN = {"rmse": "RMSE", "pinball": "pinball loss", "mae": "MAE"}


@dataclass(frozen=True)
class Trial:
    """What a trial needs: rows, how they are encoded, and a training of so many updates."""

    rows: Prepared
    encode: Callable[[Prepared], Any]
    train: Callable[[Any, NDArray[Any], NDArray[Any] | None, int], Network]
    output: Output
    seed: int
    equal_rows: EqualRows | None

    def targets(self, transform: str | None) -> tuple[tuple[NumberTarget, ...], tuple[str, ...]]:
        """Return the targets, each with its transform, and what to say of it.

        transform: of all of them; None chooses.
        """
        plain = self._fitted({})
        if transform == "none" or self.output.name == "poisson":
            return plain, ()
        columns = self.rows.targets.columns.values()
        names = {
            column.name: candidate(column.as_numbers().values) if transform is None else transform
            for column in columns
        }
        others = {name: each for name, each in names.items() if each != "none"}
        if not others:
            return plain, ()
        changed = self._fitted(others)
        if len(self.rows) < FEWEST_ROWS:
            return (plain if transform is None else changed), ()
        rows = np.random.default_rng([self.seed, 2]).permutation(len(self.rows))[:MOST_ROWS]
        sample = self.rows.rows(np.sort(rows))
        parts = sample.split(
            HELD_OUT, np.random.default_rng([self.seed, 3]), part="trial", equal_rows=self.equal_rows
        )
        if not len(parts.held):
            return (plain if transform is None else changed), ()
        learn, held = sample.rows(parts.learn), sample.rows(parts.held)
        X, X_held = self.encode(learn), self.encode(held)
        changed, errors = self._judged(changed, learn, held, X, X_held)
        if transform is not None:
            return changed, ()
        _, before = self._judged(plain, learn, held, X, X_held)
        chosen, said = list(plain), list[str]()
        for n, (name, old, new) in enumerate(zip(names, before, errors, strict=True)):
            if names[name] != "none" and new <= GAIN * old:
                chosen[n] = changed[n]
                judge = SHOWN[JUDGES.get(self.output.name, "mae")]
                said.append(
                    f"{name}: learnt as its {WORDS[names[name]]}, which in a trial predicts {len(held):,} rows held "
                    f"out better ({judge} {new:.4g} in place of {old:.4g}); --target-transform none learns it as it is"
                )
        return tuple(chosen), tuple(said)

    def _fitted(self, transforms: dict[str, str]) -> tuple[NumberTarget, ...]:
        return tuple(
            NumberTarget.fit(
                column, self.output, transform=transforms.get(column.name, "none"), weights=self.rows.weights
            )
            for column in self.rows.targets.columns.values()
        )

    def _judged(
        self, targets: tuple[NumberTarget, ...], learn: Prepared, held: Prepared, X: Any, X_held: Any
    ) -> tuple[tuple[NumberTarget, ...], list[float]]:
        """Return the targets, with the factors that make means right, and their errors on the rows held out."""
        net = self.train(X, encoded(targets, learn.targets.columns.values()), learn.weights, UPDATES)
        parts = np.split(predict(net, X_held), len(targets), axis=1)
        made: list[NumberTarget] = []
        errors: list[float] = []
        for target, y, y_hat in zip(
            targets,
            encoded(targets, held.targets.columns.values()).reshape(len(held), -1).T,
            parts,
            strict=True,
        ):
            if target.transform != "none" and self.output.name == "linear":
                mean, predicted = (
                    float(np.average(values, weights=held.weights))
                    for values in (target.decode(y), target.predict(y_hat))
                )
                target = replace(target, factor=mean / predicted if predicted > 0 else 1.0)
            found = measures(target, self.output, y, y_hat, held.weights)
            made.append(target)
            errors.append(found[JUDGES.get(self.output.name, "mae")])
        return tuple(made), errors
