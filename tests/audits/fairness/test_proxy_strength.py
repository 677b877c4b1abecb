"""Proxy strength: by hand, against scipy and resampling, and where a feature or the groups tell nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats.contingency import association

from audits.fairness.proxy_strength import cramers_v, proxy_strength
from audits.proxies import ProxyCounts


def counts(**tables):
    """Counts of sex (F, M, Unknown) by column."""
    found = {("sex", name): np.asarray(table, dtype=float) for name, table in tables.items()}
    bins = {name: (*(f"b{i}" for i in range(len(table[0]) - 1)), "missing") for name, table in tables.items()}
    return ProxyCounts(groups={"sex": ("F", "M", "Unknown")}, bins=bins, counts=found)


@pytest.fixture
def measured(evidence_of, figures):
    """Give the function that measures evidence with these counts and this probe."""
    rows = [{"sex": "F" if i % 2 else "M", "decision": 1, "outcome": 1, "income": float(i), "debt": float(i % 7)} for i in range(40)]
    evidence = evidence_of(rows, protected=("sex",))

    def measure(proxies, probes=None):
        found = figures(proxy_strength, dataclasses.replace(evidence, proxies=proxies, probes=probes or {}))
        return {one.column: one for one in found}

    return measure


def test_by_hand(measured):
    # F 40 / 10, M 10 / 40 over two bins, the unknown ones left out: phi² = 36 / 100, minus 1 / 99; of at most 2 - 1/99 - 1.
    found = measured(counts(income=[[40, 10, 0], [10, 40, 0], [500, 0, 0]]))["income"]
    assert found.value == pytest.approx(math.sqrt((0.36 - 1 / 99) / (1 - 1 / 99)), rel=1e-12)
    assert found.p == pytest.approx(stats.chi2_contingency([[40, 10], [10, 40]], correction=False).pvalue, rel=1e-9)
    assert (found.n, found.attribute, found.method) == (100, "sex", "bergsma")
    # The best guess is right for 80 of 100; with bins ordered by F's share, 0.8 x 0.8 + half of 2 x 0.16 pairs are ordered right.
    assert found.tables["accuracy"] == pytest.approx(0.8)
    assert found.tables["majority"] == pytest.approx(0.5)
    assert found.tables["auc"] == pytest.approx(0.64 + 0.16)
    assert found.tables["telling"][0] == {"level": "F", "bin": "b0", "n": 50, "share": 0.8, "overall": 0.5}


def test_the_strongest_come_first(measured):
    found = measured(counts(income=[[30, 20, 0], [20, 30, 0], [0, 0, 0]], debt=[[45, 5, 0], [5, 45, 0], [0, 0, 0]]))
    assert [name for name in found if name] == ["debt", "income"]
    assert [found[name].tables["rank"] for name in ("debt", "income")] == [1, 2]


def test_it_is_cramers_v_without_its_bias():
    draw = np.random.default_rng(1)
    table = draw.multinomial(100_000, np.asarray([[0.2, 0.1, 0.1], [0.05, 0.25, 0.3]]).ravel()).reshape(2, 3).astype(float)
    assert cramers_v(table)[0] == pytest.approx(association(table.astype(int), method="cramer"), abs=1e-4)
    quiet = [cramers_v(draw.multinomial(300, np.full(60, 1 / 60)).reshape(3, 20).astype(float))[0] for _ in range(200)]
    plain = [association(draw.multinomial(300, np.full(60, 1 / 60)).reshape(3, 20) + 1, method="cramer") for _ in range(50)]
    assert np.mean(quiet) < 0.05 < 0.1 < np.mean(plain)


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.3, 0.8])
def test_intervals_hold_the_truth(strength):
    # Two groups and ten bins; group M's bins are tilted by `strength`. 400 samples of 1,000: a coverage of 95 % shows at 92 to 98 %.
    tilt = np.linspace(-1, 1, 10) * strength
    chances = np.stack([0.05 * (1 + tilt), 0.05 * (1 - tilt)])
    truth = math.sqrt(((chances**2) / (chances.sum(axis=1, keepdims=True) * chances.sum(axis=0, keepdims=True))).sum() - 1)
    draw = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        _, low, high = cramers_v(draw.multinomial(1000, chances.ravel()).reshape(2, 10).astype(float))
        held += low <= truth <= high
    assert held / 400 >= 0.92


def test_the_joint_figure_needs_rows(measured):
    found = measured(counts(income=[[40, 10, 0], [10, 40, 0], [0, 0, 0]]))
    assert (found[None].value, found[None].reason) == (None, 'the features together need rows, not tallies: run "candor audit --what-if"')
    receipt = {"rows_used": 200, "rows_available": 900, "created": "2026-01-01T00:00:00"}
    table = {"table": [[80, 20], [20, 80]], "levels": ["F", "M"], "auc": 0.8, "folds": 3}
    found = measured(None, {"proxies": {**receipt, "attributes": {"sex": table}}})
    assert found[None].value == pytest.approx(cramers_v(np.asarray([[80.0, 20.0], [20.0, 80.0]]))[0])
    assert found[None].tables == {"auc": 0.8, "folds": 3, **receipt}
    found = measured(None, {"proxies": {**receipt, "attributes": {"sex": {"reason": "the log has no feature"}}}})
    assert (found[None].value, found[None].reason) == (None, "the log has no feature")


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[50, 0], [50, 0], [3, 2]], "the feature is the same for all known groups of the reference"),
        ([[50, 10], [0, 0], [3, 2]], "the feature is the same for all known groups of the reference"),
        ([[0, 0], [0, 0], [3, 2]], "the feature is the same for all known groups of the reference"),
        ([[1, 0], [0, 1], [0, 0]], "the feature is the same for all known groups of the reference"),
    ],
)
def test_tables_without_contrast_say_why(measured, table, reason):
    found = measured(counts(income=table))["income"]
    assert (found.value, found.tables) == (None, None)
    assert found.reason


def test_perfect_separation_is_one(measured):
    found = measured(counts(income=[[50, 0, 0], [0, 50, 0], [0, 0, 0]]))["income"]
    assert (found.value, found.high) == (pytest.approx(1.0), pytest.approx(1.0))
    assert found.tables["auc"] == 1.0
