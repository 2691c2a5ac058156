"""The systems that speed.py compares, each behind the same two methods; one process serves one system and one case.

    python benchmarks/systems.py SYSTEM CASE

answers a line of JSON to every line on standard input: "first" (one epoch from the common start; its loss), "run"
(epochs for a while; seconds a step) and "quit". Every system gets the same start, rows, order and Adam, in float32.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

if len(sys.argv) == 3:  # before any library counts the processors
    THREADS = 1 if sys.argv[1].endswith(" 1") else len(os.sched_getaffinity(0))
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(THREADS)

import numpy as np

LR, BETA_1, BETA_2, EPS = 1e-3, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Case:
    """A network, how it is trained, the ratio to reach, and what it is called."""

    name: str
    sizes: list[int]
    activation: str
    batch: int
    steps: int  # of an epoch
    ratio: float
    output: str = "softmax"

    @property
    def parameters(self) -> int:
        return sum((a + 1) * b for a, b in pairwise(self.sizes))

    @property
    def flops(self) -> int:
        """Of the matrix products of a step: forward, dL/dW of every layer, dL/dh of all but the first."""
        products = [a * b for a, b in pairwise(self.sizes)]
        return 2 * self.batch * (3 * sum(products) - products[0])

    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return X, (N, n_0), y, (N,) classes or (N, n_K) numbers, and the order of the rows."""
        rng = np.random.default_rng(0)
        n = self.batch * self.steps
        X = rng.normal(size=(n, self.sizes[0])).astype(np.float32)
        if self.output == "softmax":
            signal = X @ rng.normal(size=(self.sizes[0], self.sizes[-1])) / self.sizes[0] ** 0.5
            y = (signal + 0.5 * rng.normal(size=signal.shape)).argmax(axis=1)
        else:
            y = np.sin(X @ rng.normal(size=(self.sizes[0], self.sizes[-1]))).astype(np.float32)
        return X, y, rng.permutation(n)

    def start(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return W_k, (n_k, n_{k-1}), and b_k, (n_k,)."""
        rng = np.random.default_rng(1)
        shapes = list(zip(self.sizes[1:], self.sizes, strict=False))
        return (
            [(rng.normal(size=s) / s[1] ** 0.5).astype(np.float32) for s in shapes],
            [np.zeros(s[0], np.float32) for s in shapes],
        )


CASES = [
    Case("lecture, one example", [3, 4, 4, 2], "tanh", 1, 4096, 8),
    Case("lecture, batch", [3, 4, 4, 2], "tanh", 32, 512, 5),
    Case("small", [10, 32, 32, 2], "relu", 32, 512, 4),
    Case("table", [30, 128, 64, 2], "relu", 64, 256, 2.2),
    Case("wide table", [54, 256, 256, 7], "relu", 256, 64, 1.35),
    Case("HIGGS net", [28, 300, 300, 300, 300, 300, 2], "tanh", 100, 64, 1.1),
    Case("surrogate, full batch", [4, 32, 16, 4], "tanh", 10_000, 1, 4, "linear"),
    Case("image", [784, 512, 256, 10], "relu", 128, 32, 1.25),
    Case("large", [1000, 2048, 2048, 10], "relu", 1024, 8, 1.05),
]


class Deltarule:
    """Our compiled engine."""

    def __init__(self, case: Case) -> None:
        from deltarule import Network
        from deltarule.engines import Problem, engine
        from deltarule.maths.optimisers import optimiser
        from deltarule.maths.penalties import Penalty
        from deltarule.maths.schedules import Constant

        X, y, self.order = case.data()
        net = Network(case.sizes, activation=case.activation, output=case.output, dtype="float32")
        for k, (W, b) in enumerate(zip(*case.start(), strict=True), 1):
            net.W[k][:], net.b[k][:] = W, b
        X, p, w = net.examples(X, y)
        self.problem = Problem(
            net, X, p, w, case.batch, 10_000, optimiser("adam", lr=LR), Constant(), net.layout.select(None),
            Penalty(), None, None,
        )  # fmt: skip
        self.engine = engine("compiled", self.problem)
        self.never = np.zeros(1, bool)

    def epoch(self) -> None:
        self.engine.epoch(self.order, self.never)

    def loss(self) -> float:
        q = self.problem
        return self.engine.loss(q.X, q.p, q.w / q.w.sum())


class ScikitLearn:
    """MLPClassifier or MLPRegressor; one call of partial_fit is an epoch."""

    def __init__(self, case: Case) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        self.X, self.y, self.order = case.data()
        self.is_classifier = case.output == "softmax"
        self.case = case
        self.model: Any = (MLPClassifier if self.is_classifier else MLPRegressor)(
            hidden_layer_sizes=case.sizes[1:-1], activation=case.activation, alpha=0.0, batch_size=case.batch,
            shuffle=False, learning_rate_init=LR, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPS,
        )  # fmt: skip
        classes = {"classes": np.arange(case.sizes[-1])} if self.is_classifier else {}
        self.model.partial_fit(self.X[: case.batch], self.y[: case.batch], **classes)
        for W, b, new_W, new_b in zip(self.model.coefs_, self.model.intercepts_, *case.start(), strict=True):
            single = len(b) == 1 or (
                self.is_classifier and case.sizes[-1] == 2 and b is self.model.intercepts_[-1]
            )
            W[:] = (new_W[1:] - new_W[:1]).T if single else new_W.T  # two classes: one logit, a_2 - a_1
            b[:] = new_b[1:] - new_b[:1] if single else new_b
        del self.model._optimizer

    def epoch(self) -> None:
        self.model.partial_fit(self.X[self.order], self.y[self.order])

    def loss(self) -> float:
        if self.is_classifier:
            p = self.model.predict_proba(self.X)[np.arange(len(self.y)), self.y]
            return float(-np.log(p).mean())
        return float(((self.model.predict(self.X) - self.y) ** 2).mean())


class PyTorch:
    """Eager mode with the fused Adam."""

    is_compiled = False

    def __init__(self, case: Case) -> None:
        import torch
        from torch import nn

        torch.set_num_threads(THREADS)
        X, y, order = case.data()
        self.torch, self.batch = torch, case.batch
        self.X, self.y, self.order = torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(order)
        layers: list[nn.Module] = []
        for k, (W, b) in enumerate(zip(*case.start(), strict=True), 1):
            layer = nn.Linear(W.shape[1], W.shape[0])
            layer.weight.data[:], layer.bias.data[:] = torch.from_numpy(W), torch.from_numpy(b)
            layers += [layer, nn.Tanh() if case.activation == "tanh" else nn.ReLU()]
            if k == len(case.sizes) - 1:
                layers.pop()
        self.net = nn.Sequential(*layers)
        self.of = nn.functional.cross_entropy if case.output == "softmax" else nn.functional.mse_loss
        adam = torch.optim.Adam(self.net.parameters(), lr=LR, betas=(BETA_1, BETA_2), eps=EPS, fused=True)

        def gradient(X: Any, y: Any) -> None:
            self.of(self.net(X), y).backward()

        if self.is_compiled:
            gradient = torch.compile(gradient)

        def step(X: Any, y: Any) -> None:
            adam.zero_grad()
            gradient(X, y)
            adam.step()

        self.step = step

    def epoch(self) -> None:
        for rows in self.order.split(self.batch):
            self.step(self.X[rows], self.y[rows])

    def loss(self) -> float:
        with self.torch.no_grad():
            return float(self.of(self.net(self.X), self.y))


class PyTorchCompiled(PyTorch):
    """torch.compile of forward and backward."""

    is_compiled = True


class Jax:
    """One jitted scan over the batches of an epoch."""

    def __init__(self, case: Case) -> None:
        import jax
        import jax.numpy as jnp
        import optax

        X, y, order = case.data()
        self.X, self.y = jnp.asarray(X), jnp.asarray(y)
        self.order = jnp.asarray(order.reshape(-1, case.batch))
        g = jnp.tanh if case.activation == "tanh" else jax.nn.relu

        def loss(theta: Any, X: Any, y: Any) -> Any:
            h = X
            for W, b in theta[:-1]:
                h = g(h @ W + b)
            a = h @ theta[-1][0] + theta[-1][1]
            if case.output == "softmax":
                return optax.softmax_cross_entropy_with_integer_labels(a, y).mean()
            return ((a - y) ** 2).mean()

        adam = optax.adam(LR, BETA_1, BETA_2, EPS)

        def epoch(theta: Any, state: Any, X: Any, y: Any, order: Any) -> Any:
            def step(carry: Any, rows: Any) -> Any:
                theta, state = carry
                gradient = jax.grad(loss)(theta, X[rows], y[rows])
                updates, state = adam.update(gradient, state)
                return (optax.apply_updates(theta, updates), state), None

            return jax.lax.scan(step, (theta, state), order)[0]

        self.theta: Any = [(jnp.asarray(W.T), jnp.asarray(b)) for W, b in zip(*case.start(), strict=True)]
        self.state: Any = adam.init(self.theta)
        self.of, self.scan = jax.jit(loss), jax.jit(epoch, donate_argnums=(0, 1))

    def epoch(self) -> None:
        self.theta, self.state = self.scan(self.theta, self.state, self.X, self.y, self.order)
        self.theta[0][0].block_until_ready()

    def loss(self) -> float:
        return float(self.of(self.theta, self.X, self.y))


class NumpyProduct:
    """Not a peer: 2048 x 2048 x 2048 sgemm of NumPy's BLAS on all processors, as the machine's own limit."""

    def __init__(self, case: Case) -> None:
        self.a, self.b, self.c = np.random.default_rng(0).normal(size=(3, 2048, 2048)).astype(np.float32)

    def epoch(self) -> None:
        np.matmul(self.a, self.b, out=self.c)

    def loss(self) -> float:
        return 0.0


class TorchProduct(NumpyProduct):
    """The same with PyTorch's."""

    def __init__(self, case: Case) -> None:
        import torch

        torch.set_num_threads(THREADS)
        super().__init__(case)
        a, b, c = (torch.from_numpy(x) for x in (self.a, self.b, self.c))
        self.epoch: Any = lambda: torch.mm(a, b, out=c)


class Traffic:
    """Not a peer: one pass over as many numbers as theta and Adam's m and v have, read and written, on all threads."""

    def __init__(self, case: Case) -> None:
        self.parts = np.array_split(np.ones(3 * case.parameters, np.float32), THREADS)
        self.pool, self.steps = ThreadPoolExecutor(THREADS), case.steps

    def epoch(self) -> None:
        list(self.pool.map(self.passes, self.parts))

    def passes(self, part: np.ndarray) -> None:
        for _ in range(self.steps):
            np.multiply(part, 1.0, out=part)

    def loss(self) -> float:
        return 0.0


SYSTEMS: dict[str, Callable[[Case], Any]] = {
    "deltarule": Deltarule,
    "scikit-learn": ScikitLearn,
    "PyTorch 1": PyTorch,
    "PyTorch": PyTorch,
    "torch.compile": PyTorchCompiled,
    "JAX": Jax,
}
"""The names end in 1 where one thread is used instead of all."""
PRODUCTS: dict[str, Callable[[Case], Any]] = {"NumPy's sgemm": NumpyProduct, "PyTorch's sgemm": TorchProduct}
TRAFFIC = "traffic"
SECONDS = 0.4
"""How long one answer to "run" lasts at least."""


def main() -> None:
    warnings.filterwarnings("ignore")
    case = next(c for c in CASES if c.name == sys.argv[2])
    answers, sys.stdout = sys.stdout, sys.stderr
    system: Any = None
    for line in sys.stdin:
        answer: dict[str, Any] = {}
        try:
            if line.strip() == "quit":
                break
            if line.strip() == "first":
                system = (SYSTEMS | PRODUCTS | {TRAFFIC: Traffic})[sys.argv[1]](case)
                system.epoch()
                answer = {"loss": system.loss()}
                system.epoch()
            else:
                times: list[float] = []
                while sum(times) < SECONDS:
                    begin = perf_counter()
                    system.epoch()
                    times.append(perf_counter() - begin)
                answer = {"seconds": float(np.median(times))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
