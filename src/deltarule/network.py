"""Network: the sizes, the functions, and one flat theta with views by layer.

A Network knows its mathematics and nothing of what is done with it: training, explaining, checking and
saving are functions of other rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.binned import Binned
from deltarule.errors import DataError, OptionError, ShapeError
from deltarule.maths import passes
from deltarule.maths.activations import Activation, activation
from deltarule.maths.arrays import Array
from deltarule.maths.initial import initial
from deltarule.maths.output import Output
from deltarule.maths.outputs import output
from deltarule.maths.passes import Gradients, Layers, Trace
from deltarule.memory import SMALLER, require_network, room_for
from deltarule.options import NETWORK, is_several, typed_keywords
from deltarule.parameters import Layout, Only
from deltarule.sparse import canonical, is_sparse
from deltarule.spelling import plural

Floats: TypeAlias = NDArray[Any]
"""A NumPy array of float32 or float64."""


class Network:
    """A feed-forward network a_k = W_k h_{k-1} + b_k, h_k = g_k(a_k), y_hat = O(a_K).

    h_0 = x, or s * x with a scale for every input.

    Parameters
    ----------
    sizes
        n_0, ..., n_K: the number of inputs, the units of every hidden layer, the number of outputs.
    activation
        One name for all hidden layers, or one for each; see `deltarule.maths.activations`.
    output
        "linear" (mean squared error), "softmax" (cross entropy), "sigmoid" (binary cross entropy, one per
        label), "poisson" (log link), "gaussian" (half squared error, summed over outputs), "absolute_error",
        "huber(d)" (squared up to errors of d, linear beyond; "huber" is d = 1) or "quantile(q)" (pinball
        loss, whose y_hat is the q-quantile; "quantile" is q = 0.5; "quantile(0.1, 0.9)" has two units for each target).
        None takes "linear" for one output, "softmax" for more.
    seed
        Starting weights are drawn from this seed; biases start at 0.
    dtype
        "float32" or "float64".
    initial
        "glorot", "he" or "lecun"; None chooses by the activation that follows each layer.
    scale
        Whether every input has a scale that is learnt, h_0 = s * x; all scales start at 1.

    Attributes
    ----------
    theta : (P,) array
        All parameters, [W_1, b_1, ..., W_K, b_K], and s. Assigning copies into the same buffer.
    W, b : tuples of arrays
        Views of theta: W[k] is (n_k, n_{k-1}) and b[k] is (n_k,), for k = 1..K; index 0 is None.
    s : (n_0,) array or None
        A view of theta: the scale of every input; None without.
    g : tuple of Activation
        The activation of hidden layer k is g[k].

    Raises
    ------
    OptionError
        Sizes are not positive whole numbers, a name is unknown, or an output's number is outside its range.
    OutOfMemoryError
        The parameters do not fit into memory.

    Examples
    --------
    >>> net = Network([3, 4, 4, 2], activation="tanh", output="softmax", seed=0)
    >>> net
    Network([3, 4, 4, 2], activation='tanh', output='softmax', dtype='float32')  # 46 parameters
    >>> net.forward([[0.1, 0.2, 0.3]]).y_hat.shape
    (1, 2)
    """

    @typed_keywords
    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "tanh",
        output: str | None = None,
        seed: int = 0,
        dtype: str = "float32",
        initial: str | None = None,
        scale: bool = False,
    ) -> None:
        self.layout = Layout(NETWORK["sizes"].check(sizes), has_scale=NETWORK["scale"].check(scale))
        self.g = _hidden_activations(activation, self.K)
        self.output = _output(("softmax" if self.sizes[-1] > 1 else "linear") if output is None else output)
        if self.sizes[-1] < self.output.fewest_units:
            raise OptionError(
                f"a {output} output needs at least {self.output.fewest_units} units, one per class; "
                f'got {self.sizes[-1]}. For a single probability use output="sigmoid".'
            )
        if self.sizes[-1] % max(len(self.output.numbers), 1):
            raise OptionError(
                f"a {output} output needs {len(self.output.numbers)} units for every target, one for each number; got "
                f"{self.sizes[-1]}."
            )
        chosen = _dtype(dtype)
        require_network(self.sizes, chosen.itemsize)
        with room_for(f"the network of {plural(self.layout.size, 'parameter')}", SMALLER):
            self._theta: Floats = np.zeros(self.layout.size, chosen)
            self._take_views()
            self._begin(seed, initial)

    def _begin(self, seed: int, initial: str | None) -> None:
        """Draw the starting weights; scales are 1."""
        self._theta[self.layout.s] = 1.0
        rng = np.random.default_rng(NETWORK["seed"].check(seed))
        for k in range(1, self.K + 1):
            name = (self.g[k].initial if k < self.K else "glorot") if initial is None else initial
            self.W[k][:] = _initial(name)(rng, self.sizes[k], self.sizes[k - 1])

    def _take_views(self) -> None:
        W, b = self.layout.split(self._theta)
        self.W, self.b, self.s = tuple(W), tuple(b), self.layout.scale_of(self._theta)

    @property
    def sizes(self) -> tuple[int, ...]:
        """n_0, ..., n_K."""
        return self.layout.sizes

    @property
    def K(self) -> int:
        """The number of layers."""
        return self.layout.K

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._theta.dtype

    @property
    def theta(self) -> Floats:
        return self._theta

    @theta.setter
    def theta(self, value: ArrayLike) -> None:
        new = np.asarray(value)
        if new.shape != self._theta.shape:
            raise ShapeError(f"theta has shape {self._theta.shape}; the new value has {new.shape}.")
        self._theta[:] = new

    # The mathematics, on checked arrays ---------------------------------------------------------------

    def forward(self, X: ArrayLike) -> Trace:
        """Return every a_k, h_k and y_hat.

        a_k = W_k h_{k-1} + b_k;  h_k = g_k(a_k);  y_hat = O(a_K);  h_0 = x, or s * x

        Parameters
        ----------
        X
            (N, n_0), or (n_0,) for one example.

        Raises
        ------
        ShapeError, DataError
            X has another width, or holds something that is not a finite number.
        """
        return passes.forward(self, self.inputs(X))

    def predict(self, X: ArrayLike) -> Floats:
        """Return y_hat, (N, n_K): target values, or probabilities."""
        return self.forward(X).y_hat

    def loss(self, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> float:
        """Return sum_n c_n L_n, where c are the example weights scaled to sum to 1 (1/N left out).

        Parameters
        ----------
        X
            (N, n_0), or (n_0,) for one example.
        y
            Class numbers from 0, (N,), or distributions, (N, n_K), for softmax; else values (N, n_K), or (N,)
            where n_K = 1.
        weights
            (N,), not negative, in any scale.

        >>> net = Network([3, 4, 4, 2])
        >>> net.theta = np.zeros(46)
        >>> round(net.loss([[0.1, 0.2, 0.3]], [1]), 6)  # log 2
        0.693147
        """
        X_, p, c = self.examples(X, y, weights)
        return float(passes.loss(self, X_, p, c))

    def gradients(
        self, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None, only: Only = None
    ) -> Gradients:
        """Return the loss and its derivatives by y_hat, a_k, h_k, W_k, b_k, s and theta.

        dL/da_K = dL/dy_hat . dy_hat/da_K;  dL/dh_k = W_{k+1}^T dL/da_{k+1};
        dL/da_k = dL/dh_k * g'_k(a_k);  dL/dW_k = dL/da_k h_{k-1}^T;  dL/db_k = dL/da_k;  dL/ds = dL/dh_0 * x

        Parameters
        ----------
        X, y, weights
            As in `loss`.
        only
            Names of arrays and of single parameters, ["W[3]", "b[3]", "w[1,1,1]", "s"], or a mask over theta.
            Nothing below the lowest layer named is computed, and of a dL/dW_k only the rows and columns
            that have a parameter in them.

        Examples
        --------
        The lecture's example: logits (log 4, 0) give y_hat = (0.8, 0.2); the true class is the first.

        >>> net = Network([3, 2], dtype="float64")
        >>> net.W[1][:] = 0
        >>> net.b[1][:] = np.log(4), 0
        >>> grad = net.gradients([[1.0, 0.0, 0.0]], [0])
        >>> round(grad.loss, 5), grad.y_hat.round(4), grad.a[1].round(4)
        (0.22314, array([[-1.25,  0.  ]]), array([[-0.2,  0.2]]))
        """
        selection = self.layout.select(only)
        X_, p, c = self.examples(X, y, weights)
        trace = passes.forward(self, X_)
        a_K = trace.a[self.K]
        delta = passes.delta_K(self, trace, p, c)
        deltas = passes.backward(
            self, trace, delta, selection.W, selection.b, selection.units, selection.inputs,
            learn_s=selection.s,
        )  # fmt: skip
        dW, db, ds = self.layout.spread(deltas.W, deltas.b, deltas.s, selection)
        lowest = 0 if selection.s else min(selection.W | selection.b)
        partial = lowest if lowest in selection.units else None
        return Gradients(
            loss=float((c * self.output.loss(a_K, p)).sum()),
            y_hat=c[:, None] * self.output.dL_dy_hat(a_K, p),
            a=_without(deltas.a, partial),
            h=_without(deltas.h, partial),
            W=dW,
            b=db,
            theta=self.layout.join(dW, db, ds, like=self._theta),
            s=ds,
        )

    def per_example_gradients(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """Return dL_n/dtheta of every example, (N, P); the mean of its rows is `gradients(X, y).theta`."""
        return passes.per_example(*self._per_example_passes(X, y))

    def gradient_norms(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """Return ||dL_n/dtheta||_2 of every example, (N,), without forming a gradient.

        ||dL_n/dtheta||^2 = sum_k ||delta_k||^2 (||h_{k-1}||^2 + 1), and ||dL/dh_0 * x||^2 of the scales
        """
        return passes.per_example_norms(*self._per_example_passes(X, y))

    def _per_example_passes(self, X: ArrayLike, y: ArrayLike) -> tuple[Trace, passes.Deltas]:
        X_, p, _ = self.examples(X, y)
        trace = passes.forward(self, X_)
        delta = self.output.delta(trace.a[self.K], p)
        return trace, passes.backward(self, trace, delta, (), {1}, learn_s=self.s is not None)

    def at(self, theta: Array) -> Layers:
        """Return the same network with other parameters of any dtype, complex included, (P,)."""
        W, b = self.layout.split(theta)
        return Layers(W, b, self.g, self.output, self.layout.scale_of(theta))

    # What comes in -----------------------------------------------------------------------------------

    def examples(
        self, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None, *, may_be_sparse: bool = False
    ) -> tuple[Any, Floats, Floats]:
        """Return X (N, n_0), targets p (N, n_K) and weights c (N,), checked and in the network's dtype."""
        X_ = self.inputs(X, may_be_sparse=may_be_sparse)
        p = self.targets(y)
        N: int = X_.shape[0]
        if len(p) != N:
            raise ShapeError(
                f"X has {plural(N, 'row')} and y has {len(p):,}; they must be the same examples."
            )
        return X_, p, self.weights(weights, N)

    def inputs(self, X: ArrayLike, *, may_be_sparse: bool = False) -> Any:
        """Return X as (N, n_0) in the network's dtype; one example may come as (n_0,).

        One of SciPy's sparse arrays becomes a matrix, unless `may_be_sparse`: then a CSR array in canonical form;
        what is in bins remains so then.
        """
        if is_sparse(X):
            return self._of_sparse(X, may_be_sparse)
        given = _numbers(X, "X")
        rows = given[None, :] if given.shape == (self.sizes[0],) else given
        if rows.ndim != 2 or rows.shape[1] != self.sizes[0]:
            raise ShapeError(f"X has shape {rows.shape}; this network takes (N, {self.sizes[0]}).")
        if len(rows) == 0:
            raise DataError("X has no rows; give at least one example.")
        with np.errstate(over="ignore"):  # refused by name on the next line
            rows = np.ascontiguousarray(rows, dtype=self.dtype)
        if not np.isfinite(rows).all():
            row, column = np.argwhere(~np.isfinite(rows))[0]
            raise self._refusal(rows[row, column], row, column)
        return rows

    def _refusal(self, value: Any, row: int, column: int) -> DataError:
        return DataError(
            f"X is {value} at row {row + 1:,}, column {column + 1:,} (counted from 1); "
            f"every value must be a finite {self.dtype} number."
        )

    def _of_sparse(self, X: Any, may_be_sparse: bool) -> Any:
        if X.shape[0] == 0 or X.shape[1] != self.sizes[0]:  # said as of any
            return self.inputs(np.zeros(X.shape, self.dtype))
        if not may_be_sparse:
            return self.inputs(X.toarray())
        with np.errstate(over="ignore"):  # refused by name on the next line
            rows = canonical(X, self.dtype)
        if isinstance(rows, Binned):
            if not np.isfinite(rows.values).all():
                row, n = np.argwhere(~np.isfinite(rows.values))[0]
                raise self._refusal(rows.values[row, n], row, int(rows.places[row, n]))
            return rows
        if not np.isfinite(rows.data).all():
            n = int(np.argmin(np.isfinite(rows.data)))
            row = int(np.searchsorted(rows.indptr, n, "right")) - 1
            raise self._refusal(rows.data[n], row, int(rows.indices[n]))
        return rows

    def targets(self, y: ArrayLike) -> Floats:
        """Return y as the (N, n_K) targets of the output, in the network's dtype."""
        y_ = np.atleast_1d(_numbers(y, "y"))
        return self.output.targets(y_, self.sizes[-1]).astype(self.dtype, order="C")

    def weights(self, weights: ArrayLike | None, N: int) -> Floats:
        """Return the example weights c, (N,), which sum to 1."""
        if weights is None:
            return np.full(N, 1.0 / N, self.dtype)
        w = np.asarray(_numbers(weights, "weights"), np.float64)
        if w.shape != (N,):
            raise ShapeError(f"weights have shape {w.shape}; expected one per example, ({N},).")
        if not np.isfinite(w).all() or (w < 0).any() or not (w > 0).any():
            raise DataError("weights must be finite, not negative, and not all 0.")
        w = w / w.max()  # so that the sum cannot overflow
        return (w / w.sum()).astype(self.dtype)

    # Copies ------------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        """Return what, beside theta, makes this network: arguments for `Network`, ready for JSON."""
        return {
            "sizes": list(self.sizes),
            "activation": [g.name for g in self.g[1:]],
            "output": str(self.output),
            "dtype": str(self.dtype),
            **({"scale": True} if self.s is not None else {}),
        }

    def astype(self, dtype: str) -> Network:
        """Return a copy in another dtype."""
        return _rebuild({**self.spec(), "dtype": dtype}, self._theta, self.g, self.output)

    def linear(self) -> Network:
        """Return a copy with a linear output, which predicts a_K."""
        return _rebuild({**self.spec(), "output": "linear"}, self._theta, self.g, output("linear"))

    def resized(self, sizes: Sequence[int]) -> Network:
        """Return a network of other sizes, as many of them, with the same functions, no scale, and all parameters 0."""
        spec = {**self.spec(), "sizes": list(sizes), "scale": False}
        return _rebuild(spec, np.zeros(Layout(sizes).size), self.g, self.output)

    def on_nodes(self, X: Binned) -> Network:
        """Return a network that says of the nodes of X, (N, m + n), what this one says of X: without scales."""
        W_1 = X.sums(self.W[1] if self.s is None else self.W[1] * self.s)
        net = self.resized([W_1.shape[1], *self.sizes[1:]])
        net.theta = np.concatenate([W_1.ravel(), self._theta[self.layout.b[1].start : self.layout.s.start]])
        return net

    def copy(self) -> Network:
        """Return a network with the same parameters in a buffer of its own."""
        return _rebuild(self.spec(), self._theta, self.g, self.output)

    def __reduce__(self) -> tuple[Any, ...]:
        # So that copies and pickles keep views and buffer one.
        return _rebuild, (self.spec(), self._theta, self.g, self.output)

    def __repr__(self) -> str:
        names = [g.name for g in self.g[1:]]
        shown = (
            ""
            if not names
            else f"activation={names[0]!r}, "
            if len(set(names)) == 1
            else f"activation={names}, "
        )
        scale = "" if self.s is None else ", scale=True"
        return (
            f"Network({list(self.sizes)}, {shown}output={str(self.output)!r}, "
            f"dtype={str(self.dtype)!r}{scale})  # {plural(self.layout.size, 'parameter')}"
        )


def _rebuild(
    spec: dict[str, Any], theta: Floats, g: tuple[Activation, ...] | None = None, output: Output | None = None
) -> Network:
    """Return a network of the same functions, the very objects where they are given: a name may be another's by now."""
    if g is None or output is None:
        net = Network(**spec)
    else:
        net = Network(
            spec["sizes"], "identity", "linear", dtype=spec["dtype"], scale=spec.get("scale", False)
        )
        net.g, net.output = g, output
    net.theta = theta
    return net


def _without(arrays: Sequence[Array], k: int | None) -> list[Array]:
    """Return a list of arrays by layer with None in place k, if there is one."""
    return [None if m == k else array for m, array in enumerate(arrays)]


# The constructor's arguments carry the names of these functions.
_output, _initial = output, initial


def _dtype(dtype: Any) -> np.dtype[Any]:
    """Return float32 or float64, which may come by name or as NumPy's type or dtype."""
    name = dtype.name if isinstance(dtype, np.dtype) else dtype.__name__ if isinstance(dtype, type) else dtype
    return np.dtype(NETWORK["dtype"].check(name))


def _hidden_activations(names: Any, K: int) -> tuple[Activation, ...]:
    """Return g with g[k] for k = 1..K-1; index 0 holds the identity, since nothing is between h_0 and a_1."""
    each = [activation(name) for name in names] if is_several(names) else [activation(names)] * (K - 1)
    if len(each) != K - 1:
        raise OptionError(
            f"{len(each)} activations were given for {K - 1} hidden layers; give one name, or one each."
        )
    return (activation("identity"), *each)


def _numbers(values: ArrayLike, what: str) -> NDArray[Any]:
    """Return values as an array of real numbers."""
    try:
        array = np.asarray(values)
        if array.dtype == object:
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} is not an array of numbers: {error}.") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} has dtype {array.dtype}; expected real numbers.")
    return array.astype(np.float64) if array.dtype.kind == "b" else array
