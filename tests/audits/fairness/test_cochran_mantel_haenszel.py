"""Odds of selection within a segment: statsmodels' figures, Berkeley's paradox, and reasons where there is nothing to hold fixed."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from audits.fairness.cochran_mantel_haenszel import NO_ODDS, NO_SEGMENT, ROUGH, cochran_mantel_haenszel
from audits.fairness.strata import Tables, homogeneity

# Bickel, Hammel and O'Connell (1975), the six largest departments: admitted and applied, by sex.
BERKELEY = {
    "A": ((512, 825), (89, 108)), "B": ((353, 560), (17, 25)), "C": ((120, 325), (202, 593)),
    "D": ((138, 417), (131, 375)), "E": ((53, 191), (94, 393)), "F": ((22, 373), (24, 341)),
}  # fmt: skip


def applicants(tables, scale=1):
    """Write rows from {level: ((selected, decided) of M, of F)}."""
    return [
        {"sex": sex, "department": level, "decision": int(i < hits)}
        for level, pair in tables.items() for sex, (hits, n) in zip("MF", pair, strict=True) for i in range(n // scale)
    ]  # fmt: skip


def oracle(tables):
    """Give statsmodels the same tables, the group F first."""
    return StratifiedTable([np.array([[f[0], f[1] - f[0]], [m[0], m[1] - m[0]]]) for m, f in tables.values()])


def test_berkeley_agrees_with_statsmodels_and_its_paradox_is_said(evidence_of, figures):
    evidence = evidence_of(applicants(BERKELEY), protected=("sex",), segments=("department",))
    (female,) = figures(cochran_mantel_haenszel, evidence, window=0)
    expected = oracle(BERKELEY)
    assert female.value == pytest.approx(expected.oddsratio_pooled, rel=1e-12)
    assert (female.low, female.high) == pytest.approx(tuple(np.exp(expected.logodds_pooled_confint())), rel=1e-9)
    null = expected.test_null_odds(correction=False)
    assert female.p == pytest.approx(null.pvalue, rel=1e-9)
    assert female.tables["chi_squared"] == pytest.approx(null.statistic, rel=1e-12)
    equal = expected.test_equal_odds(adjust=True)
    assert female.tables["homogeneity"] == {
        "statistic": pytest.approx(equal.statistic, rel=1e-9),
        "df": 5,
        "p_value": pytest.approx(equal.pvalue),
    }
    assert (female.n, female.slice, female.reference) == (1835, {"sex": "F"}, {"sex": "M"})
    # In all, 557 of 1,835 women (30.4 %) against 1,198 of 2,691 men (44.5 %); women do better in A, B, D and F.
    assert female.tables["crude"]["odds_ratio"] == pytest.approx((557 / 1278) / (1198 / 1493), rel=1e-12)
    assert (female.tables["opposite"], female.tables["simpson"]) == (4, True)
    assert "F got the favorable decision 14.2 points less often than M (30.4 % against 44.5 %)" in female.reason
    assert "within 4 of 6 levels of department more often" in female.reason


def test_the_levels_are_listed(evidence_of, figures):
    evidence = evidence_of(applicants(BERKELEY), protected=("sex",), segments=("department",))
    (female,) = figures(cochran_mantel_haenszel, evidence, window=0)
    assert female.tables["levels"] == list("ABCDEF")
    assert (female.tables["selected"][0], female.tables["decided"][0]) == (89, 108)
    assert (female.tables["reference_selected"][0], female.tables["reference_decided"][0]) == (512, 825)
    assert female.tables["odds_ratio"][0] == pytest.approx((89 / 19) / (512 / 313))
    assert female.column == "department"


@pytest.mark.parametrize("seed", range(8))
def test_random_tables_agree_with_statsmodels(evidence_of, figures, seed):
    draw = np.random.default_rng(seed)
    tables = {}
    for level in "abcd"[: 2 + seed % 3]:
        n = draw.integers(8, 60, size=2)
        tables[level] = tuple((int(draw.integers(1, size)), int(size)) for size in n)
    evidence = evidence_of(applicants(tables), protected=("sex",), segments=("department",))
    (found,) = figures(cochran_mantel_haenszel, evidence, window=0)
    ours = tables if found.slice == {"sex": "F"} else {level: (f, m) for level, (m, f) in tables.items()}
    expected = oracle(ours)
    assert found.value == pytest.approx(expected.oddsratio_pooled, rel=1e-12)
    assert found.p == pytest.approx(expected.test_null_odds(correction=False).pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(np.exp(expected.logodds_pooled_confint())), rel=1e-9)
    equal = expected.test_equal_odds(adjust=True)
    assert found.tables["homogeneity"]["statistic"] == pytest.approx(equal.statistic, rel=1e-8, abs=1e-10)
    assert found.tables["homogeneity"]["p_value"] == pytest.approx(equal.pvalue, rel=1e-8)


def test_gaps_in_the_same_direction_are_no_paradox(evidence_of, figures):
    tables = {"a": ((30, 50), (20, 50)), "b": ((20, 50), (10, 50))}
    (female,) = figures(cochran_mantel_haenszel, evidence_of(applicants(tables), protected=("sex",), segments=("department",)), window=0)
    assert (female.tables["opposite"], female.tables["simpson"], female.reason) == (0, False, "")


def test_levels_with_one_group_say_nothing(evidence_of, figures):
    tables = {"a": ((30, 50), (20, 50)), "b": ((20, 50), (10, 50))}
    alone = {**tables, "c": ((7, 9), (0, 0)), "Unknown": ((1, 9), (9, 9))}
    both = [figures(cochran_mantel_haenszel, evidence_of(applicants(t), protected=("sex",), segments=("department",)), window=0)[0]
            for t in (tables, alone)]  # fmt: skip
    assert (both[0].value, both[0].p, both[0].n) == (both[1].value, both[1].p, both[1].n)
    assert both[1].tables["levels"] == ["a", "b"]


def test_each_window_has_its_figure_and_few_events_are_rough(evidence_of, figures):
    rows = [
        {**row, "day": day}
        for day, tables in ((0, {"a": ((30, 50), (20, 50))}), (1, {"a": ((3, 5), (2, 5))}))
        for row in applicants(tables)
    ]
    found = {f.window: f for f in figures(cochran_mantel_haenszel, evidence_of(rows, protected=("sex",), segments=("department",)))}
    assert found[1].value == pytest.approx((20 / 30) / (30 / 20))
    assert (found[1].reason, found[2].reason) == ("", ROUGH)


def test_reasons(evidence_of, figures):
    rows = applicants({"a": ((5, 5), (5, 5)), "b": ((0, 5), (0, 5))})
    (found,) = figures(cochran_mantel_haenszel, evidence_of(rows, protected=("sex",), segments=("department",)), window=0)
    assert (found.value, found.reason) == (None, NO_ODDS)
    (found,) = figures(
        cochran_mantel_haenszel, evidence_of([{k: v for k, v in r.items() if k != "department"} for r in rows], protected=("sex",))
    )
    assert (found.value, found.reason) == (None, NO_SEGMENT)


def test_one_stratum_cannot_differ_from_itself():
    one = Tables.of(*(np.array([[x]]) for x in (20.0, 50.0, 30.0, 50.0)))
    statistic, free, _ = homogeneity(one, np.array([20 * 20 / (30 * 30)]))
    assert (np.isnan(statistic[0]), free[0]) == (True, 0)
