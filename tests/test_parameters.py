"""Names of parameters, where they lie, and which of them learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltarule.errors import OptionError, ShapeError
from deltarule.parameters import Layout, Parameter
from tests.random_networks import examples

SIZES = st.lists(st.integers(1, 6), min_size=2, max_size=6)


@settings(max_examples=examples(200))
@given(SIZES, st.booleans())
def test_names_and_places_are_a_round_trip(sizes: list[int], has_scale: bool):
    layout = Layout(sizes, has_scale=has_scale)
    names = [layout.name(n) for n in range(layout.size)]
    assert [layout.find(name) for name in names] == list(range(layout.size))
    assert len(set(names)) == layout.size
    assert names[0] == "w[1,1,1]"
    assert names[-1] == (f"s[{sizes[0]}]" if has_scale else f"b[{layout.K},{sizes[-1]}]")


@settings(max_examples=examples(200))
@given(SIZES, st.booleans())
def test_names_mean_the_entries_of_w_b_and_s(sizes: list[int], has_scale: bool):
    layout = Layout(sizes, has_scale=has_scale)
    theta = np.arange(layout.size, dtype=float)
    W, b = layout.split(theta)
    assert W[0] is None
    assert b[0] is None
    for k in range(1, layout.K + 1):
        assert W[k].shape == (sizes[k], sizes[k - 1])
        assert b[k].shape == (sizes[k],)
        assert np.shares_memory(W[k], theta)
        assert np.shares_memory(b[k], theta)
        for i in range(1, sizes[k] + 1):
            assert layout.find(f"b[{k},{i}]") == b[k][i - 1]
            for j in range(1, sizes[k - 1] + 1):
                assert layout.find(f"w[{k},{i},{j}]") == W[k][i - 1, j - 1]
    s = layout.scale_of(theta)
    assert (s is not None) == has_scale
    for j in range(1, sizes[0] * has_scale + 1):
        assert layout.find(f"s[{j}]") == s[j - 1]
    np.testing.assert_array_equal(layout.join(W, b, s, like=theta), theta)
    is_weight = np.array([layout.parameter(n).j is not None for n in range(layout.size)])
    np.testing.assert_array_equal(layout.is_weight(), is_weight)


LAYOUT = Layout([3, 4, 2])
SCALED = Layout([3, 4, 2], has_scale=True)


def test_parameters():
    assert (LAYOUT.K, LAYOUT.size) == (2, 26)
    assert LAYOUT.parameter(5) == Parameter(1, 2, 3)
    assert LAYOUT.parameter(13) == Parameter(1, 2)
    assert str(Parameter(2, 1)) == "b[2,1]"
    assert (SCALED.size, SCALED.parameter(27), SCALED.name(27)) == (29, Parameter(0, 2), "s[2]")
    with pytest.raises(OptionError, match="26 entries; there is no entry 26"):
        LAYOUT.parameter(26)


def test_blanks_are_allowed_in_names():
    assert LAYOUT.find(" w [ 2, 1 ,3 ] ") == LAYOUT.find("w[2,1,3]")


def test_what_is_missing_is_joined_as_0():
    joined = LAYOUT.join([None, None, np.ones((2, 4))], [None, np.ones(4), None], like=np.zeros(1, "float32"))
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(np.flatnonzero(joined), range(12, 24))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("w[3,1,1]", "there is no layer 3; layers, units and inputs count from 1, here to 2"),
        ("b[0,1]", "there is no layer 0"),
        ("w[-1,1,1]", "there is no layer -1"),
        ("w[1,5,1]", "there is no unit 5 in layer 1; .* here to 4"),
        ("w[1,0,1]", "there is no unit 0 in layer 1"),
        ("w[1,1,4]", "there is no input 4 to layer 1; .* here to 3"),
        ("w[2,1,0]", "there is no input 0 to layer 2"),
        ("b[2,3]", "there is no unit 3 in layer 2; .* here to 2"),
        ("w[1,1]", "wrong number of indices"),
        ("b[1,1,1]", "wrong number of indices"),
        ("W[1,1]", "wrong number of indices"),
        ("W[1,1,1]", "wrong number of indices"),
        ("w[1]", "is a whole array"),
        ("b[1]", "is a whole array"),
        ("v[1,1,1]", "is not the name of a parameter"),
        ("w[1;1;1]", "is not the name of a parameter"),
        ("w[1,1,1", "is not the name of a parameter"),
        ("w[1.0,1,1]", "is not the name of a parameter"),
        ("", "is not the name of a parameter"),
        ("w[1,1,1,1]", "is not the name of a parameter"),
    ],
)
def test_wrong_names_are_refused(name: str, message: str):
    with pytest.raises(OptionError, match=message):
        LAYOUT.find(name)
    if "whole array" not in message:
        with pytest.raises(OptionError, match=message):
            LAYOUT.select(["W[1]", name])


@pytest.mark.parametrize(
    ("layout", "name", "message"),
    [
        (LAYOUT, "s", r"'s': the inputs of this network have no scales; Network\(..., scale=True\)"),
        (LAYOUT, "s[1]", "have no scales"),
        (LAYOUT, "s[1,2]", "have no scales"),
        (SCALED, "s", 'is a whole array; one parameter is "w.k,i,j.", "b.k,i." or "s.j."'),
        (SCALED, "s[4]", "there is no input 4; layers, units and inputs count from 1, here to 3"),
        (SCALED, "s[0]", "there is no input 0"),
        (SCALED, "s[1,1]", 'wrong number of indices; .* one scale "s.j.", whole arrays are .* and "s"'),
        (SCALED, "S", "is not the name of a parameter"),
    ],
)
def test_wrong_names_of_scales_are_refused(layout: Layout, name: str, message: str):
    with pytest.raises(OptionError, match=message):
        layout.find(name)
    if "whole array" not in message:
        for wrong in (lambda: layout.select(["W[1]", name]), lambda: layout.rates({name: 2.0})):
            with pytest.raises(OptionError, match=message):
                wrong()


class TestRates:
    def test_scales_have_six_times_the_others(self):
        assert (LAYOUT.rates(), LAYOUT.factors(LAYOUT.rates())) == ({}, None)
        assert SCALED.rates() == {"s": 6.0}
        np.testing.assert_array_equal(SCALED.factors(SCALED.rates()), np.r_[np.ones(26), 6, 6, 6])
        assert SCALED.factors(SCALED.rates({"s": 1})) is None

    def test_a_parameter_goes_before_its_array_in_any_order(self):
        expected = np.r_[np.full(12, 0.5), np.ones(14), 6, 2, 6]
        expected[5] = 3.0
        for order in (1, -1):
            given = dict([(" w[1,2,3]", 3), ("W[1]", 0.5), ("s [2]", np.float32(2))][::order])
            rates = SCALED.rates(given)
            assert rates == {"s": 6.0, "w[1,2,3]": 3.0, "W[1]": 0.5, "s[2]": 2.0}
            np.testing.assert_array_equal(SCALED.factors(rates), expected)

    @pytest.mark.parametrize("value", [0, -1, "fast", None, np.inf, [6.0]])
    def test_wrong_factors_are_refused(self, value: object):
        with pytest.raises(OptionError, match=r'rates\["s"\] is .*; it must be a finite number above 0'):
            SCALED.rates({"s": value})
        with pytest.raises(OptionError, match="it must be a dict such as"):
            SCALED.rates([value])


class TestSelect:
    def test_scales(self):
        assert SCALED.select().s
        some = SCALED.select(["s[2]", "b[2]"])
        assert (some.s, some.W, some.b, some.units[0].tolist()) == (True, set(), {2}, [1])
        assert not SCALED.select("W[1]").s
        assert 0 not in SCALED.select("s").units

    def test_everything(self):
        for only in (None, ["W[1]", "W[2]", "b[1]", "b[2]"], np.ones(26, bool)):
            selection = LAYOUT.select(only)
            assert selection.is_all
            assert (selection.W, selection.b) == ({1, 2}, {1, 2})

    @pytest.mark.parametrize(
        ("only", "index", "W", "b"),
        [
            ("b[2]", [24, 25], set(), {2}),
            ("w[1]", range(12), {1}, set()),
            (["W[2]"], range(16, 24), {2}, set()),
            (["b[2,1]", "w[1,2,3]", "w[1,2,3]"], [5, 24], {1}, {2}),
            (("b[1]", "b[1,2]"), range(12, 16), set(), {1}),
            (np.arange(26) >= 23, [23, 24, 25], {2}, {2}),
        ],
    )
    def test_parts(self, only: object, index: object, W: set[int], b: set[int]):
        selection = LAYOUT.select(only)
        assert not selection.is_all
        np.testing.assert_array_equal(selection.index, list(index))
        assert (selection.W, selection.b) == (W, b)

    def test_nothing_is_refused(self):
        for nothing in ([], np.zeros(26, bool)):
            with pytest.raises(OptionError, match="names no parameter"):
                LAYOUT.select(nothing)

    @pytest.mark.parametrize(
        "mask", [np.ones(25, bool), np.ones((26, 1), bool), np.ones(26), np.array([3, 4])]
    )
    def test_a_mask_has_one_bool_for_each(self, mask: np.ndarray):
        with pytest.raises(ShapeError, match=r"26 parameters, shape \(26,\)"):
            LAYOUT.select(mask)
