"""The scikit-learn face of deltarule."""

from deltarule.estimators.table import TableClassifier, TableRegressor

__all__ = ["TableClassifier", "TableRegressor"]
