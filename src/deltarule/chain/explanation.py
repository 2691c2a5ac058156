"""explain: every factor of one parameter's derivative, three ways to their product, the proof, and the update."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from deltarule.chain.certificate import Comparison, compare
from deltarule.chain.explained import Explained, Model, Training, explained
from deltarule.chain.labels import Labels
from deltarule.chain.local import arriving, deltas_down_to, multiplier
from deltarule.chain.paths import Path, Paths, sum_over_paths
from deltarule.chain.sizes import Size, sizes, vanishing
from deltarule.chain.update import Update, chosen_training, update
from deltarule.errors import OptionError
from deltarule.maths import jacobians, passes
from deltarule.maths.jacobians import Factor
from deltarule.maths.optimisers import Optimiser, State
from deltarule.network import Floats, Network
from deltarule.options import typed_keywords
from deltarule.parameters import Parameter, Rates

AGREEMENT = 1e-12
"""How far the views may differ, relative to the sum of the magnitudes of all paths."""


@dataclass(frozen=True)
class Step:
    """A factor, and the product of the chain up to it: `so_far`, (N, 1, columns), is called `name`."""

    factor: Factor
    name: str
    so_far: Floats


@dataclass(frozen=True)
class Recursion:
    """dL_n/dw[k,i,j] = delta_k[i] h_{k-1}[j]: what back-propagation computes. delta holds c_n; h is 1 for a bias.

    Of a scale s[j], delta is dL/dh_0[j], and h is x[j].
    """

    delta: Floats
    h: Floats

    @property
    def product(self) -> float:
        return float((self.delta * self.h).sum())


@dataclass(frozen=True)
class Break:
    """The chain, broken at h_m: upstream dL/dh_m, (N, n_m), shared by all below; local dh_m/dw, (N, n_m)."""

    m: int
    upstream: Floats
    local: Floats

    @property
    def products(self) -> Floats:
        """dL_n/dw, (N,)."""
        return (self.upstream * self.local).sum(axis=1)


@dataclass(frozen=True)
class Chain:
    """Why one parameter moves; what `explain` returns.

    Attributes
    ----------
    parameter
        Which one, and `where` in words.
    steps, factors
        The factors in the order of the notes, each with the product up to it.
    product
        dL/dw = sum_n c_n dL_n/dw, multiplied out from the left.
    contributions : (N,) array
        c_n dL_n/dw of every example.
    recursion, paths
        The same derivative by back-propagation and as a sum over paths.
    fused, factored : (N, n_K) arrays
        dL_n/da_K simplified by hand, and as the product of its two factors.
    is_fused
        Whether the factored form could not be used; then the chain begins with dL/da_K, and `note` says why.
    numerical
        Central difference and complex step beside the product, with their errors and the verdict.
    update
        What an optimiser makes of it: of an estimator the one that trained it, from the state in which it ended.
    seen
        The examples as they came, with the names and units of their owner.
    sizes, smallest
        How much every factor lets through, and which the least.
    """

    net: Network
    trace: passes.Trace
    p: Floats
    c: Floats
    parameter: Parameter
    where: str
    labels: Labels
    steps: tuple[Step, ...]
    product: float
    contributions: Floats
    recursion: Recursion
    paths: Paths
    fused: Floats
    factored: Floats
    is_fused: bool
    note: str
    numerical: Comparison
    update: Update
    sizes: tuple[Size, ...]
    loss: float
    seen: Explained
    split_at: int | None = None

    @property
    def target(self) -> str:
        """The target of the one example and what is predicted, in its own units; empty where they are the network's."""
        own = self.seen.own
        if own is None or len(self.p) != 1 or not (own.is_class or own.scale):
            return ""
        true, said = own.y[0], own.decode(self.trace.y_hat)[0]
        if own.is_class:
            return f"{own.name} = {true}, predicted {said}"
        y, y_hat = (f"{float(each):,.6g}" for each in (true, said))
        p, q = (f"{float(each[0, 0]):.4g}" for each in (self.p, self.trace.y_hat))
        error = f"{float(said) - float(true):,.6g}"
        return f"{own.name} = {y} ({own.scale} {p}), predicted {y_hat} ({own.scale} {q}), off by {error}"

    @property
    def cells(self) -> list[str]:
        """The inputs of the example with their own values, as in "age = 39 (standardised 0.03)"; none of several."""
        return [] if self.seen.cells is None or len(self.p) != 1 else self.seen.cells(0)

    @property
    def factors(self) -> list[Factor]:
        return [step.factor for step in self.steps]

    @property
    def smallest(self) -> Size:
        return min(self.sizes, key=lambda size: size.value)

    @property
    def vanishing(self) -> str:
        """How depth, not one factor, makes the derivative vanish; empty where it does not."""
        return vanishing(self.sizes)

    @property
    def views(self) -> dict[str, float]:
        """The derivative by each of the three views."""
        return {
            "product of the factors": self.product,
            "recursion": self.recursion.product,
            "sum over paths": self.paths.total,
        }

    @property
    def views_agree(self) -> bool:
        values = self.views.values()
        return max(values) - min(values) <= AGREEMENT * self.paths.magnitude

    @property
    def passed(self) -> bool:
        """Whether the views agree and the numerical derivatives are the same."""
        return self.views_agree and self.numerical.verdict != "FAIL"

    def way(self, path: Path) -> str:
        """Return a path in words, as in "unit 1 of layer 1 -> output 2"."""
        return " -> ".join(self.labels.unit(k, unit) for k, unit in enumerate(path.units, self.parameter.k))

    def edges(self, path: Path) -> list[str]:
        """Return the weights that a path goes through above the parameter, as in ["w[2,1,1]"]."""
        pairs = enumerate(pairwise(path.units), self.parameter.k + 1)
        return [f"w[{k},{above},{below}]" for k, (below, above) in pairs]

    def split(self, m: int) -> Break:
        """Return the chain broken at the activation h_m, k <= m < K: what lies above it, and what below.

        Raises
        ------
        OptionError
            The parameter does not act through h_m.
        """
        k, K = self.parameter.k, self.net.K
        if not k <= m < K:
            where = f"it acts through h_{k} to h_{K - 1}" if k < K else "it acts on the output layer itself"
            raise OptionError(f"the chain of {self.parameter} cannot be broken at h_{m}: {where}.")
        above = next(step for step in self.steps if step.name == f"dL/dh_{m}")
        local: Floats = np.zeros((len(self.p), self.net.sizes[k]))
        local[:, self.parameter.i - 1] = self.recursion.h
        for layer in range(k, m + 1):
            if layer > k:
                local = local @ self.net.W[layer].T
            if layer > 0:  # s acts on h_0 itself
                local = local * self.net.g[layer].df(self.trace.a[layer])
        return Break(m, above.so_far[:, 0, :], local)

    @cached_property
    def _document(self) -> Any:
        from deltarule.chain.document import document

        return document(self)

    def text(self, *, ascii: bool = False, width: int = 80) -> str:
        """Return the chain for a terminal, in lines of at most `width`; with `ascii` in ASCII alone."""
        from deltarule.chain.text import render

        return render(self._document, width=width, is_ascii=ascii)

    def latex(self, *, standalone: bool = False) -> str:
        """Return the chain as LaTeX `align*` environments, which need amsmath; standalone, as a document."""
        from deltarule.chain.latex import render

        return render(self._document, is_standalone=standalone)

    def html(self) -> str:
        """Return a page with MathML: no script, nothing from elsewhere, every matrix in a <details> of its own."""
        from deltarule.chain.html import page

        return page(self._document)

    def blocks(self) -> list[dict[str, Any]]:
        """Return what `text` says as plain data: sentences, MathML, and matrices as text, large ones elided."""
        from deltarule.chain.blocks import render

        return render(self._document)

    def sections(self) -> dict[str, list[dict[str, Any]]]:
        """Return `blocks` by subject: about, chain, views, paths, break where it is split, proof, update, sizes."""
        from deltarule.chain.blocks import render
        from deltarule.chain.document import sections

        return {name: render(each) for name, each in sections(self).items()}

    def record(self) -> dict[str, Any]:
        """Return everything as plain data, unrounded."""
        at, split = self.parameter, self.split(self.split_at) if self.split_at is not None else None
        return {
            "parameter": str(at),
            "where": self.where,
            "network": self.net.spec(),
            "examples": len(self.p),
            "weights": self.c.tolist(),
            "loss": self.loss,
            "inputs": self.cells,
            "target": self.target,
            "y_hat": self.trace.y_hat.tolist(),
            "derivative": self.product,
            "contributions": self.contributions.tolist(),
            "factors": [
                {
                    "symbol": step.factor.symbol,
                    "part": step.factor.part,
                    "formula": step.factor.formula,
                    "shape": list(step.factor.shape),
                    "is_diagonal": step.factor.is_diagonal,
                    "values": step.factor.values.tolist(),
                    "product_so_far": {"symbol": step.name, "values": step.so_far[:, 0, :].tolist()},
                }
                for step in self.steps
            ],
            "output": {
                "fused": self.fused.tolist(),
                "factored": self.factored.tolist(),
                "is_fused": self.is_fused,
                "note": self.note,
            },
            "views": {**self.views, "agree": self.views_agree},
            "recursion": {"delta": self.recursion.delta.tolist(), "h": self.recursion.h.tolist()},
            "paths": asdict(self.paths),
            "break": split
            and {"at": split.m, "upstream": split.upstream.tolist(), "local": split.local.tolist()},
            "numerical": asdict(self.numerical),
            "update": {**asdict(self.update), "new_w": self.update.new_w},
            "sizes": [asdict(size) for size in self.sizes],
            "smallest": self.smallest.words.replace("`", ""),
            "vanishing": self.vanishing,
            "passed": self.passed,
        }

    def json(self) -> str:
        """Return `record` as JSON; a number that is not finite becomes "inf", "-inf" or "nan"."""
        return json.dumps(_finite(self.record()), indent=2, ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from deltarule.chain.html import fragment

        return fragment(self._document)

    def _repr_latex_(self) -> str:
        from deltarule.chain.latex import equations

        return equations(self._document)


@typed_keywords
def explain(
    model: Model,
    parameter: str,
    x: ArrayLike | Any,
    y: ArrayLike | Any,
    weights: ArrayLike | None = None,
    *,
    split: int | None = None,
    optimiser: str | Optimiser | None = None,
    learning_rate: float | None = None,
    state: State | None = None,
    rates: Rates = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> Chain:
    """Explain the derivative of one parameter: its factors, their product, the proof and the update.

    dL/dw[k,i,j] = dL/dy_hat . dy_hat/da_K . da_K/dh_{K-1} . dh_{K-1}/da_{K-1} ... dh_k/da_k . da_k/dw[k,i,j]
    dL/ds[j]     = dL/dy_hat . dy_hat/da_K . da_K/dh_{K-1} . dh_{K-1}/da_{K-1} ... da_1/dh_0 . dh_0/ds[j]

    Parameters
    ----------
    model
        A Network of any dtype; everything is computed in float64 on its weights. Or a fitted estimator, a TableModel,
        or a Pipeline that ends in an estimator, with the x and y that its `fit` takes.
    parameter
        "w[k,i,j]", layer k, to unit i, from unit j, "b[k,i]", or the scale "s[j]" of input j; counted from 1.
    x, y
        One example, (n_0,) and its target; or a batch, (N, n_0) and its targets, as in `Network.loss`. Of an
        estimator rows of its table, and their labels or values, or the name of the column that has them.
    weights
        Of the examples of a batch, (N,), not negative, in any scale.
    split
        Also break the chain at the activation of this layer, between what all weights below share and the rest.
    optimiser, learning_rate, state
        What would make the update, its alpha, and where it has come to (`Run.state`, of all parameters). Left out, of
        an estimator what trained it, in the state in which it ended, and of a Network plain gradient descent.
    rates
        Factors on alpha by the names of parameters, as in `train`; left out, those of the estimator's training, and of
        a Network `train`'s own.
    inputs, outputs
        Names of the network's inputs and outputs, for the words.

    Returns
    -------
    Chain
        With `factors`, `product`, `numerical`, and as `text()`, `latex()`, `html()` or `json()`.

    Raises
    ------
    OptionError
        There is no such parameter in this network, or no such activation to break at.
    ShapeError, DataError
        x or y do not fit the network.

    Examples
    --------
    The lecture's example: logits (log 4, 0) give y_hat = (0.8, 0.2); the true class is the first.

    >>> net = Network([3, 2], dtype="float64")
    >>> net.W[1][:] = 0
    >>> net.b[1][:] = np.log(4), 0
    >>> chain = explain(net, "w[1,2,3]", [1.0, 2.0, 3.0], 0)
    >>> [factor.symbol for factor in chain.factors]
    ['dL/dy_hat', 'dy_hat/da_1', 'da_1/dw[1,2,3]']
    >>> round(chain.product, 12), chain.numerical.verdict
    (0.6, 'PASS')
    """
    seen = explained(model, x, y, weights)
    exact, n, X, p, c = _in_float64(seen, parameter)
    at = exact.layout.parameter(n)
    labels = Labels(exact, inputs or seen.inputs, outputs or seen.outputs)
    training = chosen_training(seen.training, optimiser, learning_rate, state, exact, rates)
    with np.errstate(all="ignore"):  # the factored form may overflow where the fused one does not
        chain = _explain(exact, at, n, X, p, c, labels, training, split, seen)
    if split is not None:
        chain.split(split)
    return chain


def _explain(
    net: Network,
    at: Parameter,
    n: int,
    X: Floats,
    p: Floats,
    c: Floats,
    labels: Labels,
    training: Training,
    split_at: int | None,
    seen: Explained,
) -> Chain:
    trace = passes.forward(net, X)
    a_K = trace.a[net.K]
    fused = net.output.delta(a_K, p)
    factored = (net.output.dL_dy_hat(a_K, p)[:, None, :] @ net.output.dy_hat_da(a_K))[:, 0, :]
    note = _why_fused(net, trace, p, fused, factored)
    chain = jacobians.factors(net, trace, p, at.k, at.i, at.j, is_fused=bool(note))
    steps = tuple(
        Step(factor, f"dL/{factor.symbol.partition('/')[2]}", so_far)
        for factor, so_far in zip(chain, jacobians.partial_products(chain), strict=True)
    )
    contributions = c * steps[-1].so_far[:, 0, 0]
    product = float(contributions.sum())
    delta_K = c[:, None] * fused
    deltas = deltas_down_to(net, trace, delta_K, at)
    numerical = compare(net, trace, p, c, n, product)
    return Chain(
        net=net,
        trace=trace,
        p=p,
        c=c,
        parameter=at,
        where=labels.parameter(at),
        labels=labels,
        steps=steps,
        product=product,
        contributions=contributions,
        recursion=Recursion(arriving(deltas, at)[:, at.i - 1], multiplier(trace, at)),
        paths=sum_over_paths(net, trace, at, delta_K),
        fused=fused,
        factored=factored,
        is_fused=bool(note),
        note=note,
        numerical=numerical,
        update=update(net, trace, p, c, n, product, training, _weight(seen, len(p))),
        sizes=tuple(sizes(net, trace, deltas, at, contributions, labels)),
        loss=float((c * net.output.loss(a_K, p)).sum()),
        seen=seen,
        split_at=split_at,
    )


def next_update(
    model: Model, parameter: str, x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None
) -> Update:
    """Return what `explain` says of the update alone: a pass forward, and backward as far as the parameter needs."""
    seen = explained(model, x, y, weights)
    net, n, X, p, c = _in_float64(seen, parameter)
    training = chosen_training(seen.training, None, None, None, net)
    with np.errstate(all="ignore"):
        slope = float(net.gradients(X, p, weights=c, only=[net.layout.name(n)]).theta[n])
        return update(net, passes.forward(net, X), p, c, n, slope, training, _weight(seen, len(p)))


def examples_of(
    model: Model, parameter: str, x: ArrayLike, y: ArrayLike, weights: ArrayLike | None
) -> tuple[Network, int, Floats, Floats, Floats]:
    """Return a network in float64, a parameter's place in theta, and the examples X, p and c, as of `explain`."""
    return _in_float64(explained(model, x, y, weights), parameter)


def _in_float64(seen: Explained, parameter: str) -> tuple[Network, int, Floats, Floats, Floats]:
    net = seen.net.astype("float64")
    n = net.layout.find(parameter)
    return net, n, *net.examples(seen.X, _target_of_one(net, seen.X, seen.y), seen.weights)


def _weight(seen: Explained, N: int) -> float:
    """Return the sum of the example weights."""
    return float(N) if seen.weights is None else float(np.sum(seen.weights))


def _target_of_one(net: Network, x: ArrayLike, y: ArrayLike) -> ArrayLike:
    """Return y with an axis for the example, where x is one example and y a target of several numbers."""
    is_one = np.ndim(x) == 1 and np.ndim(y) == 1
    return np.asarray(y)[None, :] if is_one and np.shape(y) == (net.sizes[-1],) != (1,) else y


def _why_fused(net: Network, trace: passes.Trace, p: Floats, fused: Floats, factored: Floats) -> str:
    """Return why the factored form of dL/da_K cannot be used, or nothing."""
    size = np.maximum(np.abs(p), np.abs(trace.y_hat)).max(axis=1, keepdims=True)
    bad = ~(np.abs(factored - fused) <= AGREEMENT * np.maximum(size, np.abs(fused)))
    if not bad.any():
        return ""
    row = int(np.argmax(bad.any(axis=1)))
    of = f" of example {row + 1}" if len(p) > 1 else ""
    dL = net.output.dL_dy_hat(trace.a[net.K][row : row + 1], p[row : row + 1])[0]
    i = int(np.argmax(np.abs(dL)))
    value = float(trace.y_hat[row, i])
    what = "underflows" if value < 1e-300 else "overflows" if not np.isfinite(value) else "is rounded"
    return (
        f"`y_hat_{i + 1}`{of} {what} (it is {value:.3g}, so `dL/dy_hat_{i + 1}` = {float(dL[i]):.3g}): "
        f"the factored form gives {float(factored[row][bad[row]][0]):.3g}, and the fused form is used."
    )


def _finite(value: object) -> object:
    """Return plain data with the numbers that JSON does not know as text."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in cast(dict[str, object], value).items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in cast(list[object], value)]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
