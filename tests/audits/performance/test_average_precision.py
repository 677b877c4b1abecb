"""`average_precision` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """From the top: + (1/1), - , + (2/3), -: (1 + 2/3) / 2."""
    rows = [{"score": s, "outcome": o} for s, o in ((0.9, 1), (0.7, 0), (0.5, 1), (0.1, 0))]
    found = finding(evidence_of(rows), "average_precision")
    assert found["value"] == pytest.approx(5 / 6)
    assert found["n"] == 4
    assert found["tables"]["resolution"] == pytest.approx(0.0, abs=1e-12)


def test_within_its_bound_of_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows, everybody and an intersection of 20 bins; for both meanings of positive."""
    rows = [row | {"race": "AB"[i % 2]} for i, row in enumerate(random_rows)]
    for positive in (1, 0):
        evidence = evidence_of(rows, protected=("sex", "race"), positive=positive)
        for level, inside in (("", rows), ("A F", [row for row in rows if row["race"] == "A" and row["sex"] == "F"])):
            truth = [int(row["outcome"] == positive) for row in inside]
            exact = average_precision_score(truth, [row["score"] for row in inside])
            found = finding(evidence, "average_precision", level)
            assert abs(found["value"] - exact) <= found["tables"]["resolution"] + 1e-12
            assert found["low"] < found["value"] < found["high"]


def test_bound_is_what_orders_can_do() -> None:
    """Two positives and two negatives in one bin: at best 1, at worst (1/3 + 2/4) / 2 = 5/12, tied 1/2."""
    from audits.performance.average_precision import binned

    value, above, below = binned(np.asarray([[2.0]]), np.asarray([[2.0]]))
    assert value[0] == 0.5
    assert above[0] == 0.5
    assert below[0] == pytest.approx(1 / 12)
    value, _, _ = binned(np.asarray([[1.0, 1.0]]), np.asarray([[0.0, 3.0]]))
    assert value[0] == pytest.approx(0.5 * 1 / 4 + 0.5 * 2 / 5)


def test_no_positive(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Without a positive outcome there is nothing to average."""
    found = finding(evidence_of([{"score": 0.4, "outcome": 0}, {"score": 0.6, "outcome": 0}]), "average_precision")
    assert np.isnan(found["value"])
    assert found["reason"] == "needs scored rows with a positive outcome"


def test_one_negative_says_why_there_is_no_interval(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """From the top: +, -, +: (1 + 2/3) / 2; how much negatives differ is not to be seen from one."""
    found = finding(evidence_of([{"score": s, "outcome": o} for s, o in ((0.9, 1), (0.5, 0), (0.1, 1))]), "average_precision")
    assert found["value"] == pytest.approx(5 / 6)
    assert np.isnan(found["low"])
    assert found["reason"] == "no interval: fewer than two outcomes of one kind"


def test_interval_is_the_delta_method(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Whole-numbered scores have a bin each: influences from numerical derivatives of scikit-learn's figure by each row's weight.

    Variance of the positives' influences, of the negatives' and of how many are positive; Student's t with Welch's degrees of freedom.
    """
    from scipy import stats

    draw = np.random.default_rng(9)
    s = draw.integers(0, 40, 150)
    y = (draw.random(150) < s / 50).astype(int)
    a, step, pull = average_precision_score(y, s), 1e-5, np.zeros(150)
    for i in range(150):
        ends = []
        for sign in (1, -1):
            weight = np.ones(150)
            weight[i] += sign * step
            ends.append(average_precision_score(y, s, sample_weight=weight))
        pull[i] = (ends[0] - ends[1]) / (2 * step)
    variances = [(y == o).sum() * pull[y == o].var(ddof=1) for o in (1, 0)]
    variances.append(sum(pull[y == o].sum() ** 2 / (y == o).sum() for o in (1, 0)))
    rows = (y.sum(), (1 - y).sum(), 150)
    free = sum(variances) ** 2 / sum(v**2 / (n - 1) for v, n in zip(variances, rows, strict=True))
    half = stats.t.ppf(0.975, free) * np.sqrt(sum(variances)) / (a * (1 - a))
    found = finding(evidence_of([{"score": int(x), "outcome": int(o)} for x, o in zip(s, y, strict=True)]), "average_precision")
    assert found["value"] == pytest.approx(a, abs=1e-12)
    for end, sign in (("low", -1), ("high", 1)):
        assert np.log(found[end] / (1 - found[end])) == pytest.approx(np.log(a / (1 - a)) + sign * half, abs=1e-6)
    assert found["method"] == "delta-logit"


def test_merged_bins_widen_the_interval(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """Twenty bins count scores as tied that are not: the upper end is raised by what order within them can add, and says so."""
    rows = [row | {"race": "AB"[i % 2]} for i, row in enumerate(random_rows)]
    found = finding(evidence_of(rows, protected=("sex", "race")), "average_precision", "A F")
    assert found["method"] == "delta-logit, widened by ties"
    assert found["high"] > found["value"] + found["tables"]["resolution"] / 2


def test_intersections_of_each_version(evidence_of: Callable[..., Evidence], random_rows: Rows) -> None:
    """An intersection has a figure for each version as well, equal to that of the version's rows alone."""
    from audits.registry import find

    rows = [row | {"race": "AB"[i % 2], "version": f"v{i // 2 % 2}"} for i, row in enumerate(random_rows)]
    evidence = evidence_of(rows, protected=("sex", "race"))
    alone = evidence_of([row for row in rows if row["version"] == "v1"], protected=("sex", "race"), bins=evidence.bins)
    seen = 0
    for name in ("average_precision", "roc_auc", "expected_calibration_error", "brier_resolution"):
        values = {}
        for which, (seen_in, version) in {"together": (evidence, 2), "alone": (alone, 0)}.items():
            for block in find(name)(seen_in):
                kept = (block.version == version) & (block.window == 0)
                levels = [seen_in.slices[i].levels for i in block.slice[kept]]
                values |= {(which, level): value for level, value in zip(levels, block.value[kept].tolist(), strict=True)}
        for (which, level), value in list(values.items()):
            if which == "alone" and len(level) == 2:
                assert values["together", level] == pytest.approx(value, abs=1e-12)
                seen += 1
    assert seen == 16
