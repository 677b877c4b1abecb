"""`roc_auc` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence: Evidence, finding: Finding) -> None:
    """Positives .9 .8 .95 beat all 6 negatives, .4 and .45 beat 3: 24 of 30 pairs. F: 8 of 9. M: .95 beats 3, .45 beats .1: 4 of 6."""
    found = {level: finding(evidence, "roc_auc", level) for level in ("", "F", "M")}
    assert found[""]["value"] == pytest.approx(24 / 30)
    assert found["F"]["value"] == pytest.approx(8 / 9)
    assert found["M"]["value"] == pytest.approx(4 / 6)
    assert found[""]["n"] == 11
    assert found[""]["tables"] == {"resolution": 0.0}


def test_ties_count_half(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """The pair (.5, .5) counts half and (.5, .1) whole: 1.5 of 2 pairs."""
    rows = [{"score": 0.5, "outcome": 1}, {"score": 0.5, "outcome": 0}, {"score": 0.1, "outcome": 0}]
    assert finding(evidence_of(rows), "roc_auc")["value"] == pytest.approx(0.75)


def test_within_its_bound_of_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows: no further from the exact figure than the bound in `tables`, for both meanings of positive."""
    y, s = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "score"))
    for positive, truth in ((1, y), (0, 1 - y)):
        found = finding(evidence_of(random_rows, positive=positive), "roc_auc")
        assert abs(found["value"] - roc_auc_score(truth, s)) <= found["tables"]["resolution"] + 1e-12
        assert found["tables"]["resolution"] < 0.002


def test_intersections_state_a_wider_bound(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """Twenty bins: the bound is larger and still holds."""
    rows = [row | {"race": "AB"[i % 2]} for i, row in enumerate(random_rows)]
    found = finding(evidence_of(rows, protected=("sex", "race")), "roc_auc", "A F")
    inside = [row for row in rows if row["race"] == "A" and row["sex"] == "F"]
    exact = roc_auc_score([row["outcome"] for row in inside], [row["score"] for row in inside])
    assert abs(found["value"] - exact) <= found["tables"]["resolution"]
    assert 0.005 < found["tables"]["resolution"] < 0.1
    assert found["n"] == len(inside)


def delong_row_by_row(y: np.ndarray[Any, Any], s: np.ndarray[Any, Any]) -> tuple[float, float]:
    """The two parts of the variance of DeLong, DeLong and Clarke-Pearson from all pairs."""
    wins = (s[y == 1][:, None] > s[y == 0]) + 0.5 * (s[y == 1][:, None] == s[y == 0])
    return float(wins.mean(axis=1).var(ddof=1) / (y == 1).sum()), float(wins.mean(axis=0).var(ddof=1) / (y == 0).sum())


def test_interval_is_delongs(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Scores in whole per cents, so that bins lose nothing: t standard errors from all pairs, on the logit scale, with Welch's freedom."""
    from scipy import stats

    draw = np.random.default_rng(2)
    s = draw.integers(0, 100, 200)
    y = (draw.random(200) < s / 100).astype(int)
    rows = [{"score": int(score), "outcome": int(outcome)} for score, outcome in zip(s, y, strict=True)]
    found = finding(evidence_of(rows), "roc_auc")
    exact = float(roc_auc_score(y, s))
    a, b = delong_row_by_row(y, s)
    free = (a + b) ** 2 / (a**2 / (y.sum() - 1) + b**2 / ((1 - y).sum() - 1))
    half = stats.t.ppf(0.975, free) * np.sqrt(a + b) / (exact * (1 - exact))
    assert found["value"] == pytest.approx(exact, abs=1e-12)
    for end, sign in (("low", -1), ("high", 1)):
        assert np.log(found[end] / (1 - found[end])) == pytest.approx(np.log(exact / (1 - exact)) + sign * half, abs=1e-9)
    assert found["method"] == "delong"


def test_one_class_only(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Without negatives there are no pairs."""
    found = finding(evidence_of([{"score": 0.4, "outcome": 1}, {"score": 0.6, "outcome": 1}]), "roc_auc")
    assert np.isnan(found["value"])
    assert found["reason"] == "needs scored rows of both outcomes"


def test_perfect_order_is_not_certain(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Ten and ten in perfect order: AUC 1, and the lowest t with (1 - t)² <= z² V(t), where the two sides are equal."""
    rows = [{"score": 0.01 * i, "outcome": int(i >= 10)} for i in range(20)]
    found = finding(evidence_of(rows), "roc_auc")
    assert found["value"] == 1.0
    t = found["low"]
    variance = t * (1 - t) / 100 * (1 + 9 * ((1 - t) / (2 - t) + t / (1 + t)))
    assert (1 - t) ** 2 == pytest.approx(1.959963984540054**2 * variance, rel=1e-9)
    assert 0.7 < t < 0.85
    assert found["method"] == "newcombe-5"
    assert found["high"] == 1.0
