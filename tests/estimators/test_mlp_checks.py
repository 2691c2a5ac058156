"""scikit-learn's own checks of estimators, in six configurations, and its own tests of its MLP classes on ours."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import pytest
import sklearn.neural_network
from sklearn.neural_network.tests import test_mlp as theirs
from sklearn.utils.estimator_checks import parametrize_with_checks

from deltarule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore")  # checks and tests of others warn as they like

CONFIGURATIONS: list[dict[str, Any]] = [
    {"solver": "adam"},
    {"solver": "sgd"},
    {"solver": "lbfgs"},
    {"early_stopping": True, "validation_fraction": 0.4},  # some checks have five examples
    {"dropout": 0.2},
    {"hidden_layer_sizes": (20, 10), "learning_rate_init": 0.01},
]


@parametrize_with_checks(
    [
        estimator(max_iter=100, random_state=0, **configuration)
        for estimator in (MLPClassifier, MLPRegressor)
        for configuration in CONFIGURATIONS
    ]
)
def test_scikit_learns_checks(estimator: Any, check: Any):
    check(estimator)


PRIVATE = {
    "test_fit": "calls _fit_stochastic with buffers for one step in NumPy",
    "test_gradient": "calls _loss_grad_lbfgs, which nothing of ours needs",
}
"""Their tests that are of what is private."""


def _their_tests() -> ModuleType:
    """Return scikit-learn's module of tests with our classes in place of its own."""
    spec = importlib.util.spec_from_file_location("their_tests", theirs.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sklearn.neural_network, "MLPClassifier", MLPClassifier)
        patch.setattr(sklearn.neural_network, "MLPRegressor", MLPRegressor)
        spec.loader.exec_module(module)
    assert module.MLPClassifier is MLPClassifier
    return module


TESTS = {
    name: test
    for name, test in vars(_their_tests()).items()
    if name.startswith("test_") and name not in PRIVATE
}
globals().update(TESTS)


@pytest.fixture
def global_random_seed() -> int:
    return 0


def test_there_are_tests_of_theirs():
    assert len(TESTS) > 35
    assert all(hasattr(theirs, name) for name in PRIVATE)
