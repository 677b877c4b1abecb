"""From findings to charts: what is drawn, in which order, what is said instead, and what is left out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from reports import series, tradeoff_series
from reports.charts import ALTERNATIVE, COMMON, CURRENT, PER_GROUP, to_plotly, to_svg
from reports.figure import Figure

DAY = dt.datetime(2026, 3, 1)


def window(name: str, day: int, value: float | None, **more: Any) -> Figure:
    """Make a figure about one day."""
    span = {"window_start": DAY + dt.timedelta(days=day), "window_end": DAY + dt.timedelta(days=day + 1)}
    spread = {"low": value - 0.02, "high": value + 0.02} if value is not None else {}
    return Figure.of({"name": name, "unit": "proportion", "slice": {}, "value": value, "n": 100, **spread, **span, **more})


def spread(values: list[float | None], width: float = 0.01) -> dict[str, list[float | None]]:
    """Make a column of estimates."""
    return {
        "value": values,
        "low": [None if v is None else v - width for v in values],
        "high": [None if v is None else v + width for v in values],
    }


def cell(value: float | None) -> dict[str, float | None]:
    """Make one estimate."""
    return {name: column[0] for name, column in spread([value]).items()}


def test_realised_and_estimated_lie_on_one_chart_and_immature_windows_are_marked() -> None:
    realised = [
        window("accuracy", day, 0.8, reason="immature: 40 % of outcomes known, due by 12 Mar" if day == 2 else "") for day in range(3)
    ]
    estimated = [window("estimated_accuracy", day, 0.82) for day in range(4)]
    estimated.append(window("estimated_accuracy", 4, None, reason="can't tell: the scores left the reference's range"))
    chart = series.realised_and_estimated(realised, estimated)
    assert chart is not None
    assert chart.title == "Accuracy"
    assert [(line.name, line.estimated, len(line.points)) for line in chart.series] == [("Realised", False, 3), ("Estimated", True, 5)]
    assert [p.immature for p in chart.series[0].points] == [False, False, True]
    assert "Outcomes of 1 window are still to come" in chart.alt
    assert "In 1 window no estimate is given" in chart.alt
    assert chart.series[1].points[4].reason.startswith("can't tell")


def test_without_outcomes_the_estimate_is_drawn_alone() -> None:
    chart = series.realised_and_estimated([], [window("estimated_accuracy", day, 0.8) for day in range(3)])
    assert chart is not None
    assert [line.name for line in chart.series] == ["Estimated"]
    assert series.realised_and_estimated([], [window("estimated_accuracy", 0, 0.8)]) is None


def test_gaps_lie_around_zero_with_their_people_and_a_withheld_one_says_so() -> None:
    where = {"reference_slice": {"sex": "M"}, "attribute": "sex", "whole": True, "name": "accuracy_difference", "unit": "difference"}
    figures = [
        Figure.of({**where, "slice": {"sex": "F"}, "value": -0.06, "low": -0.07, "high": -0.05, "people": 310.4, "n": 900}),
        Figure.of({**where, "slice": {"sex": "X"}, "value": None, "reason": "suppressed", "suppressed": True}),
    ]
    chart = series.gaps(figures)
    assert chart is not None
    assert (chart.parity, chart.title, chart.unit) == (0.0, "Gap in accuracy against M", "points")
    assert [(p.label, p.reason, p.people and p.people[0]) for p in chart.points] == [("F", "", 310.4), ("X", "suppressed", None)]
    assert "about 310 people" in chart.alt


def test_reliability_of_the_largest_groups_and_none_where_all_bins_are_withheld() -> None:
    tables = {"mean_score": [0.2, 0.8], "observed": [0.3, 0.7], "low": [0.2, 0.6], "high": [0.4, 0.8], "n": [50, 60]}
    hidden = {name: [None, None] for name in tables}
    figures = [
        Figure.of({"name": "expected_calibration_error", "slice": {"sex": level}, "value": 0.1, "n": n, "tables": held})
        for level, n, held in (("F", 100, tables), ("M", 200, tables), ("X", 300, hidden))
    ]
    chart = series.reliability_by_group(figures)
    assert chart is not None
    assert [curve.name for curve in chart.curves] == ["F", "M"]
    assert "at a mean score of 0.800, 70.0% came true" in chart.alt
    assert series.reliability_by_group(figures[2:]) is None


def test_the_lag_of_outcomes_marks_the_median_and_says_what_never_arrives() -> None:
    curve = {"days": [0, 3, 11], "share": [0.1, 0.5, 0.92], "low": [0.08, 0.47, 0.9], "high": [0.12, 0.53, 0.94]}
    tables = {"curve": curve, "median_days": 3, "days_95": 11, "eventually": 0.97}
    chart = series.lag(Figure.of({"name": "label_maturity", "slice": {}, "value": 0.9, "tables": tables}))
    assert chart is not None
    assert [(rule.at, rule.text) for rule in chart.rules] == [(3.0, "half"), (11.0, "95 of 100")]
    assert "50.0% after 3 days" in chart.alt
    assert chart.alt.endswith("In the end 97.0% are known.")
    assert series.lag(Figure.of({"name": "label_maturity", "slice": {}, "value": 0.9})) is None


EXPLORED = {
    "selected": "above",
    "threshold": [0.2, 0.5, 0.8],
    "selection_rate": spread([0.9, 0.5, 0.1]),
    "true_positive_rate": spread([0.95, 0.7, None]),
    "false_positive_rate": spread([0.8, 0.3, 0.05]),
    "accuracy": None,
    "log": {"threshold": 0.45, "selection_rate": cell(0.55)},
    "groups": [
        {"slice": {"sex": level}, "scored": n, "selection_rate": spread(rates), "true_positive_rate": spread([None] * 3)}
        for level, n, rates in (("F", 10, [0.8, 0.4, 0.05]), ("M", 20, [0.95, 0.6, 0.2]))
    ],
}


def explored() -> Figure:
    """Make a threshold curve about an attribute."""
    return Figure.of({"name": "threshold_curve", "slice": {}, "attribute": "sex", "value": 0.8, "whole": True, "tables": EXPLORED})


def test_rates_against_the_threshold_with_todays_decisions_marked() -> None:
    chart = tradeoff_series.thresholds(explored())
    assert chart is not None
    assert [curve.name for curve in chart.curves] == [
        "Approval rate",
        "True positive rate",
        "False positive rate",
    ]  # no outcome, no accuracy
    assert chart.curves[1].y == (0.95, 0.7, None)
    assert [(rule.at, rule.text) for rule in chart.rules] == [(0.45, "today's decisions")]
    assert "Approval rate 50.0% at today's cut-off on the score" in chart.alt


def test_thresholds_by_group_and_nothing_without_outcomes() -> None:
    chart = tradeoff_series.thresholds_by_group(explored())
    assert chart is not None
    assert [curve.name for curve in chart.curves] == ["F", "M"]
    assert tradeoff_series.thresholds_by_group(replace(explored(), tables={"threshold": [0.3, 0.45]})) is None


def tradeoff() -> Figure:
    """Make a frontier: three common cut-offs of which two are on it, one way with per-group thresholds, today's decisions."""
    point = {"accuracy": cell(0.8), "demographic_parity_difference": cell(0.13)}
    tables = {
        "baseline": {**point, "kind": "logged decisions"},
        "common": {
            "threshold": [0.3, 0.5, 0.7],
            "accuracy": spread([0.75, 0.74, 0.8]),  # the second is worse than the first in both
            "demographic_parity_difference": spread([0.05, 0.09, 0.12]),
            "cost": spread([9.0, 5.0, 6.0]),
        },
        "per_group": {
            "curves": [
                {
                    "constraint": "demographic_parity",
                    "tolerance": [0],
                    "accuracy": spread([0.79]),
                    "demographic_parity_difference": spread([0.0]),
                }
            ]
        },
    }
    return Figure.of({"name": "mitigation_frontier", "slice": {}, "attribute": "sex", "value": 0.05, "tables": tables})


def test_per_group_thresholds_are_drawn_only_when_asked_for() -> None:
    chart = tradeoff_series.frontier(tradeoff())
    assert chart is not None
    assert [option.kind for option in chart.options] == [COMMON, COMMON, CURRENT]
    assert "current decisions: accuracy 80.0%" in chart.alt
    asked = tradeoff_series.frontier(tradeoff(), per_group=True)
    assert asked is not None
    assert [option.kind for option in asked.options] == [COMMON, COMMON, PER_GROUP, CURRENT]
    assert asked.options[2].label == "equal approval rates within 0 pp"


def test_against_cost_the_cheaper_is_the_better() -> None:
    chart = tradeoff_series.frontier(tradeoff(), x="cost")
    assert chart is not None
    assert [(option.x, option.y) for option in chart.options] == [(5.0, 0.09), (9.0, 0.05)]  # 6.0 is dearer than 5.0 and no less disparate
    assert chart.x_title == "expected cost per prediction"


def test_alternatives_that_were_kept_are_drawn() -> None:
    options = [
        {"kind": kind, "description": f"{kind} {kept}", "kept": kept, "accuracy": cell(0.79), "demographic_parity_difference": cell(0.04)}
        for kind, kept in (("without features", True), ("without features", False), ("common threshold", True))
    ]
    found = Figure.of({"name": "less_discriminatory_alternatives", "slice": {}, "value": 0.9, "tables": {"alternatives": options}})
    chart = tradeoff_series.frontier(tradeoff(), alternatives=found)
    assert chart is not None
    assert [option.label for option in chart.options if option.kind == ALTERNATIVE] == ["without features True"]


def test_the_approval_ratio_for_every_share_of_people_selected() -> None:
    tables = {"shares": [0.1, 0.5, 0.9], "ratio": [0.4, 0.7, None], "low": [0.3, 0.6, None], "high": [0.5, 0.8, None]}
    found = Figure.of({"name": "quantile_impact_ratio", "unit": "ratio", "slice": {"sex": "F"}, "value": 0.7, "n": 90, "tables": tables})
    chart = tradeoff_series.impact_by_share([found])
    assert chart is not None
    assert chart.curves[0].y == (0.4, 0.7, None)
    assert tradeoff_series.impact_by_share([]) is None


@pytest.mark.parametrize("chart", [tradeoff_series.thresholds(explored()), tradeoff_series.frontier(tradeoff(), per_group=True)])
def test_what_is_built_can_be_drawn(chart: Any) -> None:
    assert to_svg(chart).startswith("<svg")
    assert to_plotly(chart, "dark").data
    assert {len(line) for line in chart.data_table().rows} == {len(chart.data_table().columns)}
