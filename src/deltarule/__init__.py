"""deltarule: train feed-forward neural networks on tables, and see why every weight moves.

The public names load when first used, so that `import deltarule` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deltarule.chain import explain as explain
    from deltarule.chain import pullers as pullers
    from deltarule.chain import suspects as suspects
    from deltarule.estimators import LossCurveDisplay as LossCurveDisplay
    from deltarule.estimators import MLPClassifier as MLPClassifier
    from deltarule.estimators import MLPRegressor as MLPRegressor
    from deltarule.estimators import TableClassifier as TableClassifier
    from deltarule.estimators import TableRegressor as TableRegressor
    from deltarule.estimators import tune as tune
    from deltarule.network import Network as Network
    from deltarule.saving import load as load
    from deltarule.saving import save as save
    from deltarule.tables import schema as schema
    from deltarule.tables.importance import importance as importance
    from deltarule.training import train as train
    from deltarule.training.proof import check as check
    from deltarule.web import explore as explore

__version__ = "0.1.0"

_ROOMS = {
    "Network": "network",
    "check": "training.proof",
    "explain": "chain",
    "explore": "web",
    "pullers": "chain",
    "suspects": "chain",
    "train": "training",
    "importance": "tables.importance",
    "schema": "tables",
    "save": "saving",
    "load": "saving",
    "LossCurveDisplay": "estimators",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "TableClassifier": "estimators",
    "TableRegressor": "estimators",
    "tune": "estimators",
}

__all__ = [
    "LossCurveDisplay",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "TableClassifier",
    "TableRegressor",
    "__version__",
    "check",
    "explain",
    "explore",
    "importance",
    "load",
    "pullers",
    "save",
    "schema",
    "suspects",
    "train",
    "tune",
]


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'deltarule' has no attribute {name!r}")
    return getattr(import_module(f"deltarule.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
