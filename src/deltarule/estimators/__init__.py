"""The scikit-learn face of deltarule.

The names load when first used: scikit-learn takes a second, and the command line reads the settings alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deltarule.estimators.display import LossCurveDisplay as LossCurveDisplay
    from deltarule.estimators.mlp import MLPClassifier as MLPClassifier
    from deltarule.estimators.mlp import MLPRegressor as MLPRegressor
    from deltarule.estimators.table import TableClassifier as TableClassifier
    from deltarule.estimators.table import TableRegressor as TableRegressor
    from deltarule.estimators.tuning import tune as tune

_FILES = {
    "LossCurveDisplay": "display",
    "MLPClassifier": "mlp",
    "MLPRegressor": "mlp",
    "TableClassifier": "table",
    "TableRegressor": "table",
    "tune": "tuning",
}

__all__ = ["LossCurveDisplay", "MLPClassifier", "MLPRegressor", "TableClassifier", "TableRegressor", "tune"]


def __getattr__(name: str) -> object:
    if name not in _FILES:
        raise AttributeError(f"module 'deltarule.estimators' has no attribute {name!r}")
    return getattr(import_module(f"deltarule.estimators.{_FILES[name]}"), name)
