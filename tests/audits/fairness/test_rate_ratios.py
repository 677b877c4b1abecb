"""False negative and true positive rates over the comparison group's, and the named group."""

from __future__ import annotations

import dataclasses

import pytest
from sklearn.metrics import recall_score

from audits.fairness.false_negative_rate_ratio import false_negative_rate_ratio
from audits.fairness.impact_ratio import impact_ratio
from audits.fairness.odds_ratio import odds_ratio
from audits.fairness.predictive_parity_difference import predictive_parity_difference
from audits.fairness.scoring_impact_ratio import scoring_impact_ratio
from audits.fairness.standardized_mean_difference import standardized_mean_difference
from audits.fairness.true_positive_rate_ratio import true_positive_rate_ratio
from audits.interval import katz, newcombe


def people(sex, tp, fp, fn, tn):
    cells = ((1, 1, tp), (1, 0, fp), (0, 1, fn), (0, 0, tn))
    return [{"sex": sex, "decision": decision, "outcome": outcome} for decision, outcome, n in cells for _ in range(n)]


ROWS = [*people("M", 24, 6, 6, 14), *people("F", 12, 4, 18, 16)]


@pytest.mark.parametrize("positive", [1, 0])
def test_rates_are_about_what_the_score_predicts(evidence_of, figures, positive):
    evidence = evidence_of(ROWS, protected=("sex",), positive=positive)

    def recall(sex):
        inside = [row for row in ROWS if row["sex"] == sex]
        return recall_score([row["outcome"] for row in inside], [row["decision"] for row in inside], pos_label=positive)

    (found,) = figures(true_positive_rate_ratio, evidence, window=0, slice={"sex": "F"})
    (missed,) = figures(false_negative_rate_ratio, evidence, window=0, slice={"sex": "F"})
    assert found.value == pytest.approx(recall("F") / recall("M"))
    assert missed.value == pytest.approx((1 - recall("F")) / (1 - recall("M")))
    assert found.reference == missed.reference == {"sex": "M"}


def test_interval_and_support(evidence_of, figures):
    (missed,) = figures(false_negative_rate_ratio, evidence_of(ROWS, protected=("sex",)), window=0, slice={"sex": "F"})
    low, high = katz(18, 30, 6, 30)  # 18 of 30 missed against 6 of 30
    assert (missed.value, missed.n) == (pytest.approx(3.0), 30)
    assert (missed.low, missed.high) == (pytest.approx(float(low)), pytest.approx(float(high)))


def test_nobody_missed_in_the_reference_group_has_a_reason(evidence_of, figures):
    rows = [*people("M", 10, 5, 0, 5), *people("F", 5, 1, 5, 9)]
    (missed,) = figures(false_negative_rate_ratio, evidence_of(rows, protected=("sex",)), window=0, slice={"sex": "F"})
    assert (missed.value, missed.reason) == (None, "the reference group has no false negative, so there is no rate to compare with")


def named(evidence, **levels):
    protected = tuple(dataclasses.replace(found, reference=levels.get(found.column)) for found in evidence.model.protected)
    return dataclasses.replace(evidence, model=dataclasses.replace(evidence.model, protected=protected))


SCORED = [{**row, "score": 0.2 + (37 * i % 100) / 200} for i, row in enumerate(ROWS)]


@pytest.mark.parametrize("audit", [
    impact_ratio, odds_ratio, predictive_parity_difference, true_positive_rate_ratio, standardized_mean_difference, scoring_impact_ratio,
], ids=lambda audit: audit.name)  # fmt: skip
def test_the_named_group_is_what_all_are_compared_with(evidence_of, figures, audit):
    evidence = evidence_of(SCORED, protected=("sex",))
    for group, other in (("F", "M"), ("M", "F")):
        found = {f.slice["sex"]: f for f in figures(audit, named(evidence, sex=group), window=0)}
        assert found[group].reason == "reference group"
        assert found[other].reference == {"sex": group}


def test_a_named_group_is_the_yardstick_however_small_and_of_every_intersection(evidence_of, figures):
    rows = [{"sex": s, "race": r, "decision": int(i < hits)} for s, r, hits, n in
            (("F", "x", 1, 3), ("F", "y", 20, 40), ("M", "x", 30, 60), ("M", "y", 50, 60)) for i in range(n)]  # fmt: skip
    evidence = evidence_of(rows, protected=("sex", "race"))
    crossed = figures(impact_ratio, named(evidence, sex="F", race="x"), window=0, attribute="race,sex")
    assert {tuple(f.reference.values()) for f in crossed} == {("x", "F")}
    half = figures(impact_ratio, named(evidence, sex="F"), window=0, attribute="race,sex")
    assert {tuple(f.reference.values()) for f in half} == {("y", "F")}, "the women who are selected most: three are too few"


def test_a_named_group_without_rows_in_a_window_gives_a_reason(evidence_of, figures):
    rows = [{"sex": s, "decision": i % 2, "day": d} for s, d in (("F", 0), ("M", 0), ("M", 1)) for i in range(10)]
    found = {(f.window, f.slice["sex"]): f for f in figures(impact_ratio, named(evidence_of(rows, protected=("sex",)), sex="F"))}
    assert found[1, "M"].value == 1.0
    assert (found[2, "M"].value, found[2, "M"].reason) == (None, "no rows of the reference group to compare with")


def test_people_are_the_gap_in_rates_times_the_group(evidence_of):
    evidence = evidence_of(ROWS, protected=("sex",))
    (block,) = impact_ratio(evidence)
    place = next(i for i in range(len(block)) if block.window[i] == 0 and block.reason[i] == "")
    low, high = newcombe(16, 50, 30, 50)  # selected: F 16 of 50, M 30 of 50: 14 people
    assert tuple(float(values[place]) for values in block.people) == pytest.approx((14.0, -50 * float(high), -50 * float(low)))
    own = next(i for i in range(len(block)) if block.window[i] == 0 and block.reason[i] == "reference group")
    assert all(values[own] != values[own] for values in block.people), "nobody is missing from the yardstick itself"


def test_a_yardstick_picked_from_many_makes_q_values_larger(evidence_of, decided):
    from audits.examine import examine
    from audits.interval import two_proportion_p

    counts = {"a": (60, 100), "b": (45, 100), "c": (50, 100), "d": (52, 100), "e": (40, 100), None: (9, 9)}
    evidence = evidence_of(decided(counts, "group"), protected=("group",))
    alone = float(two_proportion_p(45, 100, 60, 100))
    picked, told = (
        next(
            row for row in examine(each, {}, card={}, audits=[impact_ratio]).findings.to_pylist() if row["whole"] and '"b"' in row["slice"]
        )
        for each in (evidence, named(evidence, group="a"))
    )
    assert picked["p_value"] == told["p_value"] == pytest.approx(alone)
    assert picked["q_value"] == pytest.approx(min(1.0, 2 * told["q_value"]))  # any of five might have been the highest: (5 - 1) / 2
    assert (picked["value"], picked["low"], picked["high"]) == (told["value"], told["low"], told["high"])


def test_where_nobody_differs_few_picked_yardsticks_lead_to_false_alarms():
    """The widest of many gaps to the highest group: five per cent of the tests at most, as with a named group."""
    import numpy as np

    from audits.fairness.compare import ratios
    from audits.fairness.yardstick import Groups, comparisons, yardstick
    from audits.interval import share

    draw = np.random.default_rng(9)
    hits = draw.binomial(400, 0.3, size=(1, 4000, 6)).astype(float)
    n = np.full(hits.shape, 400.0)
    groups = Groups(attribute=0, slices=np.arange(6), allowed=np.ones(6, dtype=bool))
    found = ratios(hits, n, yardstick(share(hits, n), n, n.sum(axis=-1)), zero="")
    p = np.minimum(found.p_value * comparisons(groups, n), 1.0)
    assert np.nanmean(found.p_value < 0.05) > 0.07, "without it one in ten is called"
    assert np.nanmean(p < 0.05) < 0.05
