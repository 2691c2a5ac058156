"""Piecewise-linear coordinates: continuous, each rising in its bin, and edges where the values are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.binned import Binned
from deltarule.sparse import first_of, is_sparse, rows_of
from deltarule.tables import Column, Table, TableEncoder, find
from deltarule.tables.coordinates import BINS, MANY, ROWS_A_BIN, SIZE, Coordinates, edges_of


def sample(kind: str, N: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return {
        "normal": rng.normal(size=N),
        "whole": rng.integers(0, 60, N).astype(float),
        "mostly zero": np.where(rng.uniform(size=N) < 0.9, 0.0, rng.lognormal(size=N)),
        "huge": rng.normal(size=N) * 1e300,
        "tiny": rng.normal(size=N) * 1e-300,
        "constant but one": np.r_[np.zeros(N - 1), 1.0],
    }[kind]


KINDS = st.sampled_from(["normal", "whole", "mostly zero", "huge", "tiny", "constant but one"])


@given(KINDS, st.integers(2, 3000), st.integers(0, 1000))
def test_a_sum_of_rises_goes_through_every_edge(kind, N, seed):
    x = sample(kind, N, seed)
    encoder = Coordinates.fit(Column.of("x", x))
    edges = np.array(encoder.edges)
    assert (np.diff(edges) > 0).all()
    assert len(encoder.own_features) == len(edges) - 1 == len(encoder.means)
    f = np.random.default_rng(seed).normal(size=len(edges))
    between = 0.5 * edges[1:] + 0.5 * edges[:-1]
    given_ = np.concatenate([edges, between, [edges[0] - abs(edges[0]), edges[-1] + abs(edges[-1])]])
    c = encoder.encode(Column.of("x", given_)) / SIZE + np.array(encoder.means)
    expected = np.concatenate([f, (f[1:] + f[:-1]) / 2, [f[0], f[-1]]])
    np.testing.assert_allclose(f[0] + c @ np.diff(f), expected, rtol=1e-6, atol=1e-6)


@given(KINDS, st.integers(20, 3000), st.integers(0, 1000))
def test_bins_are_few_and_hold_about_as_many_rows(kind, N, seed):
    x = sample(kind, N, seed)
    edges = edges_of(x)
    n = len(np.unique(x))
    assert edges[0] == x.min()
    assert edges[-1] == x.max()
    assert len(edges) <= max((MANY if n <= MANY else BINS), 2) + 3
    assert len(edges) <= max(N // ROWS_A_BIN, 2) + 3
    often = [value for value in np.unique(x) if (x == value).sum() > N / 10]
    assert set(often) <= set(edges)


def test_a_value_that_most_rows_have_leaves_the_bins_to_the_others():
    edges = edges_of(sample("mostly zero", 3000, 0) * np.random.default_rng(1).choice([-1, 1], 3000))
    assert 0.0 in edges
    assert len(edges) >= BINS - 2


@given(st.integers(30, 200), st.integers(0, 1000), st.sampled_from([1, 40]))
def test_in_bins_a_table_has_the_features_of_its_columns(N, seed, levels):
    rng = np.random.default_rng(seed)
    data = {
        "a": [None if rng.uniform() < 0.2 else x for x in sample("normal", N, seed)],
        "b": sample("mostly zero", N, seed),
        "c": rng.choice([f"level {n}" for n in range(levels)], N).tolist(),
        "d": sample("huge", N, seed),
    }
    encoder = TableEncoder.fit(data, coordinates=True)
    table = encoder.read(data)[0]
    X = encoder.features_of(table)
    assert isinstance(X, Binned)
    parts = [one.encode(table[one.name]) for one in encoder.encoders]
    np.testing.assert_allclose(X.toarray(), np.concatenate(parts, axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(encoder.encode(data), X.toarray())
    plain = encoder.plain.features_of(table)
    first = first_of(X, len(encoder.plain.features))
    assert is_sparse(first) == is_sparse(plain)
    np.testing.assert_array_equal(rows_of(first, slice(None)), rows_of(plain, slice(None)))


def test_what_is_missing_is_the_mean_and_training_s_mean_is_0():
    x = np.random.default_rng(0).normal(size=500)
    column = Column.of("x", [None, *x])
    encoded = Coordinates.fit(column).encode(column)
    assert (encoded[0] == 0).all()
    np.testing.assert_allclose(encoded[1:].mean(axis=0), 0, atol=1e-12)


def test_a_far_outlier_moves_no_edge_and_a_value_beyond_is_the_last_bin_s_end():
    x = np.random.default_rng(0).normal(size=1000)
    plain, with_far = (Coordinates.fit(Column.of("x", values)) for values in (x, np.r_[x, 1e38]))
    assert plain.edges == with_far.edges
    far = plain.encode(Column.of("x", [1e38, plain.edges[-1]]))
    np.testing.assert_array_equal(far[0], far[1])


def test_they_are_the_last_features_of_numbers_that_are_more_than_two():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"a": rng.normal(size=400), "two": rng.integers(0, 2, 400) + 5, "t": ["x", "y"] * 200}
    )
    encoder = TableEncoder.fit(table, schema=find(Table.of(table)), coordinates=True)
    plain = encoder.plain
    assert encoder.features[: len(plain.features)] == plain.features
    added = encoder.features[len(plain.features) :]
    assert len(added) > 10
    assert all(name.startswith("a from ") for name in added)
    np.testing.assert_array_equal(encoder.encode(table)[:, : len(plain.features)], plain.encode(table))
    assert TableEncoder.from_record(encoder.record()) == encoder


@pytest.mark.parametrize("values", [["1.5", "x"], [True, False]])
def test_another_kind_of_value_is_read_or_refused_as_a_number_is(values):
    encoder = Coordinates.fit(Column.of("x", np.arange(100.0)))
    if values == [True, False]:
        assert encoder.encode(Column.of("x", values)).shape == (2, len(encoder.means))
    else:
        with pytest.raises(Exception, match="x"):
            encoder.encode(Column.of("x", values))
