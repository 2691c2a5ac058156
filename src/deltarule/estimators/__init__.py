"""The scikit-learn face of deltarule."""

from deltarule.estimators.display import LossCurveDisplay
from deltarule.estimators.mlp import MLPClassifier, MLPRegressor
from deltarule.estimators.table import TableClassifier, TableRegressor

__all__ = ["LossCurveDisplay", "MLPClassifier", "MLPRegressor", "TableClassifier", "TableRegressor"]
