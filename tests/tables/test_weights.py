"""Weights of rows and of classes, and what they may not be."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from deltarule.errors import DataError, DeltaruleError, OptionError, ShapeError
from deltarule.tables import ClassTarget, Column
from deltarule.tables.weights import class_factors, weights_of


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ([1, -1], DataError, "sample_weight is -1 in row 2; weights are finite numbers, 0 or more."),
        ([np.nan, 1], DataError, "sample_weight is missing in row 1"),
        ([1, np.inf], DataError, "sample_weight is inf in row 2"),
        ([0, 0], DataError, "sample_weight is zero in every row; some rows must count."),
        ([1, 2, 3], ShapeError, "sample_weight has shape (3,); expected (2,), one per row."),
        (Column.of("w", ["a", "b"]), DataError, "the weight column 'w' is text, such as 'a'; it must be of numbers"),
        (Column.of("w", [None, 1.0]), DataError, "the weight column 'w' is missing in row 1"),
        (Column.of("w", [0.0, 0.0]), DataError, "the weight column 'w' is zero in every row"),
    ],
)  # fmt: skip
def test_wrong_weights_get_one_sentence(given: Any, error: type[Exception], said: str):
    with pytest.raises(error, match=re.escape(said)) as raised:
        weights_of(given, 2)
    assert isinstance(raised.value, DeltaruleError)
    assert "\n" not in str(raised.value)


def test_texts_that_are_numbers_are_weights():
    """As of a file whose column is not learnt from, and thus not read."""
    assert weights_of(Column.of("w", ["1", "0", "2.5"]), 3).tolist() == [1.0, 0.0, 2.5]
    with pytest.raises(DataError, match="the weight column 'w' is text, such as 'many'"):
        weights_of(Column.of("w", ["1", "0", "many"]), 3)


def test_balanced_is_scikit_learns():
    rng = np.random.default_rng(0)
    y = rng.choice(3, 100, p=[0.7, 0.2, 0.1])
    w = rng.integers(0, 3, 100).astype(float)
    target = ClassTarget.fit(Column.of("y", [f"c{n}" for n in y]))
    for weights in (None, w):
        expected = compute_class_weight("balanced", classes=np.arange(3), y=y, sample_weight=weights)
        np.testing.assert_allclose(class_factors("balanced", target, y, weights), expected)


@pytest.mark.parametrize("key", [2, "2", 2.0, np.int64(2)])
def test_a_class_by_its_value_or_its_text(key: Any):
    target = ClassTarget.fit(Column.of("y", [1, 2, 1, 2]))
    factors = class_factors({key: 5}, target, np.array([0, 1, 0, 1]), None)
    assert factors is not None
    assert factors.tolist() == [1, 5]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("balancd", "class_weight is 'balancd'; it must be 'balanced', or a weight by class such as {'no': 2}."),
        ([1, 2], "class_weight is [1, 2]; it must be 'balanced'"),
        ({"yess": 2}, "class_weight names 'yess', which is no class of y; did you mean 'yes'? Its classes: no, yes."),
        ({"yes": -1}, "class_weight of 'yes' is -1; a weight is a finite number, 0 or more."),
        ({"yes": "2"}, "class_weight of 'yes' is '2'"),
        ({"yes": 0, "no": 0}, "class_weight is 0 for every class; some rows must count."),
    ],
)  # fmt: skip
def test_wrong_class_weights_get_one_sentence(given: Any, said: str):
    target = ClassTarget.fit(Column.of("y", ["yes", "no"] * 3))
    with pytest.raises(OptionError, match=re.escape(said)):
        class_factors(given, target, np.array([1, 0] * 3), None)
