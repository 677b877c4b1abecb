"""Hellinger distance: its definition over the same bins, and its ends."""

from __future__ import annotations

import numpy as np
import pytest

from audits.drift.hellinger_distance import hellinger_distance
from audits.drift.population_stability_index import population_stability_index


@pytest.fixture
def shares(drifted, figures):
    """Give the function that reads both count vectors off the tables of the index."""

    def read(column, day):
        (found,) = figures(population_stability_index, drifted, column=column, window=day)
        return np.asarray(found.tables["reference"]), np.asarray(found.tables["window"])

    return read


@pytest.mark.parametrize("column", ["amount", "ratio", "visits", "kind"])
@pytest.mark.parametrize("day", [0, 1, 2, 3])
def test_equals_its_definition(drifted, figures, shares, column, day):
    reference, window = shares(column, day)
    p, q = reference / reference.sum(), window / window.sum()
    (hellinger,) = figures(hellinger_distance, drifted, column=column, window=day)
    assert hellinger.value == pytest.approx(np.sqrt(1 - np.sqrt(p * q).sum()), abs=1e-7)


def test_disjoint_shares_are_one_and_equal_ones_zero(evidence_of, figures, columns):
    evidence = evidence_of(columns({"kind": ["a"] * 20}, {"kind": ["b"] * 20}, {"kind": ["a"] * 20}))
    apart, same = (figures(hellinger_distance, evidence, window=w)[0] for w in (1, 2))
    assert (apart.value, apart.high) == (pytest.approx(1), pytest.approx(1))
    assert (same.value, same.p) == (0.0, 1.0)
    assert same.high > 0, "twenty equal values are no proof"
