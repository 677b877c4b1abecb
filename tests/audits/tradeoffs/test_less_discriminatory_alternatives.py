"""The search for alternatives: what is kept, what is not and why, from tallies and from what probes counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audits.tradeoffs.less_discriminatory_alternatives import less_discriminatory_alternatives, pairs
from audits.tradeoffs.reductions_frontier import reductions_frontier


def steep(n=4000, seed=3, *, chance=0.6):
    """Make two groups scored from 1 to 4, of which B lies lower; `chance` is that of a favorable outcome at score 2.

    Decided from 3 on. To decide from 2 on selects far more of B, and costs accuracy only where the chance is below one half.
    """
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        group = "AB"[i % 2]
        score = int(draw.choice([1, 2, 3, 4], p=[0.3, 0.1, 0.3, 0.3] if group == "A" else [0.3, 0.4, 0.15, 0.15]))
        outcome = int(draw.random() < {1: 0.05, 2: chance, 3: 0.9, 4: 0.95}[score])
        rows.append({"group": group, "score": score, "decision": int(score >= 3), "outcome": outcome})
    return rows


@pytest.fixture(scope="module")
def searched(evidence_of):
    return evidence_of(steep(), protected=("group",))


def test_a_lower_threshold_that_costs_nothing_is_found(searched, figures):
    (found,) = figures(less_discriminatory_alternatives, searched)
    t = found.tables
    assert t["baseline"]["kind"] == "logged decisions"
    assert t["baseline"]["impact_ratio"]["value"] == pytest.approx(0.5, abs=0.05)  # 0.30 of B over 0.60 of A
    best = t["alternatives"][0]
    assert (best["kind"], best["kept"], best["threshold"]) == ("common threshold", True, 2.0)
    assert found.value == pytest.approx(best["impact_ratio"]["value"], abs=1e-7)  # 0.70 of both groups
    assert found.value > 0.95
    assert best["loss"]["low"] <= 0
    assert best["gain"]["value"] == pytest.approx(best["impact_ratio"]["value"] / t["baseline"]["impact_ratio"]["value"], abs=1e-6)
    assert found.p < 1e-6
    assert t["searched"] == ["common thresholds"]
    assert {each["kind"] for each in t["not_searched"]} == {"features", "learners", "reductions"}
    assert "candor audit --what-if" in found.reason


def test_where_accuracy_pays_for_it_nothing_is_kept(evidence_of, figures):
    # A quarter of all rows have score 2; with a chance of 0.44 there, 0.56 - 0.44 of them would be lost: three points.
    (found,) = figures(less_discriminatory_alternatives, evidence_of(steep(chance=0.44), protected=("group",)))
    assert not any(each["kept"] for each in found.tables["alternatives"])
    assert found.value == pytest.approx(found.tables["baseline"]["impact_ratio"]["value"], abs=1e-7)
    assert "no alternative that was searched" in found.reason
    close = found.tables["alternatives"][0]
    assert "points lower" in close["why"]
    assert close["loss"]["value"] == pytest.approx(0.03, abs=0.01)
    assert close["gain"]["value"] > 1


def test_few_rows_do_not_make_a_worse_alternative_acceptable(evidence_of, figures):
    rows = [{**row, "outcome": int(row["score"] >= 3)} for row in steep(160)]
    (found,) = figures(less_discriminatory_alternatives, evidence_of(rows, protected=("group",)))
    assert not any(each["kept"] for each in found.tables["alternatives"])


def test_with_costs_it_is_cost_that_counts(evidence_of, figures, costs):
    # Deciding score 2 favorably is right in 60 %: with a false positive at 5 and a true positive at -1 it is dear.
    (found,) = figures(less_discriminatory_alternatives, evidence_of(steep(), protected=("group",), costs=costs))
    assert found.tables["yardstick"] == "cost"
    lower = next(each for each in found.tables["alternatives"] if each["threshold"] == 2.0)
    assert not lower["kept"]
    assert "more per decision" in lower["why"]


def test_pairs_count_what_both_decide():
    # One group; by decision, outcome and bin of three. Threshold place 1 selects bins 1 and 2.
    table = np.array([[[[5.0, 1.0, 0.0], [2.0, 3.0, 0.0]], [[0.0, 1.0, 4.0], [0.0, 2.0, 9.0]]]])
    found = pairs(table, np.array([1]))
    assert found.shape == (1, 1, 2, 2, 2)
    # outcome 0: of the 6 decided negative, bin 0 stays (5), bin 1 changes (1); all 5 decided positive stay.
    assert found[0, 0, 0].tolist() == [[5.0, 1.0], [0.0, 5.0]]
    assert found[0, 0, 1].tolist() == [[2.0, 3.0], [0.0, 11.0]]


def body(kept, ways, unchanged=None, **more):
    """Make a probe's body of two groups of 1,000: way by way the rows by [outcome, today's decision, way's], by group."""
    slices = [{"group": "A"}, {"group": "B"}]

    def listed(given):
        return [[np.asarray(way[g], dtype=float).tolist() for way in given] for g in range(2)]

    return {
        "rows_used": 2000, "rows_available": 4000, "seconds": 1.0, "created": "2026-01-01T00:00:00", "period": {}, "learner": "x",
        "folds": 3, "features": ["a", "b"], "protected_features": [], "reason": "",
        "attributes": {
            "group": {"slices": slices, "ways": kept, "against_today": listed(ways), "against_unchanged": listed(unchanged or ways)}
        }, **more,
    }  # fmt: skip


SAME = [[[400, 0], [0, 100]], [[50, 0], [0, 450]]]  # 550 of 1,000 selected, as before
FEWER = [[[450, 0], [0, 50]], [[250, 0], [0, 250]]]  # 300 of 1,000
MORE = [[[440, 10], [5, 45]], [[20, 230], [5, 245]]]  # 530 of 1,000: 230 right ones more, 10 wrong ones


def test_alternatives_from_rows_are_held_against_todays_decisions(searched, figures):
    ways = [
        {"kind": "retrained", "description": "the learner, nothing changed", "dropped": []},
        {"kind": "without features", "description": "without b", "dropped": ["b"]},
    ]
    evidence = dataclasses.replace(searched, probes={"alternatives": body(ways, [(SAME, FEWER), (SAME, MORE)])})
    (found,) = figures(less_discriminatory_alternatives, evidence)
    t = found.tables
    listed = {each["description"]: each for each in t["alternatives"]}
    without = listed["without b"]
    assert without["kept"]
    assert without["impact_ratio"]["value"] == pytest.approx(530 / 550, abs=1e-7)
    assert without["baseline_impact_ratio"]["value"] == pytest.approx(300 / 550, abs=1e-7)
    assert without["loss"]["value"] == pytest.approx((10 + 5 - 5 - 230) / 2000, abs=1e-7)
    assert without["against"] == "the learner, nothing changed"
    assert without["today"]["gain"]["value"] == pytest.approx(530 / 300, abs=1e-7)
    unchanged = listed["the learner, nothing changed"]
    assert (unchanged["against"], unchanged["why"]) == ("today's decisions", "its impact ratio is no higher")
    assert t["searched"] == ["common thresholds", "features", "learners"]
    assert t["not_searched"] == [{"kind": "reductions", "reason": "they need rows: run candor audit --what-if"}]
    assert (t["probe"]["rows_used"], t["probe"]["rows_available"]) == (2000, 4000)
    assert found.value == pytest.approx(max(each["impact_ratio"]["value"] for each in t["alternatives"] if each["kept"]), abs=1e-7)


def test_a_change_must_help_against_the_same_learner_and_against_today(searched, figures):
    # Today 530 of B are selected. The learner, retrained, selects 300 of them: to undo that is no alternative to today's decisions.
    ways = [{"kind": "retrained", "description": "as it is", "dropped": []}, {"kind": "other learner", "description": "x", "dropped": []}]
    back = [[[430, 20], [15, 35]], [[15, 5], [250, 230]]]  # of 530 today, 290 are selected by the retrained learner
    kept = [[[445, 0], [0, 55]], [[25, 0], [0, 475]]]  # and 530 of them by the other one
    probe = body(ways, [(SAME, back), (SAME, kept)], [(SAME, FEWER), (SAME, MORE)])
    evidence = dataclasses.replace(searched, probes={"alternatives": probe})
    (found,) = figures(less_discriminatory_alternatives, evidence)
    other = next(each for each in found.tables["alternatives"] if each["description"] == "x")
    assert other["gain"]["low"] > 1
    assert (other["kept"], other["why"]) == (False, "its impact ratio is no higher than that of today's decisions")


def test_a_probe_that_refused_gives_its_reason(searched, figures):
    refused = {"rows_used": 0, "rows_available": 9, "reason": "the log has no features", "attributes": {}}
    evidence = dataclasses.replace(searched, probes={"alternatives": refused, "reductions": refused})
    (found,) = figures(less_discriminatory_alternatives, evidence)
    assert {each["reason"] for each in found.tables["not_searched"]} == {"the log has no features"}
    (frontier,) = figures(reductions_frontier, evidence)
    assert (frontier.value, frontier.reason) == (None, "the log has no features")


def test_the_reductions_frontier_by_hand(searched, figures):
    # Without constraint 550 and 300 of 1,000 selected; the constraint adds 230 right and 10 wrong ones in B.
    ways = [
        {"kind": "retrained", "description": "no constraint", "dropped": []},
        {"kind": "reduction", "description": "parity", "dropped": [], "constraint": "demographic_parity", "strength": 0.01},
    ]
    evidence = dataclasses.replace(searched, probes={"reductions": body(ways, [(SAME, FEWER), (SAME, MORE)])})
    (found,) = figures(reductions_frontier, evidence)
    assert found.value == pytest.approx(0.02, abs=1e-12)
    assert found.tables["baseline"]["demographic_parity_difference"]["value"] == pytest.approx(0.25)
    (point,) = found.tables["points"]
    assert (point["constraint"], point["strength"]) == ("demographic_parity", 0.01)
    assert point["accuracy"]["value"] == pytest.approx((400 + 450 + 445 + 475) / 2000)
    assert found.n == 2000


def test_a_constraint_that_costs_more_than_a_point_is_no_frontier(searched, figures):
    worse = [[[40, 410], [5, 45]], [[20, 230], [5, 245]]]
    ways = [{"kind": "retrained", "description": "none", "dropped": []}, {"kind": "reduction", "description": "dp", "dropped": []}]
    evidence = dataclasses.replace(searched, probes={"reductions": body(ways, [(SAME, FEWER), (SAME, worse)])})
    (found,) = figures(reductions_frontier, evidence)
    assert found.value == pytest.approx(0.25)
    assert found.reason == "no constraint does better than none"


def test_without_a_probe_there_is_no_frontier(searched, figures):
    assert figures(reductions_frontier, searched) == []
