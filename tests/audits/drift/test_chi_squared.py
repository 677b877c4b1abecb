"""Chi-squared: scipy's statistic, told as Cramér's V."""

from __future__ import annotations

import numpy as np
import pytest

from audits.drift.chi_squared import chi_squared
from audits.drift.population_stability_index import population_stability_index


@pytest.fixture
def shares(drifted, figures):
    """Give the function that reads both count vectors off the tables of the index."""

    def read(column, day):
        (found,) = figures(population_stability_index, drifted, column=column, window=day)
        return np.asarray(found.tables["reference"]), np.asarray(found.tables["window"])

    return read


@pytest.mark.parametrize("day", [0, 1, 2, 3])
def test_equals_scipy(drifted, figures, shares, day):
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import association

    table = np.stack(shares("kind", day))
    table = table[:, table.sum(axis=0) > 0]
    (found,) = figures(chi_squared, drifted, column="kind", window=day)
    expected = chi2_contingency(table, correction=False)
    assert found.value == pytest.approx(association(table, method="cramer"), rel=1e-9)
    assert found.tables == {"statistic": pytest.approx(expected.statistic), "degrees_of_freedom": expected.dof}
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


def test_numbers_are_left_alone(drifted, figures):
    assert {f.column for f in figures(chi_squared, drifted)} == {"kind"}


def test_disjoint_shares_are_one_and_equal_ones_zero(evidence_of, figures, columns):
    evidence = evidence_of(columns({"kind": ["a"] * 20}, {"kind": ["b"] * 20}, {"kind": ["a"] * 20}))
    apart, same = (figures(chi_squared, evidence, window=w)[0] for w in (1, 2))
    assert (apart.value, apart.high) == (pytest.approx(1), pytest.approx(1))
    assert (same.value, same.p) == (0.0, 1.0)
    assert same.high > 0, "twenty equal values are no proof"
