"""Sample-ratio mismatch: shares that were declared, and versions that were not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.audit import missing
from audits.quality.sample_ratio_mismatch import sample_ratio_mismatch


def split(evidence_of, declared, **rows):
    """Make one day with so many rows of each version, and declared shares."""
    found = evidence_of([{"version": version, "x": 1.0} for version, n in rows.items() for _ in range(n)])
    return replace(found, model=replace(found.model, alerts=replace(found.model.alerts, shares=declared)))


def test_the_worst_version_is_reported_with_a_chi_squared_test(evidence_of, figures):
    from scipy.stats import chisquare

    found = figures(sample_ratio_mismatch, split(evidence_of, {"v1": 0.8, "v2": 0.2}, v1=700, v2=300))[0]
    assert found.value == pytest.approx(0.1)
    assert found.p == pytest.approx(chisquare([700, 300], [800, 200]).pvalue)
    assert found.low == pytest.approx(0.0724, abs=1e-4)  # Wilson for 700 of 1,000 ends at 0.7276
    assert found.tables == {"versions": ["v1", "v2"], "observed": [0.7, 0.3], "declared": [0.8, 0.2]}


def test_the_declared_split_is_quiet(evidence_of, figures):
    found = figures(sample_ratio_mismatch, split(evidence_of, {"v1": 9, "v2": 1}, v1=902, v2=98))[0]  # shares add up to 1 by themselves
    assert found.value == pytest.approx(0.002)
    assert found.low == 0
    assert found.p > 0.5


def test_a_version_that_should_get_nothing(evidence_of, figures):
    found = figures(sample_ratio_mismatch, split(evidence_of, {"v1": 1.0}, v1=900, v3=100))[0]
    assert (found.value, found.p) == (pytest.approx(0.1), 0.0)


def test_without_declared_shares_there_is_no_figure(evidence_of):
    said = [missing(split(evidence_of, {}, v1=9, v2=1), need) for need in sample_ratio_mismatch.needs]
    assert said == [None, "the configuration declares no shares of the traffic (alerts.shares)"]
