"""tune: a copy of an estimator, fitted with the settings that a search has found."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import Any, TypeVar, cast

from numpy.typing import ArrayLike
from sklearn.base import clone  # pyright: ignore[reportUnknownVariableType]

from deltarule.errors import OptionError
from deltarule.estimators.settings import SETTINGS
from deltarule.estimators.table import TableClassifier, TableRegressor
from deltarule.options import shown, typed_keywords

Estimator = TypeVar("Estimator", TableClassifier, TableRegressor)


@typed_keywords
def tune(
    estimator: Estimator,
    X: object,
    y: object,
    n: int = 30,
    *,
    file: str | PathLike[str] | None = None,
    sample_weight: ArrayLike | None = None,
) -> Estimator:
    """Return a copy of an estimator, fitted with the best of n settings, the default among them.

    The others are drawn at random, by the estimator's seed, from `deltarule.estimators.space`; what the estimator is
    told stays as it is. All are tried on one fold, a third of them on three, the last few on all (of large tables, and
    of one network, on growing shares of the rows). They are judged by rows that their networks have not learnt from,
    and the default stays unless others are better by more than a standard error.

    Parameters
    ----------
    estimator
        A `TableClassifier` or `TableRegressor`; it stays as it is.
    X, y, sample_weight
        As in its `fit`.
    n
        How many settings to try; 1 is the default alone.
    file
        Where to keep what was tried, a line of JSON for each network; a search that was broken off goes on from there.
        Ctrl-C ends a search with the best so far.

    Raises
    ------
    OptionError
        n is not a whole number from 1 on; the estimator leaves nothing to search; or `file` is of another search.

    Examples
    --------
    >>> from deltarule import TableRegressor, tune
    >>> table = {"km": [n / 10 for n in range(60)], "price": [(n % 20) ** 2 for n in range(60)]}
    >>> found = tune(TableRegressor(epochs=5, progress=False), table, "price", n=3)
    >>> sorted({row["number"] for row in found.search_.table})
    [0, 1, 2]
    >>> len(found.predict({"km": [3.5]}))
    1

    Successive halving: Jamieson & Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter
    optimization"; the rule of one standard error: Breiman, Friedman, Olshen & Stone 1984.
    """
    if not isinstance(cast(object, estimator), (TableClassifier, TableRegressor)):
        raise OptionError(
            f"tune takes a TableClassifier or a TableRegressor, and this is {shown(estimator)}."
        )
    n = replace(SETTINGS["tune"], name="n", none=None).check(n)
    copy = cast(Any, clone)(estimator)
    return copy.set_params(tune=n, tune_file=file).fit(X, y, sample_weight)
