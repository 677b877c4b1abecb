"""Sections of the report: what each says of new kinds of findings, and what a calm model is spared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from audits.finding import AuditRun, PolicyChange
from reports.attention import notes
from reports.figure import figures
from reports.registry import render

Make = Callable[..., AuditRun]
Row = Callable[..., dict[str, Any]]
IMMATURE = "immature: 40.0% of outcomes known, due by 12 Apr 2026"


def page_of(run: AuditRun) -> str:
    """Return the page."""
    return render("audit", "html", run).decode()


def text_of(page: str, anchor: str) -> str:
    """Return the words of a section."""
    found = re.search(rf'<section id="{anchor}">(.*?)(?=<section id=|</main>)', page, re.S)
    assert found, f"there is no section {anchor}"
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", " ", found[1], flags=re.S))).split())


def sexes(finding: Row, name: str, unit: str, values: dict[str, float], **more: Any) -> list[dict[str, Any]]:
    """Make a figure for each sex."""
    return [
        finding(name, unit, value, low=value - 0.02, high=value + 0.02, n=900, slice={"sex": level}, attribute="sex", **more)
        for level, value in values.items()
    ]


def test_gaps_are_told_in_points_people_and_chances(one: Make, finding: Row) -> None:
    rates = sexes(finding, "true_positive_rate", "proportion", {"F": 0.6, "M": 0.7})
    people = {"people": 90.2, "people_low": 70.0, "people_high": 110.4}
    gap = sexes(finding, "true_positive_rate_difference", "difference", {"F": -0.1}, reference_slice={"sex": "M"}, q_value=0.0004, **people)
    said = text_of(page_of(one(*rates, *gap)), "by-0")
    assert "Gaps against the comparison group, in points and in people" in said
    assert "Gap in true positive rate F / M −10.0 pp [−12.0 pp, −8.0 pp] 900 about 90 people [70, 110] <0.001" in said


def test_criteria_that_conflict_are_told_in_words(one: Make, finding: Row) -> None:
    tables = {
        "groups": [{"sex": "F"}, {"sex": "M"}],
        "n": [900, 900],
        "highest": 0,
        "lowest": 1,
        "conflict": True,
        "sentences": ["Both cannot hold."],
    }
    rates = sexes(finding, "base_rate", "proportion", {"F": 0.6, "M": 0.7})
    conflict = finding("criteria_conflict", "difference", 0.1, attribute="sex", tables=tables, reason="Both cannot hold.")
    assert "Which criteria cannot hold together here Both cannot hold." in text_of(page_of(one(*rates, conflict)), "by-0")


def test_groups_too_small_to_show_a_gap_say_how_many_rows_they_need(one: Make, finding: Row) -> None:
    tables = {"enough": False, "n_needed": 1200, "policy_gap": 0.05}
    rates = sexes(finding, "selection_rate", "proportion", {"F": 0.6, "M": 0.7})
    power = finding("detectable_gap", "difference", 0.2, n=80, slice={"sex": "F"}, attribute="sex", tables=tables)
    assert "F: too few rows to see a gap of 5.0 points (n = 80, needs 1,200)" in text_of(page_of(one(*rates, power)), "by-0")


def test_a_calm_attribute_shows_two_charts_and_folds_the_rest(one: Make, finding: Row, judged: Row) -> None:
    def about(value: float) -> list[dict[str, Any]]:
        names = ("selection_rate", "true_positive_rate", "false_positive_rate")
        rates = [row for name in names for row in sexes(finding, name, "proportion", {"F": 0.6, "M": 0.7})]
        ratio = finding("impact_ratio", "ratio", value, low=value - 0.01, high=value + 0.01, n=900, slice={"sex": "F"}, attribute="sex",
                        reference_slice={"sex": "M"})  # fmt: skip
        return [*rates, judged(ratio, 0.8)]

    calm, loud = (page_of(one(*about(value))).split('id="by-0"')[1].split("</section>")[0] for value in (0.9, 0.5))
    assert calm.split('<details class="block"')[0].count("<figure") == 2
    assert loud.split('<details class="block"')[0].count("<figure") == 4
    assert calm.count("<figure") == loud.count("<figure")


def test_what_the_policy_says_why_since_when_and_what_has_changed(one: Make, finding: Row, judged: Row) -> None:
    import datetime as dt

    row = judged(finding("accuracy", "proportion", 0.9, low=0.88, high=0.92), 0.8)
    row |= {"threshold_source": "Board minutes 7", "threshold_since": dt.datetime(2026, 2, 1)}
    change = PolicyChange(model="loans", name="accuracy", field="min", before="0.75", after="0.8")
    other = PolicyChange(model="another", name="f1", field="min", before=None, after="0.5")
    page = page_of(replace(one(row), policy_changes=[change, other]))
    assert "Accuracy 80% or more from 1 Feb 2026 ticket fabricated Board minutes 7" in text_of(page, "policy")
    attention = text_of(page, "attention")
    assert "The policy has changed since the last audit Accuracy, min: 0.75 → 0.8" in attention
    assert "0.5" not in attention


def test_estimates_stand_beside_what_came_true_and_withheld_ones_say_why(one: Make, finding: Row) -> None:
    import datetime as dt

    days = [{"window_start": dt.datetime(2026, 3, day), "window_end": dt.datetime(2026, 3, day + 1), "whole": False} for day in range(1, 5)]
    found = [finding("accuracy", "proportion", 0.8, low=0.7, high=0.9, reason=IMMATURE if place > 2 else "", **day)
             for place, day in enumerate(days)]  # fmt: skip
    found += [finding("estimated_accuracy", "proportion", 0.82, low=0.8, high=0.84, **day) for day in days]
    found += [finding("estimated_accuracy", "proportion", None, n=900, slice={"sex": "F"}, attribute="sex", verdict="insufficient",
                      reason="can't tell: scores of this group no longer mean what they meant")]  # fmt: skip
    page = page_of(one(*found))
    assert 'stroke-dasharray="5 3"' in page
    assert "outcomes still to come" in page
    assert "Can't tell Estimates for F. can't tell: scores of this group" in text_of(page, "attention")
    assert "Estimates for F can't tell: scores of this group no longer mean what they meant" in text_of(page, "gaps")


def test_how_wrong_estimates_were_and_how_outcomes_arrive(one: Make, finding: Row) -> None:
    measures = {"accuracy": {"windows": 12, "mean_absolute_error": 0.004, "coverage": 11 / 12}}
    found = [
        finding("accuracy", "proportion", 0.8, low=0.7, high=0.9),
        finding("estimation_error", "proportion", 0.004, n=12, tables={"measures": measures}),
        finding("label_maturity", "proportion", 0.9, tables={"median_days": 3, "days_95": 11, "eventually": 0.97}),
        finding("label_selectivity", "difference", 0.96, low=0.9, high=1.0,
                tables={"selective": True, "favorable": {"rows": 500, "known": 490}, "unfavorable": {"rows": 500, "known": 10}}),
    ]  # fmt: skip
    page = page_of(one(*found))
    said = text_of(page, "performance")
    assert "Accuracy: off by 0.4 pp on average, inside its interval in 11 of 12 windows" in said
    assert "90.0% of the outcomes due by now are known; half arrive within 3 days; 95 of 100 within 11 days; 97.0% in the end." in said
    assert "known for 490 of 500 favorable decisions and 10 of 500 unfavorable decisions" in said
    assert "Selective outcomes" in text_of(page, "attention")


def test_weak_spots_are_told_worst_first_and_only_three_are_worth_knowing(one: Make, finding: Row) -> None:
    spots = [
        finding("weak_spot", "difference", 0.2 - place / 100, low=0.1, high=0.3, n=800, slice={"region": f"r{place}"}, people=60.0,
                people_low=30.0, people_high=90.0,
                tables={"rank": place + 1, "words": f"region = r{place}", "measure": "error_rate", "inside": 0.3, "outside": 0.1})
        for place in range(5)
    ]  # fmt: skip
    run = one(finding("accuracy", "proportion", 0.8, low=0.7, high=0.9), *spots)
    assert [note.figure.slice["region"] for note in notes(figures(run.runs[0].findings))] == ["r0", "r1", "r2"]
    said = text_of(page_of(run), "performance")
    assert said.index("region = r0") < said.index("region = r4")
    assert "30.0% 10.0%" in said


def test_gaps_and_weak_spots_do_not_flood_what_needs_attention(one: Make, finding: Row) -> None:
    gaps = [finding(f"{name}_difference", "difference", -0.5, low=-0.6, high=-0.4, slice={"sex": "F"}, reference_slice={"sex": "M"})
            for name in ("accuracy", "true_positive_rate", "selection_rate")]  # fmt: skip
    page = page_of(one(*gaps))
    assert "Every judged figure is within its policy." in text_of(page, "attention")
    assert "Worth knowing" not in page


def test_a_paradox_is_worth_knowing(one: Make, finding: Row) -> None:
    tables = {"simpson": True, "levels": ["n"], "selected": [50], "decided": [100], "reference_selected": [50], "reference_decided": [100]}
    reason = "Simpson's paradox: in all, F less often than M, within 2 of 2 levels of region more often"
    found = finding("cochran_mantel_haenszel", "ratio", 1.2, low=1.1, high=1.3, slice={"sex": "F"}, reference_slice={"sex": "M"},
                    attribute="sex", column="region", tables=tables, reason=reason)  # fmt: skip
    assert reason in text_of(page_of(one(found)), "attention")


def test_thresholds_that_differ_by_group_are_folded_and_marked(one: Make, finding: Row) -> None:
    def column(*values: float) -> dict[str, list[float]]:
        return {"value": list(values), "low": [v - 0.01 for v in values], "high": [v + 0.01 for v in values]}

    point = {
        name: {"value": v, "low": v - 0.01, "high": v + 0.01} for name, v in (("accuracy", 0.8), ("demographic_parity_difference", 0.2))
    }
    tables = {
        "baseline": {**point, "kind": "logged decisions"},
        "common": {"threshold": [0.5], "accuracy": column(0.79), "demographic_parity_difference": column(0.1), "frontier": [True]},
        "per_group": {"curves": [{"constraint": "demographic_parity", "tolerance": [0], "accuracy": column(0.78),
                                  "demographic_parity_difference": column(0.0)}]},
    }  # fmt: skip
    page = page_of(one(finding("mitigation_frontier", "difference", 0.1, attribute="sex", tables=tables)))
    said = text_of(page, "tradeoffs")
    assert "Analysis only: thresholds that differ by group Deciding by group may itself be disparate treatment." in said
    assert "per-group thresholds" not in said.split("Analysis only")[0]


@pytest.mark.parametrize("kept", [True, False])
def test_alternatives_say_whether_one_is_better(one: Make, finding: Row, kept: bool) -> None:
    cell = {"value": 0.9, "low": 0.88, "high": 0.92}
    option = {
        "kind": "common threshold",
        "description": "one cut-off",
        "kept": kept,
        "why": "" if kept else "it loses accuracy",
        "impact_ratio": cell,
        "gain": cell,
        "loss": {"value": 0.01, "low": 0.0, "high": 0.02},
    }
    tables = {"alternatives": [option], "yardstick": "accuracy"}
    found = [
        finding("mitigation_frontier", "difference", 0.1, attribute="sex", tables={"common": {}, "per_group": {}}),
        finding("less_discriminatory_alternatives", "ratio", 0.9, attribute="sex", tables=tables),
    ]
    said = text_of(page_of(one(*found)), "tradeoffs")
    assert ("1 of 1 alternatives is less disparate" if kept else "None of the 1 alternatives searched is less disparate") in said
    assert "one cut-off 0.90 [0.88, 0.92]" in said
    assert ("it loses accuracy" in said) is not kept


def test_several_classes_are_told_apart_and_nobody_is_approved_for_an_ambulance(one: Make, finding: Row) -> None:
    matrix = {"classes": ["doctor", "ambulance"], "confusion": [[500, 20], [30, 90]]}
    found = [finding("accuracy", "proportion", 0.9, low=0.88, high=0.92, tables=matrix)]
    for each in ("doctor", "ambulance"):
        found.append(finding("selection_rate", "proportion", 0.3, low=0.28, high=0.32, column=each))
        found.append(finding("true_positive_rate", "proportion", 0.7, low=0.68, high=0.72, column=each))
        found += sexes(finding, "true_positive_rate", "proportion", {"F": 0.6, "M": 0.7}, column=each)
    page = page_of(one(*found))
    said = text_of(page, "performance")
    assert "doctor 500 20 ambulance 30 90" in said
    assert "Selection rate" in said
    assert "Approval" not in said
    assert "True positive rate of ambulance" in text_of(page, "by-0")


def test_a_regression_reads_in_the_unit_of_its_outcome(one: Make, finding: Row) -> None:
    found = [
        finding("mean_absolute_error", "outcome", 12345.678, low=12000.0, high=12700.0),
        finding("mean_absolute_error_change", "outcome", 500.0, low=100.0, high=900.0, q_value=0.01),
        *sexes(finding, "mean_error", "outcome", {"F": -3.25, "M": 1.5}),
        *sexes(finding, "scoring_rate", "proportion", {"F": 0.4, "M": 0.6}),
    ]
    page = page_of(one(*found))
    assert "Mean absolute error 12,346 [12,000, 12,700] 93,500 +500 [100, 900] 0.010" in text_of(page, "performance")
    assert "Mean error" in page.split('id="by-0"')[1].split("<figcaption>")[1]  # errors come before scores


def test_a_withheld_figure_outside_its_policy_is_counted_not_named(one: Make, finding: Row, judged: Row) -> None:
    small = finding("selection_rate", "proportion", 0.2, low=0.1, high=0.3, n=6, slice={"sex": "X"}, attribute="sex")
    found = [
        judged(small, 0.8) | {"verdict": "fail"},
        finding("selection_rate", "proportion", 0.5, n=900, slice={"sex": "F"}, attribute="sex"),
    ]
    page = page_of(one(*found))
    assert "1 figure over the whole period is outside the policy and withheld here as small cells" in text_of(page, "attention")
    assert "Nothing outside its policy" not in page


def test_which_figures_rest_on_how_many_rows(one: Make, finding: Row) -> None:
    probe = {"rows_used": 20_000, "rows_available": 90_000}
    found = [
        finding("selection_rate", "proportion", 0.5, n=93_500),
        finding("accuracy", "proportion", 0.8, n=66_385),
        finding("less_discriminatory_alternatives", "ratio", 0.9, attribute="sex", tables={"alternatives": [], "probe": probe}),
    ]
    said = text_of(page_of(one(*found)), "coverage")
    assert "Decisions and approval 93,500 rows" in said
    assert "Errors and accuracy 66,385 rows" in said
    assert "Approval ratio of the best alternative 20,000 of 90,000 rows, read once more" in said
