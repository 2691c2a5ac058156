"""Intervals: ranks by hand, coverage of rows that are drawn alike, and what the mean of members errs by."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.errors import OptionError
from deltarule.tables.intervals import MOST, Errors, factor_of

ZERO = np.zeros(1)


@given(st.integers(1, 199), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_of_few_rows_it_is_the_error_of_that_rank(n, level, seed):
    e = np.random.default_rng(seed).normal(size=n)
    errors = Errors.of(np.zeros(n), e)
    rank = int(np.ceil(round((n + 1) * level, 9)))
    if rank > n:
        with pytest.raises(OptionError, match=rf"than the {n} that there were; ask for 0\.\d+ or less"):
            errors.half(ZERO, level)
    else:
        assert errors.half(ZERO, level)[0] == pytest.approx(np.sort(np.abs(e))[rank - 1])


def test_levels_that_rows_just_give():
    errors = Errors.of(np.zeros(19), np.arange(1.0, 20.0))
    assert errors.highest == 0.95
    assert errors.half(ZERO, 0.95)[0] == pytest.approx(19)
    assert errors.half(ZERO, 0.9)[0] == pytest.approx(18)
    assert errors.half(ZERO, 0.5)[0] == pytest.approx(10)
    assert set(errors.coverage(np.zeros(2), np.zeros(2))) == {"0.5", "0.8", "0.9", "0.95"}
    assert set(Errors.of(np.zeros(9), np.ones(9)).coverage(np.zeros(2), np.zeros(2))) == {"0.5", "0.8", "0.9"}


def draw(n: int, rng: np.random.Generator, noise: str) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions and what is true, whose noise grows with the prediction."""
    z = rng.uniform(1, 10, n)
    e = {"normal": rng.normal(size=n), "heavy": rng.standard_t(2, n), "skewed": rng.exponential(size=n) - 1}
    return z, z + (1.0 if noise == "normal" else z) * e[noise]


@pytest.mark.parametrize("noise", ["normal", "heavy", "skewed"])
@pytest.mark.parametrize("n", [60, 300, 3000])
def test_of_new_rows_the_share_that_is_asked_for_lies_within(n: int, noise: str):
    rng, levels = np.random.default_rng(n), ("0.5", "0.8", "0.9", "0.95")
    found = [Errors.of(*draw(n, rng, noise)).coverage(*draw(4000, rng, noise)) for _ in range(60)]
    for level in levels:
        share = np.mean([each[level] for each in found])
        assert float(level) - 0.008 < share < float(level) + 0.008 + 1 / n


def test_where_errors_are_large_intervals_are_wide():
    rng = np.random.default_rng(0)
    errors = Errors.of(*draw(2000, rng, "heavy"))
    low, high = errors.half(np.array([1.5, 9.5]), 0.9)
    assert high > 3 * low
    errors, (z, y) = Errors.of(*draw(2000, rng, "skewed")), draw(20_000, rng, "skewed")
    for part in (z < 3, z > 8):
        assert np.mean(np.abs(y - z)[part] <= errors.half(z[part], 0.9)) == pytest.approx(0.9, abs=0.03)


def test_beyond_what_was_predicted_they_are_as_wide_as_at_the_last():
    errors = Errors.of(*draw(500, np.random.default_rng(0), "heavy"))
    at = errors.scale.at
    assert (np.diff(at) > 0).all()
    beyond = errors.half(np.array([-1e9, at[0], at[-1], 1e9]), 0.8)
    assert beyond[0] == beyond[1] < beyond[2] == beyond[3]


def test_rows_that_count_more_say_more():
    rng = np.random.default_rng(1)
    z, w = np.zeros(1000), np.r_[np.full(500, 9.0), np.full(500, 1.0)]
    y = np.r_[rng.normal(size=500), 10 * rng.normal(size=500)]
    errors = Errors.of(z, y, w)
    assert errors.rows == int(w.sum() ** 2 / (w**2).sum()) == 609
    for level in (0.5, 0.9):
        half = errors.half(ZERO, level)[0]
        assert np.average(np.abs(y) <= half, weights=w) == pytest.approx(level, abs=0.005)
    plain, scaled = Errors.of(z, y), Errors.of(z, y, np.full(1000, 0.1))
    np.testing.assert_allclose(plain.sizes, scaled.sizes)
    assert plain.rows == scaled.rows == 1000
    few = Errors.of(z, y, np.r_[np.ones(10), np.full(990, 1e-12)])
    assert few.rows == 10
    assert few.half(ZERO, 0.9)[0] == pytest.approx(np.abs(y[:10]).max())


def test_of_many_rows_few_sizes_are_kept_and_none_is_too_small():
    e = np.random.default_rng(2).normal(size=5000)
    errors = Errors.of(np.zeros(5000), e)
    assert len(errors.sizes) == MOST
    for level in (0.1, 0.5, 0.9, 0.9991):
        if level > errors.highest:
            with pytest.raises(OptionError, match=r"the 5,000 that there were; ask for 0\.999 or less"):
                errors.half(ZERO, level)
            continue
        share = np.mean(np.abs(e) <= errors.half(ZERO, level))
        assert level <= share + 1e-9 < level + 0.0015


@given(st.integers(1, 400), st.integers(0, 1000), st.sampled_from(["drawn", "alike", "right"]))
def test_a_record_gives_them_back(n, seed, kind):
    rng = np.random.default_rng(seed)
    z = np.zeros(n) if kind == "alike" else rng.normal(size=n)
    y = z if kind == "right" else rng.normal(size=n)
    errors = Errors.of(z, y, rng.uniform(0.1, 1, n))
    again = Errors.from_record(json.loads(json.dumps(errors.record())))
    assert again.rows == errors.rows
    for one, other in zip(
        (errors.sizes, errors.scale.at, errors.scale.means),
        (again.sizes, again.scale.at, again.scale.means), strict=True,
    ):  # fmt: skip
        assert one.tobytes() == other.tobytes()
    if errors.rows > 1:
        assert np.isfinite(errors.half(z, 0.5)).all()
        assert (errors.half(z, 0.5) == 0).all() or kind != "right"


@pytest.mark.parametrize("part", ["sizes", "at", "scale"])
def test_a_forged_record_is_refused(part):
    record = Errors.of(*draw(200, np.random.default_rng(0), "heavy")).record()
    for text in ("", record[part][:-4], "AAAAAAAA8L8=", "AAAAAAAA+H8=", "no text of ours"):
        with pytest.raises(ValueError):  # noqa: PT011 -- base64's own, or ours
            Errors.from_record({**record, part: text})


@given(st.integers(2, 6), st.integers(0, 1000))
def test_the_mean_of_members_errs_by_as_much_less_as_they_are_apart(M, seed):
    rng = np.random.default_rng(seed)
    y, said = rng.normal(size=50), rng.normal(size=(M, 50))
    apart = np.sqrt(((y - said) ** 2).mean(axis=0))  # by which each row's y is off, in the mean over members
    f = factor_of(y - apart, y, said)
    expected = np.mean((y - said.mean(axis=0)) ** 2) / np.mean(apart**2)
    assert f**2 == pytest.approx(max(expected, 1 / M))


def test_of_members_that_are_always_right_there_is_nothing_to_shrink():
    assert factor_of(np.ones(3), np.ones(3), [np.ones(3), np.zeros(3)]) == 1.0
