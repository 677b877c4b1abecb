"""Concept drift: by hand, blind to a mere change of scores, and its interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audits.drift.concept_drift import concept_drift, mean_change
from audits.examine import examine


def rows_of(bins, reference=False, day=1):
    """Write rows from (score, positive outcomes, rows)."""
    mark = {"reference": True} if reference else {"day": day}
    return [{"score": score, "outcome": int(i < hits)} | mark for score, hits, n in bins for i in range(n)]


def test_by_hand(evidence_of, figures):
    """Two scores. Rates 20/100 and 80/100 become 40/80 and 16/20: 0.3 at the low one, which 80 of 100 scores have, and nothing else."""
    rows = rows_of([(0.2, 20, 100), (0.8, 80, 100)], reference=True) + rows_of([(0.2, 40, 80), (0.8, 16, 20)])
    (found,) = figures(concept_drift, evidence_of(rows), window=1)
    assert found.tables["mean_change"] == pytest.approx(0.8 * 0.3)
    assert 0.8 * 0.3 - 0.02 < found.value <= 0.8 * 0.3
    assert found.low < found.value < found.high
    used = [i for i, n in enumerate(found.tables["n"]) if n]
    assert [found.tables["weight"][i] for i in used] == [0.8, 0.2]
    assert [found.tables["reference_level"][i] for i in used] == [0.2, 0.8]
    assert [found.tables["level"][i] for i in used] == [0.5, 0.8]
    assert (found.tables["covered"], found.n, found.column) == (1.0, 100, "score")
    first = stats.chi2_contingency([[20, 80], [40, 40]], correction=False).statistic
    assert found.p == pytest.approx(stats.chi2.sf(first, 2), rel=1e-6)


def test_other_scores_at_the_same_rates_are_no_concept_drift(evidence_of, figures):
    rows = rows_of([(0.2, 40, 200), (0.8, 160, 200)], reference=True) + rows_of([(0.2, 4, 20), (0.8, 144, 180)])
    (found,) = figures(concept_drift, evidence_of(rows), window=1)
    assert (found.value, found.low, found.p) == (0.0, 0.0, 1.0)
    assert found.high < 0.15


def test_scores_without_outcomes_count_as_weight(evidence_of, figures):
    """Ten of the eighty labelled rows at each score; the weights are those of all scores."""
    rows = rows_of([(0.2, 20, 100), (0.8, 80, 100)], reference=True) + rows_of([(0.2, 8, 20), (0.8, 12, 20)])
    rows += [{"score": 0.2, "outcome": None, "day": 1} for _ in range(60)]
    (found,) = figures(concept_drift, evidence_of(rows), window=1)
    assert found.n == 40
    assert [w for w in found.tables["weight"] if w] == [0.8, 0.2]
    assert found.tables["mean_change"] == pytest.approx(0.8 * 0.2 - 0.2 * 0.2)


def test_no_outcomes_and_nothing_in_common_have_reasons(evidence_of, figures):
    before = rows_of([(0.2, 20, 100), (0.8, 80, 100)], reference=True)
    silent = [{"score": 0.2, "outcome": None, "day": 1} for _ in range(30)] + rows_of([(0.8, 8, 10)], day=2)
    found = {f.window: f for f in figures(concept_drift, evidence_of(before + silent))}
    assert (found[1].value, found[1].reason) == (None, "no outcome of a scored prediction is known")
    assert found[2].value is not None
    unlike = [{"score": 0.2, "outcome": None, "day": 1} for _ in range(30)] + rows_of([(0.8, 8, 10)])
    (other,) = figures(concept_drift, evidence_of(before + unlike), window=1)
    assert (other.value, other.tables) == (None, None)
    assert other.reason.startswith("less than half of its scores")


def test_a_score_of_the_unfavorable_value(evidence_of, figures):
    """A risk score: positive is the unfavorable outcome, and rates are its."""
    rows = rows_of([(0.2, 80, 100), (0.8, 20, 100)], reference=True) + rows_of([(0.2, 50, 100), (0.8, 20, 100)])
    (found,) = figures(concept_drift, evidence_of(rows, favorable=1, positive=0), window=1)
    assert [r for r in found.tables["reference_level"] if r is not None] == pytest.approx([0.2, 0.8])
    assert found.tables["mean_change"] == pytest.approx(0.5 * 0.3)


def test_each_class_against_the_rest(evidence_of):
    """Three classes; where c was right at its low score half of the outcomes are a now: a and c drift, b does not."""
    shapes = {"a": (0.8, 0.1, 0.1), "b": (0.1, 0.8, 0.1), "c": (0.1, 0.1, 0.8)}
    rows = []
    for day, mark in ((0, {"reference": True}), (1, {"day": 1})):
        for label, (a, b, c) in shapes.items():
            for i in range(60):
                outcome = "a" if day and label == "c" and i % 2 else label
                rows.append({"p_a": a, "p_b": b, "p_c": c, "decision": label, "outcome": outcome} | mark)
    run = examine(evidence_of(rows, task="multiclass"), {}, card={}, audits=[concept_drift])
    found = {f["column"]: f["value"] for f in run.findings.to_pylist() if not f["whole"]}
    assert found["b"] == pytest.approx(0.0, abs=1e-9)
    assert found["c"] == pytest.approx(0.5 / 3, abs=0.02)
    assert found["a"] > 0.1


def test_regression_by_hand(evidence_of, figures):
    """Errors are 0 on average at both predictions; then the prediction is 6 too high at 10.

    Outcomes lie 10 from their mean, and 1 around that: their deviation is the root of 101.
    """
    rows = [{"score": s, "outcome": s + e, "reference": True} for s in (10.0, 30.0) for e in (-1.0, 1.0) * 30]
    rows += [{"score": s, "outcome": s + e - (6 if s == 10 else 0), "day": 1} for s in (10.0, 30.0) for e in (-1.0, 1.0) * 20]
    (found,) = figures(concept_drift, evidence_of(rows, task="regression"), window=1)
    assert found.tables["mean_change"] == pytest.approx(0.5 * 6 / np.sqrt(101))
    assert found.value == pytest.approx(0.5 * 6 / np.sqrt(101), abs=0.02)
    assert found.p < 1e-6


@pytest.mark.parametrize(("n", "m"), [(5000, 500), (5000, 5000), (500, 500)])
@pytest.mark.parametrize("change", [0.0, 0.03, 0.1])
def test_the_interval_covers(n, m, change):
    """2,000 worlds with ten scores whose rates all move by `change`, up and down in turn."""
    draw = np.random.default_rng(4)
    before = np.linspace(0.1, 0.9, 10)
    now = np.clip(before + change * np.tile([1, -1], 5), 0, 1)
    x, y = draw.binomial(n // 10, before, (2000, 10)), draw.binomial(m // 10, now, (2000, 10))
    smoothed = [(hits + 0.5) / (rows + 1) for hits, rows in ((x, n // 10), (y, m // 10))]
    variance = sum(p * (1 - p) / (rows // 10) for p, rows in zip(smoothed, (n, m), strict=True))
    _, low, high = mean_change(y / (m // 10) - x / (n // 10), variance, np.full((2000, 10), 0.1))
    truth = np.abs(now - before).mean()
    assert np.mean((low <= truth) & (truth <= high)) > 0.925
