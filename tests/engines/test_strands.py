"""Networks with one hidden layer are cut by its units; each part learns as if it were the whole."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engines.test_compiled import compare, order_of, run
from tests.engines.test_engines import problem

from deltarule.engines import Problem
from deltarule.engines.compiled.places import STRANDS
from deltarule.maths.optimisers import Adam, GradientDescent
from deltarule.maths.optimisers import optimiser as named
from deltarule.maths.penalties import Penalty

pytestmark = pytest.mark.usefixtures("every_thread_counts")

SHAPES = ((20, 100, 3), (64, 130, 10), (7, 300, 1), (30, 200, 3), (108, 97, 2))
CASES = (
    {},
    {"only": ["W[2]"]},
    {"only": ["b[1]"]},
    {"only": ["b[2]"]},
    {"only": ["W[1]", "b[2]"]},
    {"only": ["w[1,2,3]", "w[1,95,7]", "w[2,1,60]", "b[2]"]},
    {"penalty": Penalty(0.01, 0.1)},
    {"penalty": Penalty(0.01, 0.1, is_shared=True), "clip_norm": 0.1},
    {"rates": (0.5,)},
    {"density": 0.1},
    {"density": 0.1, "only": ["b[1]"]},
    {"density": 0.1, "only": ["w[1,2,3]", "W[2]"], "rates": (0.3,), "clip_norm": 0.05},
    {"optimiser": named("nadam", lr=0.01)},
    {"optimiser": named("rprop", lr=0.01)},
    {"optimiser": GradientDescent(lr=1e200)},
    {"optimiser": Adam(lr=0.01, weight_decay=0.1)},
    {"factors": {"W[1]": 3.0, "w[2,1,60]": 0.5, "b[2]": 2.0}, "clip_norm": 0.1},
)


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_they_learn_as_the_reference_does(sizes: tuple[int, ...], case: dict[str, object]):
    compare(lambda: _problem(sizes, case), 2, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("case", [case for case in CASES if case.get("optimiser") is None], ids=str)
def test_the_same_bits_for_any_number_of_threads(case: dict[str, object], sizes: tuple[int, ...], dtype: str):
    outcomes = []
    for n_threads in (1, 2, 3, 8):
        q = _problem(sizes, case, dtype)
        runner, results = run("compiled", q, 2, n_threads)
        strands = int(runner.training.plan.places[STRANDS])
        assert runner.training.threads == min(strands, n_threads)
        assert strands > 1
        state = [np.asarray(values).tobytes() for values in runner.state.values()]
        outcomes.append((q.net.theta.tobytes(), results[-1].loss, state, runner.objective()[2].tobytes()))
    assert all(outcome == outcomes[0] for outcome in outcomes[1:])


def _problem(sizes: tuple[int, ...], case: dict[str, object], dtype: str = "float64") -> Problem:
    """Return a problem whose last batch is short, and one of whose batches weighs nothing."""
    output = "softmax" if sizes[-1] > 1 else "linear"
    q = problem(sizes=sizes, N=403, batch_size=200, output=output, dtype=dtype, **case)
    q.w[order_of(q, 1)[200:400]] = 0.0
    return q
