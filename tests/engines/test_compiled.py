"""The compiled engine against the reference: random problems, every option, any number of threads."""

from __future__ import annotations

import multiprocessing
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import joblib
import numpy as np
import pytest
from tests.engines.test_engines import problem

from deltarule import memory
from deltarule.engines import Problem, engine, keys_of, predict
from deltarule.engines.compiled.freezing import Frozen
from deltarule.errors import DivergenceError, OutOfMemoryError
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import LBFGS, OPTIMISERS, Adam, GradientDescent, Optimiser
from deltarule.maths.optimisers import optimiser as named
from deltarule.maths.outputs import OUTPUTS, WITH_NUMBERS
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant, OneCycle
from deltarule.network import Network

STEPWISE = [name for name, kind in OPTIMISERS.items() if kind is not LBFGS]


def targets(rng: np.random.Generator, output: str, N: int, n: int) -> np.ndarray:
    if output == "softmax":
        return rng.integers(0, n, N) if rng.random() < 0.5 else rng.dirichlet(np.ones(n), N)
    if output == "sigmoid":
        return rng.integers(0, 2, (N, n))
    return rng.poisson(2.0, (N, n)) if output == "poisson" else rng.normal(size=(N, n))


def random_problem(seed: int, dtype: str = "float64", *, scale: bool = False) -> Problem:
    """Every activation, output and optimiser comes up as seeds count on; all else is drawn.

    scale: inputs have scales, and learning rates differ.
    """
    rng = np.random.default_rng(seed)
    output = list(OUTPUTS)[seed % len(OUTPUTS)]
    sizes = [int(rng.integers(1, 40)) for _ in range(rng.integers(1, 5))]
    sizes.append(int(rng.integers(2 if output == "softmax" else 1, 20)))
    names = [list(ACTIVATIONS)[(seed + k) % len(ACTIVATIONS)] for k in range(len(sizes) - 2)]
    full = f"{output}({rng.choice([0.1, 0.8])})" if output in WITH_NUMBERS else output
    if output == "quantile":
        full = f"quantile({','.join(map(str, rng.uniform(0.05, 0.95, sizes[-1])))})"
    net = Network(sizes, names or "tanh", full, seed=seed, dtype=dtype, scale=scale)
    of_scale = np.random.default_rng(seed)
    net.theta[net.layout.s] = of_scale.uniform(-1.5, 1.5, sizes[0] * scale)
    rates = {"s": 2.0, "s[1]": 0.5, "b[1]": 3.0, f"W[{net.K}]": 0.5} if of_scale.random() < 0.5 else None
    N = int(rng.integers(1, 150))
    X, p, w = net.examples(rng.normal(size=(N, sizes[0])), targets(rng, output, N, sizes[-1]))
    only = None
    if rng.random() < 0.5:
        only = rng.random(net.layout.size) < rng.choice([0.1, 0.9])
        only[rng.integers(net.layout.size)] = True
        if rng.random() < 0.5:
            only = [f"{rng.choice(['W', 'b'])}[{rng.integers(1, len(sizes))}]"]
            only += ["s"] if scale and of_scale.random() < 0.5 else []
    optimiser = STEPWISE[seed % len(STEPWISE)]
    if optimiser == "rprop" and output in ("absolute_error", "quantile"):
        optimiser = "momentum"  # slopes of +-c cancel but for rounding, whose sign Rprop would follow
    which = named(optimiser, lr=1e-3)
    assert isinstance(which, Optimiser)
    if isinstance(which, Adam) and rng.random() < 0.5:
        which = replace(which, eps=1e-3, eps_hat=True)
    return Problem(
        net=net,
        X=X,
        p=p,
        w=w
        if rng.random() < 0.5
        else rng.choice([0.0, 1.0, 2.5], N).astype(dtype) + np.eye(1, N, dtype=dtype)[0],
        batch_size=min(N, int(rng.choice([1, 3, 16, 64, 1000]))),
        epochs=10,
        optimiser=which if rng.random() < 0.5 else replace(which, weight_decay=0.1),
        schedule=Constant() if rng.random() < 0.5 else OneCycle(),
        selection=net.layout.select(only),
        penalty=Penalty(0.01, 0.02, is_shared=seed % 2 == 1) if rng.random() < 0.3 else Penalty(),
        clip_norm=float(rng.choice([0.01, 10.0])) if rng.random() < 0.3 else None,
        clip_value=0.05 if rng.random() < 0.3 else None,
        dropout=_dropout(rng, X, net.K) if rng.random() < 0.3 else None,
        rates=net.layout.factors(net.layout.rates(rates)) if scale else None,
    )


def _dropout(rng: np.random.Generator, X: np.ndarray, K: int) -> Dropout:
    return Dropout(tuple(rng.choice([0.0, 0.1, 0.5], K - 1)), int(rng.integers(2**40)), keys_of(X))


def order_of(q: Problem, epoch: int) -> np.ndarray:
    return np.random.default_rng(epoch).permutation(len(q.X))


def run(name: str, q: Problem, epochs: int, n_threads: int | None = None):
    """Train, and return the engine and its results."""
    runner = engine(name, q, n_threads)
    return runner, [runner.epoch(order_of(q, epoch), np.zeros(1, bool)) for epoch in range(epochs)]


def compare(make, epochs: int, rtol: float, atol: float) -> None:
    q, specified = make(), make()
    try:
        reference, expected = run("reference", specified, epochs)
    except DivergenceError as error:
        with pytest.raises(DivergenceError, match=re.escape(str(error))):
            run("compiled", q, epochs)
        np.testing.assert_allclose(q.net.theta, specified.net.theta, rtol, atol)
        return
    runner, results = run("compiled", q, epochs)
    np.testing.assert_allclose(q.net.theta, specified.net.theta, rtol, atol)
    for result, right in zip(results, expected, strict=True):
        for which in ("loss", "mean_of_batches", "penalty"):
            assert getattr(result, which) == pytest.approx(getattr(right, which), rel=rtol, abs=atol), which
        np.testing.assert_allclose(result.gradient_norms, right.gradient_norms, rtol, atol)
        assert result.learning_rate == pytest.approx(right.learning_rate, rel=1e-12)
        assert result.examples == right.examples
    assert runner.state.keys() == reference.state.keys()
    for name, values in reference.state.items():
        np.testing.assert_allclose(runner.state[name], values, rtol, atol)
    still = np.ones(q.net.layout.size, bool)
    still[q.selection.index] = False
    np.testing.assert_array_equal(q.net.theta[still], make().net.theta[still])


@pytest.mark.parametrize("seed", range(90))
def test_ten_epochs_of_random_problems(seed: int):
    compare(lambda: random_problem(seed), 10, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("seed", range(200, 240))
def test_ten_epochs_of_random_problems_with_scales(seed: int):
    compare(lambda: random_problem(seed, scale=True), 10, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("seed", range(90, 130))
def test_an_epoch_in_single_precision(seed: int):
    compare(lambda: random_problem(seed, "float32", scale=seed % 4 == 0), 1, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize(
    "case",
    [
        {"sizes": (1, 1, 1, 2)},
        {"sizes": (1000, 3)},
        {"sizes": (5, 1000, 2)},
        {"sizes": (70, 48, 33, 17)},
        {"N": 1, "batch_size": 1},
        {"N": 2000, "batch_size": 2000},
        {"N": 1999, "batch_size": 640},
        {"N": 5, "batch_size": 5, "sizes": (300, 200, 3)},
        {"N": 5, "batch_size": 5, "sizes": (300, 200, 3), "scale": True},
        {"N": 50, "batch_size": 50, "sizes": (3000, 100, 2), "scale": True},
        {"N": 90, "batch_size": 64, "sizes": (40, 300, 3), "scale": True, "clip_norm": 0.01},
        {"N": 50, "batch_size": 50, "sizes": (3000, 3, 2), "scale": True},
        {"N": 2000, "batch_size": 2000, "scale": True},
    ],
    ids=str,
)
def test_shapes_at_the_edges(case: dict[str, object]):
    compare(lambda: problem(**case), 2, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_1", [7, 100])
@pytest.mark.parametrize("n_0", [63, 64, 65, 108, 128, 200])
def test_inputs_that_fill_more_than_a_panel(n_0: int, n_1: int, dtype: str):
    """A row of X is kept in panels of 64 columns, which lie one behind the other; batches fill them to the end."""
    bounds = (1e-9, 1e-12) if dtype == "float64" else (1e-4, 1e-6)
    make = lambda: problem(  # noqa: E731
        sizes=(n_0, n_1, 1), output="linear", N=192, batch_size=64,
        optimiser=named("gradient_descent", lr=0.1), dtype=dtype,
    )  # fmt: skip
    compare(make, 2, *bounds)


@pytest.mark.parametrize("seed", [0, 5, 9, 14, 23, 31])
def test_the_objective_is_the_reference_s(seed: int):
    q = random_problem(seed)
    loss, penalty, grad = engine("compiled", q).objective()
    right_loss, right_penalty, right = engine("reference", q).objective()
    assert (loss, penalty) == (pytest.approx(right_loss, rel=1e-11), pytest.approx(right_penalty, rel=1e-11))
    np.testing.assert_allclose(grad, right, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("every_thread_counts")
class TestThreads:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize(
        "case",
        [
            {"sizes": (4, 6, 5, 3), "N": 130, "batch_size": 32},
            {"sizes": (4, 6, 5, 3), "N": 4000, "batch_size": 1500},
            {"sizes": (30, 128, 64, 3), "N": 300, "batch_size": 100},
            {"sizes": (30, 128, 64, 3), "N": 300, "batch_size": 100, "clip_norm": 0.1},
            {"sizes": (30, 128, 64, 3), "N": 300, "batch_size": 100, "rates": (0.5, 0.1)},
            {"sizes": (4, 6, 5, 3), "N": 4000, "batch_size": 1500, "rates": (0.0, 0.3)},
            {"sizes": (20, 300, 300, 3), "N": 7, "batch_size": 3, "penalty": Penalty(0.01, 0.01)},
            {"sizes": (108, 100, 1), "N": 961, "batch_size": 200, "output": "linear"},
            {"sizes": (108, 100, 1), "N": 961, "batch_size": 200, "output": "linear", "density": 0.1},
            {"sizes": (108, 100, 3), "N": 961, "batch_size": 64, "density": 0.1, "clip_norm": 0.1},
            {"sizes": (108, 300, 3), "N": 961, "batch_size": 100, "density": 0.1, "rates": (0.5,)},
            {"sizes": (30, 8, 3), "N": 4000, "batch_size": 1500, "density": 0.1},
            {"sizes": (4, 6, 5, 3), "N": 2000, "batch_size": 640},
            {"sizes": (300, 64, 64, 3), "N": 300, "batch_size": 100, "scale": True},
            {"sizes": (300, 64, 64, 3), "N": 300, "batch_size": 100, "scale": True, "clip_norm": 0.1},
            {"sizes": (4, 6, 5, 3), "N": 4000, "batch_size": 1500, "scale": True},
            {"sizes": (108, 100, 3), "N": 961, "batch_size": 64, "density": 0.1, "scale": True},
        ],
        ids=str,
    )
    def test_the_same_bits_for_any_number(self, case: dict[str, object], dtype: str):
        outcomes = []
        for n_threads in (1, 2, 4, 8):
            q = problem(**case, dtype=dtype)
            _, results = run("compiled", q, 2, n_threads)
            y_hat = predict(q.net, q.X, n_threads)
            objective = engine("compiled", q, n_threads).objective()
            held = engine("compiled", q, n_threads).loss(q.X, q.p, q.w)
            outcomes.append(
                (q.net.theta.tobytes(), results[-1].loss, results[-1].gradient_norms.tobytes(), y_hat.tobytes(),
                 objective[0], objective[2].tobytes(), held)
            )  # fmt: skip
        assert all(outcome == outcomes[0] for outcome in outcomes[1:])

    def test_eight_python_threads_train_their_own_networks(self):
        def train_one(_: int) -> bytes:
            q = problem(sizes=(30, 64, 3), N=500, batch_size=50)
            run("compiled", q, 3, 2)
            return q.net.theta.tobytes()

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(train_one, range(8)))) == 1


def _train_in_a_child(_: int) -> bytes:
    q = problem(sizes=(30, 128, 3), N=2000, batch_size=100)
    runner, _ = run("compiled", q, 2, 2)
    assert runner.training.threads == 2
    return q.net.theta.tobytes()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_children_train_as_their_parent_does(way: str):
    here = _train_in_a_child(0)
    with multiprocessing.get_context(way).Pool(2) as pool:
        assert pool.map(_train_in_a_child, range(2)) == [here, here]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_s_workers_train_as_their_parent_does(backend: str):
    work = (joblib.delayed(_train_in_a_child)(n) for n in range(3))
    assert joblib.Parallel(n_jobs=2, backend=backend)(work) == [_train_in_a_child(0)] * 3


def single_examples(
    sizes: tuple[int, ...], activation: str, which: str, output: str, dtype: str, epochs: int
) -> Problem:
    """Return a problem of the kind that a kernel is frozen for where it is long enough."""
    q = problem(sizes=sizes, N=50, batch_size=1, optimiser=named(which, lr=1e-3), dtype=dtype)
    net = Network(sizes, activation, output, seed=7, dtype=dtype)
    return replace(q, net=net, w=np.ones_like(q.w), epochs=epochs)


class TestSingleExamples:
    CASES = pytest.mark.parametrize(
        ("sizes", "activation", "which", "output"),
        [
            ((3, 4, 4, 2), "tanh", "adam", "softmax"),
            ((3, 4, 4, 2), "sigmoid", "gradient_descent", "softmax"),
            ((5, 7, 3), "gelu", "momentum", "softmax"),
            ((2, 9, 20, 4), "relu", "rmsprop", "softmax"),
            ((3, 4, 2), "tanh", "adam", "absolute_error"),
            ((3, 4, 2), "tanh", "adam", "quantile(0.1)"),
            ((3, 4, 2), "tanh", "adam", "quantile(0.9)"),  # the kernel of the one before, with another number
            ((3, 4, 2), "tanh", "adam", "huber(0.25)"),
        ],
    )
    LONG = 1_000_000_000

    @CASES
    def test_one_by_one_as_the_reference_does(
        self, sizes: tuple[int, ...], activation: str, which: str, output: str
    ):
        compare(
            lambda: single_examples(sizes, activation, which, output, "float64", 3), 3, rtol=1e-9, atol=1e-12
        )

    @CASES
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_frozen_kernel_makes_the_same_bits(
        self, sizes: tuple[int, ...], activation: str, which: str, output: str, dtype: str
    ):
        outcomes = []
        for epochs in (1, self.LONG):
            q = single_examples(sizes, activation, which, output, dtype, epochs)
            runner = engine("compiled", q)
            results = []
            for epoch in range(3):
                results.append(runner.epoch(order_of(q, epoch), np.zeros(1, bool)))
                Frozen.wait()
            outcomes.append(
                (q.net.theta.tobytes(), [r.loss for r in results], results[-1].gradient_norms.tobytes())
            )
        assert runner.freezing.address is not None
        assert outcomes[0] == outcomes[1]

    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_a_fork_while_the_kernel_is_compiled_trains_as_ever(self):
        q = single_examples((3, 5, 2), "tanh", "adam", "softmax", "float64", self.LONG)
        runner, _ = run("compiled", q, 1)
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply(_train_in_a_child, (0,)) == _train_in_a_child(0)
        Frozen.wait()
        assert runner.freezing.address is not None


class TestDivergence:
    @pytest.mark.parametrize("optimiser", [Adam(lr=3e37), GradientDescent(lr=1e37)], ids=["adam", "plain"])
    def test_the_network_keeps_what_was_before_the_update(self, optimiser: Optimiser):
        make = lambda: problem(sizes=(4, 6, 3), N=200, batch_size=8, optimiser=optimiser, dtype="float32")  # noqa: E731
        q = make()
        with pytest.raises(
            DivergenceError, match=r"diverged at update \d+ \(epoch 1\): .* is no longer finite"
        ) as caught:
            run("compiled", q, 1)
        update = int(re.search(r"update (\d+)", str(caught.value))[1])
        assert np.isfinite(q.net.theta).all()
        again = make()
        runner = engine("compiled", again)
        runner.epoch(order_of(q, 0)[: 8 * (update - 1)], np.zeros(1, bool))
        np.testing.assert_array_equal(q.net.theta, again.net.theta)

    def test_the_message_names_layer_and_column(self):
        q = problem(sizes=(4, 6, 3), dtype="float32")
        q.X[11, 2] = 3e38
        q.net.W[1][:] = 5.0
        with pytest.raises(DivergenceError, match=r"a_1 .*column 3 of X reaches 3e\+38: standardise it"):
            run("compiled", q, 1)

    @pytest.mark.parametrize("batch_size", [1, 8])
    @pytest.mark.parametrize("output", [*OUTPUTS, "huber(2)", "quantile(0.9)"])
    def test_a_logit_that_is_no_number_is_seen_in_every_loss(self, output: str, batch_size: int):
        q = problem(batch_size=batch_size)
        q = replace(q, net=Network(q.net.sizes, "silu", output, dtype="float64"), w=np.ones_like(q.w))
        q.X[:] = np.nan
        assert np.isnan(engine("compiled", q).loss(q.X, q.p, q.w))
        with pytest.raises(DivergenceError, match="diverged at update 1 "):
            run("compiled", q, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 8, 37, 600])
@pytest.mark.parametrize("output", ["absolute_error", "quantile(0.05)", "quantile", "huber", "huber(0.01)"])
def test_losses_with_kinks_are_those_of_the_reference(output: str, batch_size: int, dtype: str):
    def make() -> Problem:
        return problem(N=600, batch_size=batch_size, output=output, dtype=dtype)

    q = make()
    tolerances = {"rtol": 1e-9, "atol": 1e-12} if dtype == "float64" else {"rtol": 2e-3, "atol": 2e-5}
    compare(make, 1, **tolerances)
    q.net.b[3][:] = q.p[0] - (q.net.forward(q.X[:1]).a[3][0] - q.net.b[3])  # e = 0, or nearly so
    c = q.w / q.w.sum()
    assert engine("compiled", q).loss(q.X, q.p, c) == pytest.approx(
        engine("reference", q).loss(q.X, q.p, c), rel=1e-12 if dtype == "float64" else 1e-5
    )


@pytest.mark.parametrize("output", ["absolute_error", "quantile(0.9)", "huber(0.5)"])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_on_the_kink_nothing_moves(output: str, batch_size: int):
    q = problem(sizes=(2, 3), N=2, batch_size=batch_size, output=output, optimiser=named("gradient_descent"))
    q.net.theta = np.zeros(9)
    q.p[:] = 0.0
    _, results = run("compiled", q, 1)
    assert (results[0].loss, results[0].gradient_norms.tolist()) == (0.0, [0.0])
    assert not q.net.theta.any()


@pytest.mark.usefixtures("every_thread_counts")
@pytest.mark.parametrize("case", [{}, {"sizes": (20, 100, 3), "N": 400, "batch_size": 200}], ids=str)
def test_an_interrupted_epoch_visits_nothing(case: dict[str, object]):
    q = problem(**case)
    before = q.net.theta.copy()
    result = engine("compiled", q, 2).epoch(np.arange(len(q.X)), np.ones(1, bool))
    assert (result.examples, result.loss) == (0, 0.0)
    np.testing.assert_array_equal(q.net.theta, before)


def test_predictions_of_many_rows_are_those_of_the_reference():
    for output in [*OUTPUTS, "quantile(0.9)"]:
        net = Network([5, 40, 20, 3], ["gelu", "softplus"], output, seed=1)
        X = np.random.default_rng(0).normal(size=(1001, 5)).astype("float32")
        np.testing.assert_allclose(predict(net, X), net.forward(X).y_hat, rtol=2e-4, atol=1e-6)


def test_memory_that_cannot_be_had_is_asked_about_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(memory, "WORTH_ASKING", 0)
    with pytest.raises(OutOfMemoryError, match="the engine's memory takes about"):
        engine("compiled", problem()).epoch(np.arange(10), np.zeros(1, bool))
