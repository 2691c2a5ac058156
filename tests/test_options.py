"""Every setting either counts as what it is or is refused with its name and what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deltarule import Network, train
from deltarule.errors import OptionError

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
