"""Every setting either counts as what it is or is refused with its name and what came."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deltarule import MLPClassifier, Network, TableClassifier, check, memory, train
from deltarule.errors import DataError, DeltaruleError, OptionError, OutOfMemoryError
from deltarule.estimators.settings import SETTINGS
from deltarule.maths import optimisers, schedules
from deltarule.maths.outputs import Huber, Quantile
from deltarule.options import CHECK, NETWORK, OPTIONS
from deltarule.training import EarlyStopping

X = np.random.default_rng(0).normal(size=(12, 2))
Y = (X[:, 0] > 0).astype(int)
WHOLE = ["epochs", "batch_size", "seed", "n_threads"]
REAL = ["learning_rate", "weight_decay", "l1", "l2", "clip_norm", "clip_value"]


def run(**settings: Any) -> Any:
    return train(Network([2, 2]), X, Y, **{"epochs": 1, "engine": "reference", **settings})


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float32(2), np.array(2), np.uint8(2)], ids=repr)
def test_whole_numbers_count_as_what_they_are(name: str, value: Any) -> None:
    run(**{name: value})


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("value", [1, 0.5, np.float64(0.5), np.array(0.5), np.int64(1)], ids=repr)
def test_real_numbers_count_as_what_they_are(name: str, value: Any) -> None:
    run(**{name: value})


@pytest.mark.parametrize("name", [*WHOLE, *REAL, "shuffle"])
@pytest.mark.parametrize(
    "value",
    ["fast", -1, np.nan, np.inf, [1], {}, b"1", 1j, Ellipsis, 10**400],
    ids=lambda value: repr(value)[:9],
)
def test_anything_else_gets_one_sentence(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=rf"^{name} is .*; it must be .*\.$"):
        run(**{name: value})


@pytest.mark.parametrize("name", [*WHOLE, *REAL])
def test_a_flag_is_not_a_number(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} is True"):
        run(**{name: True})


@pytest.mark.parametrize("name", WHOLE)
def test_a_broken_number_is_not_whole(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} is 2.5"):
        run(**{name: 2.5})


@pytest.mark.parametrize("seed", [None, 1.5, -1, "0"])
def test_the_seed_of_a_network(seed: Any) -> None:
    with pytest.raises(OptionError, match=r"seed is .* whole number from 0 on"):
        Network([2, 2], seed=seed)


def test_listeners_may_be_none_or_one() -> None:
    heard: list[Any] = []
    run(listeners=None)
    run(listeners=heard.append)
    assert len(heard) == 3


@pytest.mark.parametrize("name", ["learning_rate", "clip_norm", "clip_value"])
def test_an_open_end_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} is 0; it must be a finite number above 0"):
        run(**{name: 0})


@pytest.mark.parametrize("value", [None, 3], ids=repr)
def test_what_is_no_optimiser_or_activation_gets_one_sentence(value: Any) -> None:
    with pytest.raises(
        OptionError,
        match=f"optimiser is {value}; it must be one of .* or an object of deltarule.maths.optimisers",
    ):
        run(optimiser=value)
    with pytest.raises(OptionError, match=f"activation is {value}; it must be one of"):
        Network([2, 2], activation=value)


def network(**settings: Any) -> Network:
    return Network(**{"sizes": [2, 3, 2], **settings})


def table(**settings: Any) -> Any:
    return TableClassifier(**{"epochs": 1, "hidden": [2], **settings}).fit(X, Y)


def certificate(**settings: Any) -> Any:
    return check(Network([2, 2]), X, Y, **settings)


JUNK = [
    None, "a", "", b"1", 2.5, -1, [], {}, {3}, object(), int, np.nan, np.inf, 1j, 10**400, 10**5000, True, [None],
    [[1]], ("a", "b"), np.array([1, 2]), np.eye(2), np.array("a"), np.array(None), np.longdouble(0.5), np.array([]),
]  # fmt: skip


def settings_of(function: Callable[..., Any], *but: str) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in but]


TAKES: dict[Callable[..., Any], list[str]] = {
    network: settings_of(Network),
    run: settings_of(train, "net", "X", "y", "weights"),
    table: settings_of(TableClassifier),
    certificate: settings_of(check, "model", "X", "y", "weights", "gradient"),
    EarlyStopping: ["patience", "least"],
    Huber: ["d"],
    Quantile: ["q"],
    **{kind: settings_of(kind) for kind in optimisers.OPTIMISERS.values()},
    **{kind: settings_of(kind, "args", "kwargs", "after") for kind in schedules.SCHEDULES.values()},
    schedules.WarmUp: ["length"],
    schedules.Part: ["start", "end"],
}


@pytest.mark.parametrize(
    ("call", "name"),
    [(call, name) for call, names in TAKES.items() for name in names],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_junk_is_taken_or_gets_one_sentence(
    call: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELTARULE_ENGINE", "reference")
    for value in JUNK:
        try:
            call(**{name: value})
        except DataError:  # of the arrays that two may be, and of the columns that two name
            assert name in ("validation", "only", "group", "time", "weight")
        except DeltaruleError as error:
            said = str(error)
            assert name in said or "parameter" in said
            assert any(
                words in said for words in ("must be", "Known: ", "expected", "one for each", "one each")
            )
            assert "\n" not in said
            assert len(said) < 500


@pytest.mark.parametrize(
    ("call", "setting", "message"),
    [
        (table, {"hidden": 0}, r"hidden is 0; it must be a list of whole numbers from 1 on, or None for 64,64"),
        (table, {"early_stopping": 0}, "early_stopping is 0"),
        (table, {"validation": 1}, "validation is 1; it must be a number from 0 to less than 1"),
        (table, {"optimiser": np.array([1, 2])}, r"optimiser is array\(\[1, 2\]\)"),
        (network, {"sizes": 5}, "sizes is 5; it must be a list of at least 2 whole numbers from 1 on"),
        (network, {"sizes": {3, 2}}, "sizes is {2, 3}"),
        (network, {"dtype": None}, "dtype is None; it must be 'float32' or 'float64'"),
        (network, {"initial": ""}, "unknown initial ''"),
        (network, {"activation": [3]}, "activation is 3; it must be one of identity"),
        (run, {"schedule": schedules.Cosine}, "schedule is <class .*; it must be one of constant"),
        (run, {"optimiser": optimisers.Adam}, "optimiser is <class .*; it must be one of gradient_descent"),
        (run, {"only": 5}, "only is 5; it must be names such as"),
        (run, {"only": [5]}, "only has 5 in it; it must be names such as"),
        (run, {"listeners": 3}, "listeners is 3, which cannot be called"),
        (run, {"listeners": [print, 3]}, r"listeners\[1\] is 3, which cannot be called"),
        (run, {"validation": "a"}, "validation is 'a'; it must be a number between 0 and 1"),
        (run, {"early_stopping": True}, "early_stopping is True"),
        (run, {"early_stopping": "a"}, "early_stopping is 'a'; .* or an EarlyStopping, or None to run all epochs"),
        (run, {"engine": [1]}, r"engine is \[1\]; it must be one of auto, compiled, reference"),
        (run, {"progress": "a"}, "progress is 'a'; it must be True or False, or None"),
        (optimisers.Adam, {"beta1": 1.0}, "beta1 is 1.0; it must be a number from 0 to less than 1"),
        (optimisers.LBFGS, {"memory": 2.5}, "memory is 2.5; it must be a whole number from 1 on"),
        (schedules.Step, {"every": 0}, "every is 0; it must be a finite number above 0"),
        (certificate, {"max_examples": 0}, "max_examples is 0; it must be a whole number from 1 on, or None for all"),
    ],
)  # fmt: skip
def test_a_sentence_says_what_came_and_what_is_allowed(
    call: Callable[..., Any], setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        call(**setting)


@pytest.mark.parametrize(
    ("call", "unusual", "plain"),
    [
        (network, {"sizes": np.array([2, 3, 2])}, {"sizes": [2, 3, 2]}),
        (network, {"sizes": (2.0, np.int64(3), np.array(2))}, {"sizes": [2, 3, 2]}),
        (network, {"dtype": np.float64}, {"dtype": "float64"}),
        (network, {"dtype": np.dtype("float64")}, {"dtype": "float64"}),
        (network, {"activation": np.array(["relu"])}, {"activation": "relu"}),
        (network, {"seed": np.array(3)}, {"seed": 3}),
        (table, {"hidden": np.int64(4)}, {"hidden": [4]}),
        (table, {"hidden": 4.0}, {"hidden": [4]}),
        (table, {"epochs": np.uint8(4), "batch_size": np.float32(2)}, {"epochs": 4, "batch_size": 2}),
        (run, {"dropout": np.array(0.25), "epochs": 8.0}, {"dropout": 0.25, "epochs": 8}),
        (run, {"dropout": np.array([0.5])}, {"dropout": [0.5]}),
        (run, {"validation": np.array(0.25)}, {"validation": 0.25}),
        (run, {"early_stopping": 2.0, "epochs": 9}, {"early_stopping": 2, "epochs": 9}),
        (run, {"shuffle": np.False_, "progress": np.array(False)}, {"shuffle": False, "progress": False}),
        (run, {"learning_rate": 1, "engine": "compiled"}, {"learning_rate": 1.0, "engine": "compiled"}),
        (run, {"optimiser": np.str_("rprop"), "l2": np.longdouble(0.5)}, {"optimiser": "rprop", "l2": 0.5}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_unusual_value_counts_as_the_plain_one(
    call: Callable[..., Any], unusual: dict[str, Any], plain: dict[str, Any]
) -> None:
    thetas = []
    for settings in (unusual, plain):
        made = trained(**settings) if call is run else call(**settings)
        thetas.append((made.net_ if call is table else made).theta)
    np.testing.assert_array_equal(*thetas)


def trained(**settings: Any) -> Network:
    net = Network([2, 3, 2])
    train(net, X, Y, **{"epochs": 2, "engine": "reference", **settings})
    return net


@pytest.mark.parametrize(
    ("function", "options", "doc"),
    [
        (Network.__init__, NETWORK, Network),
        (train, OPTIONS, train),
        (check, CHECK, check),
        (TableClassifier.__init__, SETTINGS, TableClassifier),
    ],
)
def test_signatures_and_documents_are_as_declared(
    function: Callable[..., Any], options: dict[str, Any], doc: Any
) -> None:
    takes = inspect.signature(function).parameters
    text = " ".join((inspect.getdoc(doc) or "").split())
    for name, option in options.items():
        default = takes[name].default
        assert (None if default is inspect.Parameter.empty else default) == option.default
        assert option.help
        if doc is not TableClassifier:
            assert option.help in text


@pytest.mark.parametrize(
    "make",
    [
        lambda: Network([10, 10**9, 2]),
        lambda: Network([10**200, 10**200]),
        lambda: MLPClassifier(10**9).fit(X, Y),
        lambda: TableClassifier(hidden=10**9).fit(X, Y),
    ],
)
def test_a_network_beyond_memory_is_refused_before_it_is_allocated(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 16 * 10**9)
    with pytest.raises(OutOfMemoryError, match=r"parameters takes about .* GB and 16 GB can be had"):
        make()


def test_its_size_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100 * 10**9)
    with pytest.raises(OutOfMemoryError, match="13,000,000,002 parameters takes about 132 GB"):
        Network([10, 10**9, 2])


@pytest.mark.parametrize(("optimiser", "each"), [("gradient_descent", 2), ("momentum", 3), ("adam", 4)])
def test_a_training_beyond_memory_is_refused_with_what_it_keeps(
    optimiser: str, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Network([2, 3, 2])  # 17 parameters of 4 bytes
    monkeypatch.setattr(memory, "WORTH_ASKING", 0)
    monkeypatch.setattr(memory, "available", lambda: 17 * 4 * each - 1)
    with pytest.raises(OutOfMemoryError, match=f"17 parameters with {optimiser}, {each} numbers for each"):
        train(net, X, Y, optimiser=optimiser)
    monkeypatch.setattr(memory, "available", lambda: 17 * 4 * each)
    train(net, X, Y, optimiser=optimiser, epochs=1, engine="reference")
