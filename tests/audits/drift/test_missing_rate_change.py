"""Missing rate change: by hand, against the interval of a difference of proportions, and for columns that come and go."""

from __future__ import annotations

import pytest
from scipy import stats

from audits.drift.missing_rate_change import missing_rate_change
from audits.interval import newcombe


def test_by_hand(evidence_of, figures, columns):
    # 2 of 20 are missing in the reference, 9 of 30 in the window: 0.3 - 0.1; not-a-number counts as missing.
    rows = columns({"x": [1.0] * 18 + [None] * 2}, {"x": [2.0] * 21 + [None] * 5 + [float("nan")] * 4})
    (found,) = figures(missing_rate_change, evidence_of(rows), window=1)
    low, high = newcombe(9, 30, 2, 20)
    assert (found.value, found.low, found.high) == (pytest.approx(0.2), pytest.approx(float(low)), pytest.approx(float(high)))
    assert found.p == pytest.approx(stats.fisher_exact([[9, 21], [2, 18]]).pvalue, rel=1e-9)
    assert (found.n, found.tables) == (30, {"window": pytest.approx(0.3), "reference": pytest.approx(0.1)})


def test_large_counts_take_the_z_test(evidence_of, figures, columns):
    rows = columns({"k": ["a"] * 160 + [None] * 40}, {"k": ["a"] * 130 + [None] * 70})
    (found,) = figures(missing_rate_change, evidence_of(rows), window=1)
    assert found.p == pytest.approx(stats.chi2_contingency([[40, 160], [70, 130]], correction=False).pvalue, rel=1e-9)


def test_a_column_that_vanishes_and_one_that_appears(evidence_of, figures, columns):
    rows = columns({"old": ["a"] * 12, "new": [None] * 12}, {"old": [None] * 8, "new": ["b"] * 8})
    found = {f.column: f for f in figures(missing_rate_change, evidence_of(rows), window=1)}
    assert {name: f.value for name, f in found.items()} == {"old": 1.0, "new": -1.0}
    assert found["old"].low > 0.5
    assert found["new"].high < -0.5


def test_decisions_count_and_outcomes_do_not(evidence_of, figures):
    rows = [{"decision": 1, "outcome": 1, "reference": True} for _ in range(10)]
    rows += [{"decision": None if i < 4 else 0, "outcome": None, "day": 1} for i in range(10)]
    found = figures(missing_rate_change, evidence_of(rows), window=1)
    assert [(f.column, f.value) for f in found] == [("decision", pytest.approx(0.4))]


def test_nothing_changed_has_no_table(evidence_of, figures, columns):
    (found,) = figures(missing_rate_change, evidence_of(columns({"x": [1.0] * 9}, {"x": [3.0] * 9})), window=1)
    assert (found.value, found.tables, found.p) == (0.0, None, 1.0)
    assert found.low < 0 < found.high, "nine rows without a gap are no proof"
