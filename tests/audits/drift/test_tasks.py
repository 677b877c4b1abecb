"""Decisions and outcomes as columns of drift, in every task."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audits.drift import AUDITS
from audits.drift.chi_squared import chi_squared
from audits.drift.kolmogorov_smirnov import kolmogorov_smirnov
from audits.drift.l_infinity import l_infinity
from audits.drift.population_stability_index import population_stability_index
from audits.drift.wasserstein_distance import wasserstein_distance
from audits.examine import examine, suits
from audits.registry import find


@pytest.fixture(scope="module")
def classes(evidence_of):
    """Give 100 reference decisions 50 a, 30 b, 20 c, and a day of 20 a, 30 b, 45 c, 5 without; outcomes stay as they were."""
    before, now = "a" * 50 + "b" * 30 + "c" * 20, ["a"] * 20 + ["b"] * 30 + ["c"] * 45 + [None] * 5
    rows = [{"decision": d, "outcome": d, "reference": True} for d in before]
    return evidence_of([*rows, *({"decision": d, "outcome": o, "day": 1} for d, o in zip(now, before, strict=True))], task="multiclass")


def test_classes_by_hand(classes, figures):
    """Shares .5 .3 .2 become 20, 30 and 45 of 95: c moved most, by 45/95 - 0.2."""
    (found,) = figures(l_infinity, classes, window=1, column="decision")
    assert found.value == pytest.approx(max(0.5 - 20 / 95, 45 / 95 - 0.2))
    (found,) = figures(population_stability_index, classes, window=1, column="decision")
    assert found.tables["labels"] == ["a", "b", "c", "(other)", "(missing)"]
    assert (found.tables["reference"], found.tables["window"]) == ([50, 30, 20, 0, 0], [20, 30, 45, 0, 5])
    (found,) = figures(population_stability_index, classes, window=1, column="outcome")
    assert found.value == 0.0


def test_classes_against_scipy(classes, figures):
    """Cramér's V from scipy's statistic without correction."""
    (found,) = figures(chi_squared, classes, window=1, column="decision")
    statistic = stats.chi2_contingency([[50, 30, 20], [20, 30, 45]], correction=False).statistic
    assert found.value == pytest.approx(np.sqrt(statistic / 195), abs=1e-12)


@pytest.fixture(scope="module")
def numbers():
    """Give numeric outcomes of a reference and of a day on which they are larger; a fifth of the day's are not known."""
    draw = np.random.default_rng(11)
    return draw.normal(50, 10, 1000), [None if i % 5 == 0 else float(x) for i, x in enumerate(draw.normal(56, 10, 500))]


def test_numeric_outcome(evidence_of, figures, numbers):
    """The outcome drifts by scipy's distances, on its own grid; its missing values are counted apart."""
    before, now = numbers
    rows = [{"score": 50.0, "outcome": float(y), "reference": True} for y in before]
    evidence = evidence_of([*rows, *({"score": 50.0, "outcome": y, "day": 1} for y in now)], task="regression")
    known = np.asarray([y for y in now if y is not None])
    (found,) = figures(kolmogorov_smirnov, evidence, window=1, column="outcome")
    assert abs(found.value - stats.ks_2samp(before, known).statistic) <= found.tables["resolution"] + 1e-12
    assert found.n == 400
    (found,) = figures(wasserstein_distance, evidence, window=1, column="outcome")
    assert found.value == pytest.approx(stats.wasserstein_distance(before, known) / before.std(), abs=2e-3)
    (found,) = figures(population_stability_index, evidence, window=1, column="outcome")
    assert len(found.tables["edges"]) == 9
    assert found.value > 0.2


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_has_drift_and_quality(evidence_of, task):
    """All drift measures run and none raises; quality and service are asked in every task."""
    values = {"binary": (1, 0), "multiclass": ("a", "b"), "regression": (1.5, 2.5)}[task]
    scores = {"p_a": 0.6, "p_b": 0.4} if task == "multiclass" else {"score": 0.6}
    rows = [{"outcome": values[i % 2], **scores, "kind": "xyz"[i % 3], "latency_ms": 5.0 + i, "day": i // 20} for i in range(60)]
    audits = [*(audit for audit in AUDITS if suits(audit, task)), find("label_coverage"), find("missing_rate"), find("latency_p50")]
    run = examine(evidence_of(rows, task=task), {}, card={}, audits=audits)
    assert run.errors == []
    assert set(run.findings.column("name").to_pylist()) == {audit.name for audit in audits}
    assert "outcome" in run.findings.column("column").to_pylist()
