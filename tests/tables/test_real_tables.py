"""Seven real tables, from the file to finite arrays; skipped where they are not at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deltarule.tables import (
    ClassTarget,
    NumberTarget,
    TableEncoder,
    guess_task,
    read_table,
    schema,
    take_target,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real tables are not here")


def dense(X):
    """Return features as a matrix, which come as lists where few are not 0."""
    return X if isinstance(X, np.ndarray) else X.toarray()


@pytest.mark.parametrize(
    ("name", "target", "task", "shape", "dropped"),
    [
        ("adult.csv", "income", "classification", (32_561, 132), []),
        ("california_housing.csv", "median_house_value", "regression", (20_640, 15), []),
        ("diamonds.csv", "price", "regression", (53_940, 29), []),
        ("mpg.csv", "mpg", "regression", (398, 51), []),
        ("penguins.csv", "species", "classification", (344, 16), []),
        ("taxis.csv", "tip", "regression", (6_433, 295), []),
        ("titanic.csv", "survived", "classification", (891, 56), []),
    ],
)
def test_real_table(name, target, task, shape, dropped):
    frame = read_table(DATA / name)
    assert frame.notices == ()
    found = schema(frame)
    assert found.read(frame)[1] == ()
    assert all("is far from the rest" in said for said in found.notices)  # 99999 for a gain, 0 for a width
    table, y = take_target(found.read(frame)[0], target)
    assert guess_task(y)[0] == task
    encoder = TableEncoder.fit(table, schema=found)
    X = dense(encoder.encode(table))
    assert X.shape == shape
    assert list(encoder.dropped) == dropped
    assert np.isfinite(X).all()
    assert len(set(encoder.features)) == len(encoder.features)
    again = TableEncoder.from_record(json.loads(json.dumps(encoder.record())))
    assert dense(again.encode(frame)).tobytes() == X.tobytes()
    learnt = (ClassTarget if task == "classification" else NumberTarget).fit(y)
    back = learnt.decode(learnt.encode(y))
    if task == "classification":
        assert [str(name) for name in back] == frame[target].texts()
    else:
        np.testing.assert_allclose(back, y.values, rtol=1e-9, atol=1e-9)
