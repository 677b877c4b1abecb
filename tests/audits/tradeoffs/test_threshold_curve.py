"""The threshold explorer: every threshold of ten rows by hand, what is said without labels, and where the log's decisions lie."""

from __future__ import annotations

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.tradeoffs.less_discriminatory_alternatives import less_discriminatory_alternatives
from audits.tradeoffs.mitigation_frontier import mitigation_frontier
from audits.tradeoffs.threshold_curve import threshold_curve


def at(tables, threshold):
    """Look up the place of the lowest shown threshold at or above this one."""
    return int(np.searchsorted(np.asarray(tables["threshold"], dtype=float), threshold - 1e-9))


def column(tables, name):
    return np.asarray([np.nan if v is None else v for v in tables[name]["value"]])


def test_ten_rows_at_every_threshold(evidence_of, figures, ten):
    # Outcomes by score 0.1 ... 1.0: 0 0 1 0 0 1 0 1 1 1. From 0.8 on: TP 3, FP 0, FN 2, TN 5: accuracy 8 of 10;
    # from 0.6 on: TP 4, FP 1, FN 1, TN 4: 8 of 10 too, balanced 0.8, the best of both kinds.
    (everybody,) = figures(threshold_curve, evidence_of(ten), attribute=None)
    t = everybody.tables
    assert everybody.value == pytest.approx(0.8)
    assert (everybody.n, t["scored"], t["n"]) == (10, 10, 10)
    place = at(t, 0.6)
    assert t["threshold"][place] == pytest.approx(0.6, abs=0.1)
    for name, value in {
        "selection_rate": 5 / 10, "accuracy": 8 / 10, "balanced_accuracy": 0.8, "true_positive_rate": 4 / 5, "false_positive_rate": 1 / 5,
        "positive_predictive_value": 4 / 5,
    }.items():  # fmt: skip
        assert column(t, name)[t["best"]["balanced_accuracy"]] == pytest.approx(value), name
    assert t["cost"] is None
    assert sorted(t["threshold"]) == t["threshold"]
    assert (np.diff(column(t, "selection_rate")) < 0).all(), "no two thresholds decide alike"


def test_costs_have_a_best_threshold_of_their_own(evidence_of, figures, ten, costs):
    # A false positive costs 5: from 0.8 on there is none, and three true positives earn 3, two missed cost 2: (-3 + 2) / 10.
    (everybody,) = figures(threshold_curve, evidence_of(ten, costs=costs), attribute=None)
    place = everybody.tables["best"]["cost"]
    assert column(everybody.tables, "cost")[place] == pytest.approx(-0.1)
    assert column(everybody.tables, "selection_rate")[place] == pytest.approx(0.3)


def test_the_logs_own_decisions_and_the_threshold_that_gives_them(evidence_of, figures, ten):
    (everybody,) = figures(threshold_curve, evidence_of(ten), attribute=None)
    log = everybody.tables["log"]
    assert log["agreement"] == 1.0
    assert 0.4 < log["threshold"] <= 0.5
    assert log["accuracy"]["value"] == pytest.approx(0.7)  # TP 4, FP 2, FN 1, TN 3
    assert log["selection_rate"]["value"] == pytest.approx(0.6)
    assert column(everybody.tables, "accuracy")[log["place"]] == pytest.approx(0.7)


def test_decisions_that_no_threshold_gives_say_how_many_it_would(evidence_of, figures, ten):
    odd = [{**row, "decision": int(row["score"] >= 0.5) if i else 1} for i, row in enumerate(ten)]  # the lowest score was decided favorably
    (everybody,) = figures(threshold_curve, evidence_of(odd), attribute=None)
    assert everybody.tables["log"]["agreement"] == pytest.approx(0.9)


def test_where_the_score_predicts_harm_the_low_scores_are_selected(evidence_of, figures, ten):
    # The score predicts outcome 0: those below the threshold get the favorable decision. The error rates stay about outcome 0.
    turned = [{**row, "outcome": 1 - row["outcome"], "decision": 1 - row["decision"]} for row in ten]
    (same,) = figures(threshold_curve, evidence_of(ten), attribute=None)
    (other,) = figures(threshold_curve, evidence_of(turned, positive=0), attribute=None)
    assert (same.tables["selected"], other.tables["selected"]) == ("above", "below")
    assert same.tables["threshold"] == other.tables["threshold"]
    for name in ("accuracy", "balanced_accuracy", "true_positive_rate", "false_positive_rate", "positive_predictive_value"):
        assert same.tables[name] == other.tables[name], name
    assert column(other.tables, "selection_rate") == pytest.approx(1 - column(same.tables, "selection_rate"))
    assert other.tables["log"]["selection_rate"]["value"] == pytest.approx(0.4)


def test_impact_ratios_along_the_curve_agree_with_counting(evidence_of, figures, people):
    evidence = evidence_of(people, protected=("group",))
    (curve,) = figures(threshold_curve, evidence, attribute="group")
    t = curve.tables
    place = t["log"]["place"]
    rates = {}
    for group in t["groups"]:
        members = [row for row in people if row["group"] == group["slice"]["group"]]
        rates[group["slice"]["group"]] = np.mean([row["decision"] for row in members])
        assert group["selection_rate"]["value"][place] == pytest.approx(rates[group["slice"]["group"]])
        assert group["log"]["selection_rate"]["value"] == pytest.approx(rates[group["slice"]["group"]])
        hits = [row["decision"] for row in members if row["outcome"] == 1]
        assert group["true_positive_rate"]["value"][place] == pytest.approx(np.mean(hits))
    least = min(rates.values()) / max(rates.values())
    assert t["impact_ratio"]["value"][place] == pytest.approx(least)
    assert t["groups"][t["lowest"][place]]["slice"]["group"] == min(rates, key=rates.get)
    assert t["groups"][t["highest"][place]]["slice"]["group"] == max(rates, key=rates.get)
    low, high = t["impact_ratio"]["low"][place], t["impact_ratio"]["high"][place]
    assert low < least < high


def test_a_named_reference_group_is_the_yardstick(evidence_of, figures, people):
    from connectors.config import Protected

    (curve,) = figures(threshold_curve, evidence_of(people, protected=(Protected(column="group", reference="A"),)), attribute="group")
    shown = {place for place in curve.tables["highest"] if place is not None}
    assert shown == {0}, "A comes first"


def test_without_outcomes_selection_remains(evidence_of, figures, people):
    rows = [{key: value for key, value in row.items() if key != "outcome"} for row in people]
    for found in figures(threshold_curve, evidence_of(rows, protected=("group",))):
        assert found.value is None
        assert "no scored prediction has a known outcome" in found.reason
        assert found.tables["accuracy"] is None
        assert found.tables["best"] == {"accuracy": None, "balanced_accuracy": None, "cost": None}
        assert len(found.tables["threshold"]) > 50
        assert found.tables["log"]["agreement"] == 1.0


def test_outcomes_known_for_the_selected_only_are_refused(evidence_of, figures, people):
    rows = [{**row, "outcome": row["outcome"] if row["decision"] else None} for row in people]
    (everybody,) = figures(threshold_curve, evidence_of(rows), attribute=None)
    assert everybody.value is None
    assert "what another threshold would have brought cannot be told" in everybody.reason
    assert everybody.tables["true_positive_rate"] is None
    assert everybody.tables["log"]["accuracy"] is None
    assert everybody.tables["selection_rate"]["value"]


def test_one_outcome_only_makes_every_threshold_alike(evidence_of, figures, ten):
    (everybody,) = figures(threshold_curve, evidence_of([{**row, "outcome": 1} for row in ten]), attribute=None)
    assert everybody.value is None
    assert "all known outcomes are the same" in everybody.reason


def test_a_constant_score_has_two_thresholds(evidence_of, figures, ten):
    (everybody,) = figures(threshold_curve, evidence_of([{**row, "score": 0.5} for row in ten]), attribute=None)
    assert sorted(column(everybody.tables, "selection_rate")) == [0.0, 1.0]
    assert everybody.value == pytest.approx(0.5)


def test_whole_number_scores_are_cut_between_them(evidence_of, figures, ten):
    rows = [{**row, "score": round(10 * row["score"])} for row in ten]
    (everybody,) = figures(threshold_curve, evidence_of(rows), attribute=None)
    assert column(everybody.tables, "selection_rate").tolist() == pytest.approx([k / 10 for k in range(10, -1, -1)])
    assert set(everybody.tables["threshold"]) <= set(range(1, 12))


def test_the_intersection_is_cut_at_twenty_bins(evidence_of, figures, people):
    rows = [{**row, "sex": "FM"[i % 2]} for i, row in enumerate(people)]
    evidence: Evidence = evidence_of(rows, protected=("group", "sex"))
    (crossed,) = figures(threshold_curve, evidence, attribute="group,sex")
    assert crossed.tables["bins"] == 20
    assert len(crossed.tables["groups"]) == 6
    check_selection(crossed.tables, rows)


@pytest.mark.parametrize("step", [1, 20, 100])
def test_a_grid_of_few_scores_is_cut_between_them_for_the_intersection_too(evidence_of, figures, people, step):
    # Whole numbers, five values, one value: the grid has fewer bins than the twenty of an intersection.
    rows = [{**row, "sex": "FM"[i % 2], "score": round(100 * row["score"]) // step} for i, row in enumerate(people)]
    evidence = evidence_of(rows, protected=("group", "sex"))
    (crossed,) = figures(threshold_curve, evidence, attribute="group,sex")
    check_selection(crossed.tables, rows)
    for audit in (threshold_curve, mitigation_frontier, less_discriminatory_alternatives):
        (found,) = figures(audit, evidence, attribute="group,sex")
        assert found.value is not None or "no common threshold comes within" in found.reason, audit.name


def check_selection(tables, rows):
    for place, threshold in enumerate(tables["threshold"]):
        expected = 0.0 if threshold is None else np.mean([row["score"] >= threshold for row in rows])
        assert tables["selection_rate"]["value"][place] == pytest.approx(expected), threshold
