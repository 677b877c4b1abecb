"""The frontier: what common thresholds reach, what per-group ones would, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from audits.tradeoffs.mitigation_frontier import mitigation_frontier
from audits.tradeoffs.points import widest

from .conftest import crowd


def test_two_groups_by_hand(evidence_of, figures):
    # 60 people a group, scores 1, 2, 3. A: 20 each; B: 30, 20, 10. Outcome 1: of score 3 all, of 2 half, of 1 none. Decided from 3 on.
    rows = [
        {"group": group, "score": score, "outcome": int(score == 3 or (score == 2 and i % 2 == 0)), "decision": int(score == 3)}
        for group, counts in (("A", (20, 20, 20)), ("B", (30, 20, 10)))
        for score, n in zip((1, 2, 3), counts, strict=True)
        for i in range(n)
    ]
    (found,) = figures(mitigation_frontier, evidence_of(rows, protected=("group",)))
    t = found.tables
    # From 3 on: A 20/60, B 10/60 selected: gap 1/6; 20 missed of 120: accuracy 5/6, and 20/40 of 50 positives... balanced (30/50 + 1) / 2.
    assert t["baseline"]["kind"] == "logged decisions"
    assert t["baseline"]["accuracy"]["value"] == pytest.approx(100 / 120)
    assert t["baseline"]["balanced_accuracy"]["value"] == pytest.approx((30 / 50 + 1) / 2)
    assert t["baseline"]["demographic_parity_difference"]["value"] == pytest.approx(10 / 60)
    assert t["baseline"]["impact_ratio"]["value"] == pytest.approx(0.5)
    # From 2 on: A 40/60, B 30/60: gap 1/6 again, accuracy 100/120, balanced (1 + 50/70) / 2: no smaller gap is within a point.
    assert found.value == pytest.approx(10 / 60)
    assert t["recommended"] is None
    assert "possible disparate treatment" in found.reason
    common = t["common"]
    place = common["selection_rate"]["value"].index(pytest.approx(70 / 120))
    assert common["accuracy"]["value"][place] == pytest.approx(100 / 120)
    assert common["equal_opportunity_difference"]["value"][place] == pytest.approx(0.0)
    # Unfavorable outcomes above 2: A 10 of 30, B 10 of 40.
    assert common["equalized_odds_difference"]["value"][place] == pytest.approx(10 / 30 - 10 / 40)
    assert common["impact_ratio"]["value"][place] == pytest.approx(30 / 40)


def test_the_smallest_gap_within_a_point_agrees_with_trying_every_threshold(evidence_of, figures, people):
    (found,) = figures(mitigation_frontier, evidence_of(people, protected=("group",)))
    y, s, d = (np.asarray([row[key] for row in people]) for key in ("outcome", "score", "decision"))
    group = np.asarray([row["group"] for row in people])

    def measured(decided):
        balanced = (decided[y == 1].mean() + 1 - decided[y == 0].mean()) / 2
        rates = [decided[group == name].mean() for name in "ABC"]
        return (decided == y).mean(), balanced, max(rates) - min(rates)

    accuracy, balanced, gap = measured(d)
    every = [measured((s >= cut).astype(int)) for cut in np.arange(0, 101) / 100]
    best = min(each[2] for each in every if each[0] >= accuracy - 0.01 - 1e-12 and each[1] >= balanced - 0.01 - 1e-12)
    assert found.value == pytest.approx(best, abs=1e-12)
    recommended = found.tables["recommended"]
    assert recommended["demographic_parity_difference"]["value"] == pytest.approx(best)
    assert found.tables["baseline"]["demographic_parity_difference"]["value"] == pytest.approx(gap)
    assert best < gap
    own = (s >= recommended["threshold"]).astype(int)
    assert measured(own) == pytest.approx(tuple(recommended[name]["value"] for name in ("accuracy", "balanced_accuracy",
                                                                                       "demographic_parity_difference")))  # fmt: skip


def test_the_frontier_is_what_nothing_beats(evidence_of, figures, people):
    (found,) = figures(mitigation_frontier, evidence_of(people, protected=("group",)))
    common = found.tables["common"]
    points = list(zip(common["accuracy"]["value"], common["demographic_parity_difference"]["value"], common["frontier"], strict=True))
    for accuracy, gap, unbeaten in points:
        beaten = any(a >= accuracy and g <= gap and (a > accuracy or g < gap) for a, g, _ in points)
        assert unbeaten is not beaten
    assert 1 < sum(common["frontier"]) < len(points)


def test_per_group_rules_are_fairlearns_and_never_recommended(evidence_of, figures, people):
    from .test_optimum import optimizer

    (found,) = figures(mitigation_frontier, evidence_of(people, protected=("group",)))
    per_group = found.tables["per_group"]
    assert per_group["recommended"] is False
    assert "possible disparate treatment" in per_group["note"]
    group, bins, outcome = (np.asarray([row[key] for row in people]) for key in ("group", "score", "outcome"))
    seen = set()
    for curve in per_group["curves"]:
        _, chance = optimizer(group, bins, outcome, same=True, constraints=curve["constraint"], objective=curve["objective"])
        for rule in curve["exact"]["groups"]:
            mine = group == rule["slice"]["group"]
            # Scores in hundredths have bins of their own here; tables keep eight digits.
            assert rule["selection_rate"] == pytest.approx(chance[mine].mean(), abs=1e-6)
            told = sum(
                lot["weight"] * {"above": 0.0 if lot["threshold"] is None else float((bins[mine] >= lot["threshold"]).mean()),
                                 "everybody": 1.0, "nobody": 0.0}[lot["select"]]
                for lot in rule["mix"]
            )  # fmt: skip
            assert told == pytest.approx(rule["selection_rate"], abs=1e-6)
        assert curve["gap"]["value"][0] == pytest.approx(0.0, abs=1e-7)
        seen.add((curve["constraint"], curve["objective"]))
    assert len(seen) == 6


def test_where_the_score_predicts_harm_the_figures_are_the_same(evidence_of, figures, people):
    turned = [{**row, "outcome": 1 - row["outcome"], "decision": 1 - row["decision"]} for row in people]
    (same,) = figures(mitigation_frontier, evidence_of(people, protected=("group",)))
    (other,) = figures(mitigation_frontier, evidence_of(turned, protected=("group",), positive=0))
    assert other.value == pytest.approx(same.value), "a gap between rates is one between their complements"
    assert other.tables["selected"] == "below"
    for mine, theirs in zip(same.tables["per_group"]["curves"], other.tables["per_group"]["curves"], strict=True):
        if mine["constraint"] == "demographic_parity":  # the others are about the favorable outcome, which is now the other one
            assert mine["objective_value"] == pytest.approx(theirs["objective_value"])


def test_without_decisions_the_baseline_is_the_best_common_threshold(evidence_of, figures, people):
    rows = [{key: value for key, value in row.items() if key != "decision"} for row in people]
    (found,) = figures(mitigation_frontier, evidence_of(rows, protected=("group",)))
    baseline, common = found.tables["baseline"], found.tables["common"]
    assert baseline["kind"] == "best common threshold"
    assert baseline["accuracy"]["value"] == pytest.approx(max(common["accuracy"]["value"]))


def test_small_groups_are_left_out_and_listed(evidence_of, figures, people):
    rows = [*people, *({"group": "tiny", "score": 0.5, "outcome": i % 2, "decision": 1, "day": 0} for i in range(12)),
            *({"group": "lucky", "score": 0.5, "outcome": 1, "decision": 1, "day": 0} for _ in range(40))]  # fmt: skip
    (found,) = figures(mitigation_frontier, evidence_of(rows, protected=("group",)))
    assert {each["slice"]["group"]: (each["n"], each["reason"]) for each in found.tables["left_out"]} == {
        "lucky": (40, "all known outcomes are the same"), "tiny": (12, "fewer than 30 scored rows with a known outcome"),
    }  # fmt: skip
    assert "".join(each["slice"]["group"] for each in found.tables["groups"]) == "ABC"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda row: {**row, "outcome": row["outcome"] if row["decision"] else None}, "cannot be told from them"),
        (lambda row: {**row, "outcome": 1}, "all known outcomes are the same"),
        (lambda row: {**row, "group": "A"}, "fewer than two groups"),
    ],
)
def test_refused_with_a_reason(evidence_of, figures, people, change, reason):
    (found,) = figures(mitigation_frontier, evidence_of([change(row) for row in people], protected=("group",)))
    assert found.value is None
    assert reason in found.reason
    assert found.tables is None


def test_labels_for_one_group_only_are_no_frontier(evidence_of, figures):
    rows = [{**row, "outcome": row["outcome"] if row["group"] == "A" else None} for row in crowd(shift=0.0)]
    (found,) = figures(mitigation_frontier, evidence_of(rows, protected=("group",)))
    assert found.value is None
    assert "fewer than two groups" in found.reason


def test_the_intersection_has_no_thresholds_by_group(evidence_of, figures, people):
    rows = [{**row, "sex": "FM"[i % 2]} for i, row in enumerate(people)]
    found = {each.attribute: each for each in figures(mitigation_frontier, evidence_of(rows, protected=("group", "sex")))}
    assert found["group,sex"].tables["per_group"] is None
    assert len(found["group,sex"].tables["groups"]) == 6
    assert found["sex"].tables["per_group"]["curves"]


def test_the_interval_of_a_gap_holds_its_level(evidence_of):
    # Two groups, 400 rows each, selected at 0.5 and 0.4 by a fixed threshold: 0.1 should lie in 95 % of intervals.
    draw = np.random.default_rng(1)
    hits = np.stack([draw.binomial(400, 0.5, 3000), draw.binomial(400, 0.4, 3000)]).astype(float)
    _, low, high = widest(hits, np.full(hits.shape, 400.0))
    held = (low <= 0.1) & (high >= 0.1)
    assert 0.935 <= held.mean() <= 0.965


def test_it_rests_on_the_whole_period_of_all_versions(evidence_of, figures):
    rows = [{**row, "version": "ab"[i % 2]} for i, row in enumerate(crowd(900))]
    found = figures(mitigation_frontier, evidence_of(rows, protected=("group",)))
    assert [(each.version, each.window, each.n) for each in found] == [(None, 0, 900)]


def test_repeated_people_are_said_to_make_intervals_too_narrow(evidence_of, figures):
    from audits.tradeoffs.less_discriminatory_alternatives import less_discriminatory_alternatives
    from audits.tradeoffs.threshold_curve import threshold_curve

    evidence = evidence_of([{**row, "unit": f"p{i // 3}"} for i, row in enumerate(crowd(900))], protected=("group",))
    for audit in (threshold_curve, mitigation_frontier, less_discriminatory_alternatives):
        assert all('share one "unit"' in each.reason for each in figures(audit, evidence)), audit.name
