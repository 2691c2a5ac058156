"""MLPClassifier and MLPRegressor: scikit-learn's classes, trained by deltarule.

They are subclasses of scikit-learn's, which owns the parameters, the checks of what comes in, the messages, and the
meaning of every attribute. What is replaced is the work: `Descent` learns on deltarule's engine, predictions run on
it, and `net_` is the network behind it all. What scikit-learn does not have is added beside.
"""

# pyright: basic, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false
# scikit-learn's classes carry no types.

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cache, update_wrapper
from numbers import Integral, Real
from types import MethodType
from typing import Any, ClassVar, Self

import numpy as np
import sklearn.neural_network
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from deltarule.chain.explained import Explained
from deltarule.engines import predict
from deltarule.errors import OptionError
from deltarule.estimators.descent import SKLEARN_RATES, Descent, numbers, threads
from deltarule.estimators.display import Plotted
from deltarule.estimators.held import Scorer, eval_set_of, split
from deltarule.estimators.labels import binarised, times
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.schedules import SCHEDULES, Schedule
from deltarule.memory import require_network
from deltarule.network import Floats, Network
from deltarule.options import Option, is_finite, is_several, named, shown, typed_keywords
from deltarule.parameters import Only
from deltarule.training import Listener

Base = sklearn.neural_network._multilayer_perceptron.BaseMultilayerPerceptron

SHARE = Interval(Real, 0, 1, closed="left")
ABOVE_0 = Interval(Real, 0, None, closed="neither")


HIDDEN = Option("hidden_layer_sizes", "whole", several="list")


class _UnavailableError(AttributeError, ValueError):
    """A method is not there with these parameters; scikit-learn raises the one or the other of its parents."""


class _Incremental:
    """A method that is there only with the stochastic solvers and without early stopping."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        update_wrapper(self, function)  # pyright: ignore[reportArgumentType]

    def __get__(self, estimator: Any, owner: Any = None) -> Any:
        if estimator is None:
            return self.function
        if estimator.solver == "lbfgs":
            raise _UnavailableError(
                f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
            )
        if estimator.early_stopping:
            raise _UnavailableError("partial_fit does not support early_stopping=True")
        return MethodType(self.function, estimator)


class _MLP(Base, Plotted):
    """What both have in common."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Base._parameter_constraints,
        "activation": [StrOptions({"logistic", *ACTIVATIONS}), "array-like"],
        "learning_rate": [StrOptions({*SKLEARN_RATES, *SCHEDULES}), callable],
        "dropout": [SHARE, "array-like"],
        "clip_norm": [ABOVE_0, None],
        "clip_value": [ABOVE_0, None],
        "trainable": [str, "array-like", None],
        "listeners": ["array-like"],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    }

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        return super()._get_param_names()  # reads the signature, which takes as long as three epochs on iris

    def _set_new(self, **parameters: Any) -> None:
        """Take over the parameters that scikit-learn does not have."""
        for name, value in parameters.items():
            setattr(self, name, value)

    @property
    def net_(self) -> Network:
        """The network with the estimator's weights, for explain, check and gradients.

        Its inputs are the columns of X, its targets those of the estimator: class numbers or, for two classes and
        for several labels, 0 and 1.
        """
        check_is_fitted(self)
        return self._network()

    def explained(self, X: Any, y: Any, weights: Any = None, *, table: Any = None) -> Explained:
        """Return what `explain`, `check`, `pullers` and `suspects` look at, of X and y as in `fit`."""
        from deltarule.estimators.explained import explained

        check_is_fitted(self)
        return explained(self, X, y, weights, table)

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Return an estimator with the parameters, weights and attributes of a fitted one of scikit-learn.

        Raises
        ------
        OptionError
            It is no estimator of scikit-learn's class of this name.
        NotFittedError
            It is not fitted.

        Examples
        --------
        >>> import sklearn.neural_network
        >>> theirs = sklearn.neural_network.MLPRegressor(max_iter=1000, tol=0.1).fit([[0.0], [1.0]], [0.0, 1.0])
        >>> ours = MLPRegressor.from_sklearn(theirs)
        >>> bool(np.allclose(ours.predict([[0.5]]), theirs.predict([[0.5]]), rtol=1e-12))
        True
        """
        expected = getattr(sklearn.neural_network, cls.__name__)
        if not isinstance(fitted, expected):
            raise OptionError(
                f"{cls.__name__}.from_sklearn takes a fitted sklearn.neural_network.{cls.__name__}, "
                f"not {type(fitted).__name__}."
            )
        check_is_fitted(fitted)
        taken = cls(**fitted.get_params(deep=False))
        vars(taken).update(copy.deepcopy(vars(fitted)))
        vars(taken).setdefault("validation_loss_curve_", None)
        return taken

    # Fitting --------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        eval_set: Sequence[Any] | None = None,
        eval_metric: str | Scorer | None = None,
    ) -> Self:
        """Learn from the rows of X, and return self.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Numbers; float32 is kept, all else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, label indicators, or target values.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each example counts, in validation too.
        eval_set : tuple (X, y) or (X, y, sample_weight), default=None
            Examples to watch: their loss goes to `validation_loss_curve_`. With early_stopping they take the place
            of the part held out.
        eval_metric : str or callable, default=None
            What early stopping goes by, and what `validation_scores_` holds: the name of a scorer of scikit-learn,
            a scorer (estimator, X, y) -> float of which more is better, or "loss" (its negative). None is the
            estimator's own score, and the loss where that is an absolute error, Huber's or a quantile's.

        Raises
        ------
        ValueError
            Something given is wrong; scikit-learn's own messages where it has one.
        """
        return self._fit(X, y, sample_weight, eval_set=eval_set, eval_metric=eval_metric)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        incremental: bool = False,
        eval_set: Sequence[Any] | None = None,
        eval_metric: str | Scorer | None = None,
    ) -> Self:
        hidden = HIDDEN.check(self.hidden_layer_sizes)
        if any(n <= 0 for n in hidden):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        is_first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._validate_input(X, y, incremental, reset=is_first)
        given = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        targets = y.reshape((-1, 1)) if y.ndim == 1 else y
        self.n_outputs_ = targets.shape[1]
        self._random_state = check_random_state(self.random_state)
        if is_first:
            self._initialize(targets, [X.shape[1], *hidden, self.n_outputs_], X.dtype)
        held = None if eval_set is None else eval_set_of(self, eval_set)
        if eval_metric is not None and held is None and not self.early_stopping:
            raise OptionError("eval_metric needs examples to judge: give eval_set, or early_stopping=True.")
        factors = self._class_factors(targets, given, incremental)
        weights = times(given, factors, targets)
        if held is not None:
            held.weights = times(held.weights, factors, held.targets)
        elif self.early_stopping:
            (X, targets, weights), held = split(self, X, targets, weights)
        if is_first or self.validation_loss_curve_ is None:
            self.validation_loss_curve_ = None if held is None else []
        if eval_metric is not None and self.validation_scores_ is None:
            self.validation_scores_ = []
        Descent(self, X, targets, weights, held, eval_metric, is_incremental=incremental).run()
        return self

    def _validate_params(self) -> None:
        """Refuse wrong parameters as scikit-learn does, and what its checks let through or break at."""
        given = self.get_params(deep=False)
        for name, value in given.items():
            if isinstance(value, int) and not is_finite(value):
                raise OptionError(f"{name} is {shown(value)}; it must be something that float64 can hold.")
        super()._validate_params()
        for name in self._activations():
            named("activation", name, {"logistic": None, **ACTIVATIONS})

    def _activations(self) -> list[str]:
        """Return the names of activations: one for every hidden layer, or the only one of all."""
        return list(self.activation) if is_several(self.activation) else [self.activation]

    def _initialize(self, y: NDArray[Any], layer_units: list[int], dtype: Any) -> None:
        require_network(layer_units, np.dtype(dtype).itemsize)
        super()._initialize(y, layer_units, dtype)
        self._network()  # refuses activations that do not fit, before anything is learnt
        if self.solver == "lbfgs":
            self.loss_curve_, self._no_improvement_count = [], 0
            self.validation_scores_ = [] if self.early_stopping else None
            self.best_validation_score_ = -np.inf if self.early_stopping else None

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[Floats, Floats]:
        """Draw the starting weights of the next layer, as scikit-learn does for its activation."""
        names = self._activations()
        name = names[min(len(self.coefs_), len(names) - 1)] if names else "identity"
        bound = np.sqrt((2.0 if name in ("logistic", "sigmoid") else 6.0) / (fan_in + fan_out))
        W = self._random_state.uniform(-bound, bound, (fan_in, fan_out))
        b = self._random_state.uniform(-bound, bound, fan_out)
        return W.astype(dtype, copy=False), b.astype(dtype, copy=False)

    def _class_factors(
        self, targets: NDArray[Any], weights: NDArray[Any] | None, incremental: bool
    ) -> list[NDArray[np.float64]] | None:
        """Return by what the examples of each class are multiplied: a factor for each class, label by label."""
        return None

    # The network ----------------------------------------------------------------------------------------

    def _network(self) -> Network:
        """Return a network with the weights of coefs_ and intercepts_."""
        coefs = self.coefs_
        ours = ["sigmoid" if name == "logistic" else name for name in self._activations()]
        net = Network(
            [coefs[0].shape[0], *(len(b) for b in self.intercepts_)],
            ours if is_several(self.activation) else ours[0],
            self._output,
            dtype=str(np.result_type(*coefs)),
            initial="zeros",
        )
        for k, (coef, intercept) in enumerate(zip(coefs, self.intercepts_, strict=True), start=1):
            net.W[k][:], net.b[k][:] = coef.T, intercept
        return net

    @property
    def _output(self) -> str:
        """The network's output function with its loss."""
        return {"logistic": "sigmoid", "softmax": "softmax"}[self.out_activation_]

    @property
    def _stops_by_loss(self) -> bool:
        """Whether early stopping goes by the loss where no metric is given."""
        return False

    def _forward_pass_fast(self, X: Any, check_input: bool = True) -> Floats:
        if check_input:
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        net = self._network()
        return predict(net, numbers(X, net.dtype), threads(self))


class MLPClassifier(_MLP, sklearn.neural_network.MLPClassifier):
    """Classify with a multi-layer perceptron: scikit-learn's estimator, learning on deltarule's engine, and more.

    L = -sum_i p_i log y_hat_i + alpha/2 sum w^2 / N, y_hat the softmax of the logits (for two classes, and for every
    label of several, the sigmoid).

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of ints, default=(100,)
        Units of each hidden layer.
    activation : str or list of str, default="relu"
        "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu" or "softplus": one for
        all hidden layers, or one for each.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        Adam, gradient descent with momentum, or L-BFGS, a full-batch method good for small tables.
    alpha : float, default=0.0001
        Strength of the L2 penalty on the weights.
    batch_size : int or "auto", default="auto"
        Examples an update; "auto" is min(200, n_samples).
    learning_rate : str or Schedule, default="constant"
        "constant", "invscaling" and "adaptive" are scikit-learn's, and for "sgd" alone; "step", "exponential",
        "inverse_time", "cosine", "one_cycle" and objects of `deltarule.maths.schedules` work with "adam" too.
    learning_rate_init : float, default=0.001
        The learning rate that the schedule scales.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        The most epochs, or iterations of L-BFGS.
    shuffle : bool, default=True
        Visit the examples in a new order every epoch.
    random_state : int, RandomState or None, default=None
        Of the starting weights, the order of the examples, the part held out and dropout.
    tol : float, default=1e-4
        What counts as progress of the loss or score.
    verbose : bool, default=False
        Print the loss of every epoch.
    warm_start : bool, default=False
        `fit` goes on from the weights of the fit before.
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Of "sgd".
    early_stopping : bool, default=False
        Watch the score of held-out examples, or of `eval_set`, stop when it stalls, and restore the best weights;
        with every solver.
    validation_fraction : float, default=0.1
        Share of the examples that early stopping holds out.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999 and 1e-8
        Of "adam".
    n_iter_no_change : int, default=10
        Epochs without progress after which to stop.
    max_fun : int, default=15000
        The most evaluations of the loss by "lbfgs".
    class_weight : dict, list of dicts, "balanced" or None, default=None
        How much the examples of each class count: a weight by class, or in inverse proportion to their number. With
        several labels, one dict for all, or one for each.
    dropout : float or array-like of floats, default=0.0
        Share of the units of every hidden layer, or of each, that an update leaves out.
    label_smoothing : float, default=0.0
        Share of a target's probability that is spread evenly over the classes while learning.
    clip_norm, clip_value : float or None, default=None
        Longest gradient (2-norm over all parameters), and largest entry of it.
    trainable : str, list of str, mask or None, default=None
        What learns: names such as "W[2]", "b[2]" and "w[1,3,2]" of `net_`, or a mask over theta; None is all.
    listeners : sequence of callables, default=()
        Called with every event of the run (`deltarule.training.Event`); one that returns a reason ends it.
    n_threads : int or None, default=None
        How many threads work; None is one or one each processor, whichever is faster, and fewer where joblib or
        OMP_NUM_THREADS says so. The result is the same for any.

    Attributes
    ----------
    classes_ : ndarray or list of ndarrays
        Class labels, in the order of the outputs.
    coefs_, intercepts_ : lists of ndarrays
        W_k^T, (n_{k-1}, n_k), and b_k, (n_k,).
    loss_, best_loss_ : float
        The last and the least of `loss_curve_`; best_loss_ is None with early stopping.
    loss_curve_ : list of float
        Loss with its penalty of every epoch, as the updates saw it.
    validation_loss_curve_ : list of float or None
        Loss of the examples watched after every epoch.
    validation_scores_ : list of float or None
        Their scores, with early stopping or an eval_metric.
    best_validation_score_ : float or None
        The best of them, with early stopping.
    net_ : Network
        The network behind the estimator, for `explain`, `check` and `gradients`.
    n_features_in_, feature_names_in_, n_iter_, n_layers_, n_outputs_, out_activation_, t_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95, model.net_.sizes
    (True, (4, 100, 3))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_MLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "label_smoothing": [SHARE],
    }

    @typed_keywords
    def __init__(
        self,
        hidden_layer_sizes: int | ArrayLike = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        class_weight: dict[Any, float] | list[dict[Any, float]] | str | None = None,
        label_smoothing: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        trainable: Only = None,
        listeners: Sequence[Listener] = (),
        n_threads: int | None = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )
        self._set_new(
            class_weight=class_weight,
            label_smoothing=label_smoothing,
            dropout=dropout,
            clip_norm=clip_norm,
            clip_value=clip_value,
            trainable=trainable,
            listeners=listeners,
            n_threads=n_threads,
        )

    @_Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> Self:
        """Learn for one epoch, from the weights as they are, and return self.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All classes there will ever be; needed in the first call.
        """
        partial_fit = sklearn.neural_network.MLPClassifier.__dict__["partial_fit"].fn
        return partial_fit(self, X, y, sample_weight, classes)

    def _validate_input(
        self, X: Any, y: Any, incremental: bool, reset: bool
    ) -> tuple[Any, NDArray[np.bool_]]:
        if incremental or (self.warm_start and hasattr(self, "classes_")):
            return super()._validate_input(X, y, incremental, reset)
        kinds = {"accept_sparse": ["csr", "csc"], "dtype": (np.float64, np.float32)}
        X, y = validate_data(self, X, y, multi_output=True, reset=reset, **kinds)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._label_binarizer, targets = binarised(y)
        self.classes_ = self._label_binarizer.classes_
        return X, targets

    def _class_factors(
        self, targets: NDArray[Any], weights: NDArray[Any] | None, incremental: bool
    ) -> list[NDArray[np.float64]] | None:
        given = self.class_weight
        if given is None:
            return None
        if incremental and given == "balanced":
            raise OptionError(
                'class_weight "balanced" is not there with partial_fit, which does not see all examples; '
                'give the dict that compute_class_weight("balanced", classes=classes, y=y) makes.'
            )
        if self._label_binarizer.y_type_.startswith("multilabel"):
            labels, classes = targets.astype(int), np.array([0, 1])
            each = given if isinstance(given, list) else [given] * targets.shape[1]
            if len(each) != targets.shape[1]:
                raise OptionError(f"class_weight has {len(each)} entries for {targets.shape[1]} labels.")
            given_to = [(one, classes[np.isin(classes, y)], y) for one, y in zip(each, labels.T, strict=True)]
        elif isinstance(given, list):
            raise OptionError(
                "class_weight is a list; that is for several labels. Give a dict of weights by class."
            )
        else:
            classes = self.classes_
            y = classes[targets.argmax(axis=1) if targets.shape[1] > 1 else targets[:, 0].astype(int)]
            given_to = [(given, classes, y)]
        factors = []
        for one, present, y in given_to:
            of_class = np.ones(len(classes))
            of_class[np.isin(classes, present)] = compute_class_weight(
                one, classes=present, y=y, sample_weight=weights
            )
            factors.append(of_class)
        return factors


class MLPRegressor(_MLP, sklearn.neural_network.MLPRegressor):
    """Predict numbers with a multi-layer perceptron: scikit-learn's estimator on deltarule's engine, and more.

    Parameters, attributes and methods are those of `MLPClassifier`, without class_weight and label_smoothing, and
    with these.

    Parameters
    ----------
    loss : str, default="squared_error"
        With e = y_hat - y of an output: "squared_error", e^2 / 2; "poisson", half the Poisson deviance, with y_hat the
        exponential of the logit; "absolute_error", |e|; "huber", e^2 / 2 up to huber_delta and linear beyond;
        "quantile", the pinball loss of a quantile.
    huber_delta : float, default=1.0
        Where Huber's loss becomes linear, in units of y.
    quantile : float, default=0.5
        The quantile to predict, between 0 and 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> MLPRegressor(solver="lbfgs", random_state=0, max_iter=500).fit(X, X.sum(axis=1)).score(X, X.sum(axis=1)) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **_MLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson", "absolute_error", "huber", "quantile"})],
        "huber_delta": [ABOVE_0],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    @typed_keywords
    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | ArrayLike = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        huber_delta: float = 1.0,
        quantile: float = 0.5,
        dropout: float | Sequence[float] = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        trainable: Only = None,
        listeners: Sequence[Listener] = (),
        n_threads: int | None = None,
    ) -> None:
        super().__init__(
            loss=loss,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )
        self._set_new(
            huber_delta=huber_delta,
            quantile=quantile,
            dropout=dropout,
            clip_norm=clip_norm,
            clip_value=clip_value,
            trainable=trainable,
            listeners=listeners,
            n_threads=n_threads,
        )

    @_Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Learn for one epoch, from the weights as they are, and return self; X, y, sample_weight as in `fit`."""
        return self._fit(X, y, sample_weight=sample_weight, incremental=True)

    @property
    def _output(self) -> str:
        return {
            "squared_error": "gaussian",
            "poisson": "poisson",
            "absolute_error": "absolute_error",
            "huber": f"huber({self.huber_delta})",
            "quantile": f"quantile({self.quantile})",
        }[self.loss]

    @property
    def _stops_by_loss(self) -> bool:
        return self.loss not in ("squared_error", "poisson")
