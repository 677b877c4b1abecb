"""Realised minus estimated: by hand, blind to a mere change of scores, per group, and when nothing can be said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.examine import examine
from audits.registry import find

ACCURACY, BASE_RATE, AUC, ERROR = (
    find(f"realised_minus_estimated_{name}") for name in ("accuracy", "base_rate", "roc_auc", "mean_absolute_error")
)


def log(cells, **mark):
    """Write rows from (score, positive outcomes, rows), decided positive from a score of 0.4 on."""
    return [
        {"score": score, "decision": int(score > 0.4), "outcome": int(i < hits)} | mark for score, hits, n in cells for i in range(n)
    ]


REFERENCE = [(0.2, 100, 400), (0.5, 200, 400), (0.8, 300, 400)]
SAME, FALLEN, LOW = [(0.2, 10, 40), (0.5, 20, 40), (0.8, 30, 40)], [(0.2, 10, 40), (0.5, 20, 40), (0.8, 10, 40)], [(0.2, 30, 120)]


@pytest.fixture(scope="module")
def worlds(evidence_of):
    """Give three days: as the reference; the best scores fallen to a quarter; only low scores, each worth what it was."""
    days = [row for day, cells in enumerate((SAME, FALLEN, LOW), start=1) for row in log(cells, day=day)]
    return evidence_of(log(REFERENCE, reference=True) + days)


def test_by_hand(worlds, figures):
    # Day 2: 30 + 20 + 10 of 120 decisions are right where 30 + 20 + 30 were to be expected; 40 outcomes are positive instead of 60.
    for audit in (ACCURACY, BASE_RATE):
        found = {f.window: f for f in figures(audit, worlds, slice={})}
        assert set(found) == {1, 2, 3}
        assert (found[1].value, found[3].value) == (pytest.approx(0, abs=1e-3), pytest.approx(0, abs=1e-3))
        assert found[2].value == pytest.approx(-20 / 120, abs=1e-3)
        # Chance alone: the root of 40 (3/16 + 1/4 + 3/16) outcomes of 120; the sampling of 1,200 reference rows adds a tenth.
        half = 1.96 * np.sqrt(40 * (3 / 16 + 1 / 4 + 3 / 16) * 1.1) / 120
        assert found[2].high - found[2].low == pytest.approx(2 * half, rel=0.02)
        assert found[2].p < 0.001
        assert found[1].p > 0.9
        assert (found[2].n, found[2].column, found[2].reason) == (120, "score", "")


def test_ranking(worlds, figures):
    found = {f.window: f for f in figures(AUC, worlds, slice={})}
    assert found[2].value < -0.2
    assert found[2].high < -0.05
    assert found[1].value == pytest.approx(0, abs=0.01)


def test_groups_are_told_apart(evidence_of, figures):
    """Men's outcomes fall, women's do not; crossed groups are left out."""
    rows = [row for sex in "FM" for race in "AB" for row in log(REFERENCE, reference=True, sex=sex, race=race)]
    rows += [row for sex, cells in (("F", SAME), ("M", FALLEN)) for race in "AB" for row in log(cells, day=1, sex=sex, race=race)]
    found = {str(f.slice): f.value for f in figures(BASE_RATE, evidence_of(rows, protected=("sex", "race")), window=1)}
    assert found["{'sex': 'M'}"] == pytest.approx(-20 / 120, abs=1e-3)
    assert found["{'sex': 'F'}"] == pytest.approx(0, abs=1e-3)
    assert found["{}"] == pytest.approx(-10 / 120, abs=1e-3)
    assert len(found) == 5


def test_past_errors_do_not_widen_it(evidence_of, figures):
    """The same change day after day stays as plain as on the first."""
    rows = log(REFERENCE, reference=True) + [row for day in range(1, 7) for row in log(FALLEN, day=day)]
    found = figures(BASE_RATE, evidence_of(rows), slice={})
    assert len({round(f.high - f.low, 9) for f in found}) == 1
    assert all(f.high < -0.05 for f in found)


def test_what_cannot_be_said_has_a_reason(evidence_of, figures):
    few = evidence_of(log([(0.2, 5, 20), (0.8, 15, 20)], reference=True) + log(SAME, day=1))
    assert [f.reason for f in figures(ACCURACY, few)] == ["the reference has 40 outcomes of scored predictions; it takes 1,000"]
    small = evidence_of(log(REFERENCE, reference=True) + log([(0.2, 2, 9)], day=1))
    assert [(f.value, f.reason) for f in figures(ACCURACY, small)] == [(None, "fewer than 30 outcomes of scored predictions are known")]
    none = [{"score": 0.5, "decision": 1, "outcome": None, "day": 1} for _ in range(40)]
    unlabelled = evidence_of(log(REFERENCE, reference=True) + none)
    assert [f.reason for f in figures(ACCURACY, unlabelled)] == ["no window outside the reference has its outcomes yet"]
    strange = evidence_of(log(REFERENCE, reference=True) + log([(0.99, 30, 60)], day=1))
    assert [f.reason for f in figures(ACCURACY, strange)] == ["can't tell: the reference has no outcomes at too many of its scores"]


def test_the_first_window_as_reference_is_left_out_and_said(evidence_of, figures):
    evidence = evidence_of(log(REFERENCE, day=0) + log(FALLEN, day=1))
    first = evidence.windows[1]
    evidence = replace(evidence, reference=replace(evidence.reference, kind="first window", start=first.start, end=first.end))
    (found,) = figures(BASE_RATE, evidence)
    assert (found.window, found.reason[:35]) == (2, "compared with the first complete wi")


def test_regression_by_hand(evidence_of, figures):
    """Errors of 1 at every prediction became errors of 3."""
    rows = [{"score": float(s), "outcome": s + e, "reference": True} for s in range(40) for e in (-1.0, 1.0) * 15]
    rows += [{"score": float(s), "outcome": s + e, "day": 1} for s in range(40) for e in (-3.0, 3.0)]
    (found,) = figures(ERROR, evidence_of(rows, task="regression"))
    assert found.value == pytest.approx(2.0, abs=1e-6)
    assert (found.n, found.window) == (80, 1)


def test_classes_one_by_one(evidence_of):
    """Each class against the rest has its line."""
    shapes = {"a": (0.8, 0.2), "b": (0.3, 0.7)}
    rows = []
    for mark, n in (({"reference": True}, 600), ({"day": 1}, 60)):
        for label, (a, b) in shapes.items():
            rows += [{"p_a": a, "p_b": b, "decision": label, "outcome": "a" if i < a * n else "b"} | mark for i in range(n)]
    run = examine(evidence_of(rows, task="multiclass"), {}, card={}, audits=[BASE_RATE])
    assert {(f["column"], round(f["value"], 3)) for f in run.findings.to_pylist()} == {("a", 0.0), ("b", 0.0)}
