"""Figures that are checked again every window, and what is told of every series."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from statsmodels.stats.proportion import proportion_confint

from audits.alarms.budget import ringing, run_length
from audits.alarms.detector import detected
from audits.alarms.drift_evidence import FEW, UNLIKE
from audits.alarms.rechecked import rechecked
from audits.alarms.signals import signals
from audits.evidence import Evidence
from audits.finding import COLUMNS, Signal
from audits.policy import thresholds
from connectors.alert_config import WEEKLY, Budget, ModelAlerts
from connectors.config import ThresholdOverride

Evidences = Callable[..., Evidence]
BUDGET = ModelAlerts(budget=Budget(count=1, per=dt.timedelta(days=25)))  # a run of 50 daily windows for each kind
FIRST = dt.datetime(2026, 1, 1)


def still(days: int, rows: int = 40) -> list[dict[str, Any]]:
    """Make rows of a log in which nothing happens, so many days after three of reference."""
    return [
        {"day": day, "reference": day < 3, "x": float(i % 10), "score": i % 40 / 40, "decision": i % 2}
        for day in range(3 + days) for i in range(rows)
    ]  # fmt: skip


def finding(
    name: str, window: int | None, value: float | None, low: float | None = None, high: float | None = None, **given: Any
) -> dict[str, Any]:
    """Make a row of a findings table; window 0 is the first after three days of reference, None the whole period."""
    start = FIRST + dt.timedelta(days=3 + (window or 0))
    row = dict.fromkeys(COLUMNS) | {
        "name": name, "unit": "proportion", "slice": "{}", "window_start": start, "window_end": start + dt.timedelta(days=1),
        "partial": False, "whole": window is None, "value": value, "low": low, "high": high, "n": 400, "threshold_max": 0.1,
        "severity": "ticket", "verdict": "pass", "reason": "",
    }  # fmt: skip
    return row | given


def table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Lay findings out as a run has them."""
    kinds = dict.fromkeys(("value", "low", "high", "threshold_min", "threshold_max"), pa.float64()) | {"n": pa.int64(), "whole": pa.bool_()}
    times = dict.fromkeys(("window_start", "window_end"), pa.timestamp("us"))
    whole = dict.fromkeys(("first_row", "last_row"), pa.int64())
    types = {name: (kinds | times | whole).get(name, pa.bool_() if name == "partial" else pa.string()) for name in COLUMNS}
    return pa.table({name: pa.array([row[name] for row in rows], types[name]) for name in COLUMNS})


def series(name: str, values: Sequence[tuple[float, float, float]], **given: Any) -> list[dict[str, Any]]:
    """Make one finding a window."""
    return [finding(name, window, *each, **given) for window, each in enumerate(values)]


def told(evidence: Evidence, rows: Sequence[dict[str, Any]], **given: Any) -> dict[str, Signal]:
    """List the signals of figures by rule, columns that drift left out."""
    found = signals(evidence, table(rows), thresholds(evidence.model), **given)
    return {each.rule: each for each in found if each.rule != "drift_evidence"}


def test_a_rate_at_its_threshold_rings_within_the_budget(evidence_of: Evidences) -> None:
    """Check 200 series of 30 windows whose true rate is the threshold itself: at most one window in ten passes a line at ten."""
    rng = np.random.default_rng(1)
    counts = rng.binomial(400, 0.1, (200, 30))
    low, high = proportion_confint(counts, 400, method="wilson")
    rows = [
        row
        for s in range(200)
        for row in series("missing_rate", list(zip(counts[s] / 400, low[s], high[s], strict=True)), column=f"c{s}")
    ]  # fmt: skip
    evidence = evidence_of(still(30), alerts=BUDGET)
    found = rechecked(evidence, table(rows), np.ones(len(rows), dtype=bool))
    assert found.evidence.shape == (200, 30)
    assert (found.evidence >= 1).mean() <= 1 / 10
    assert (found.evidence >= np.log10(50)).mean() <= 1 / 50
    higher = rechecked(evidence, table([row | {"threshold_max": 0.08} for row in rows]), np.ones(len(rows), dtype=bool))
    assert (higher.evidence >= found.evidence - 1e-9).all()  # a tighter threshold never takes evidence away
    assert (higher.evidence[:, -1] >= 2).mean() > 0.5  # two points above it for thirty windows are seen


def test_what_is_not_judged_adds_nothing(evidence_of: Evidences) -> None:
    """Check that a bad window that is insufficient leaves the evidence as if it were not there."""
    evidence = evidence_of(still(4), alerts=BUDGET)
    bad = series("missing_rate", [(0.05, 0.03, 0.08)] * 3 + [(0.9, 0.87, 0.92)])
    held = rechecked(evidence, table(bad), np.ones(4, dtype=bool)).evidence[0]
    assert held[3] > 3 > 0 > held[2]
    bad[3]["verdict"] = "insufficient"
    assert rechecked(evidence, table(bad), np.ones(4, dtype=bool)).evidence[0, 3] < 0


def test_a_figure_rings_by_evidence_and_says_since_when(evidence_of: Evidences) -> None:
    """Check a rate of 30 % against 10 % in the last two of six windows, next to one that is just above for once."""
    evidence = evidence_of(still(6), alerts=BUDGET)
    fine, bad, once = (0.05, 0.03, 0.08), (0.3, 0.26, 0.35), (0.12, 0.09, 0.15)
    rows = series("missing_rate", [fine] * 4 + [bad] * 2) + series("out_of_range_rate", [fine] * 5 + [once])
    found = told(evidence, rows)
    missing = found["missing_rate"]
    assert (missing.answer, missing.since, missing.severity, missing.family) == (
        "raised",
        FIRST + dt.timedelta(days=7),
        "ticket",
        "quality",
    )
    assert missing.window_start == FIRST + dt.timedelta(days=8)
    assert (missing.value, missing.low, missing.high, missing.threshold_max) == (0.3, 0.26, 0.35, 0.1)
    assert missing.line == pytest.approx(np.log10(2 * 50), abs=1e-3)  # two series
    assert missing.evidence is not None
    assert missing.evidence > missing.line
    assert found["out_of_range_rate"].answer in ("quiet", "can't tell")
    assert told(evidence, rows, newest=4)["missing_rate"].answer == "quiet"


def test_a_version_rings_by_itself_only_where_all_together_do_not(evidence_of: Evidences) -> None:
    """Check that a fault of every version is told once, and one of a canary under its name."""
    evidence = evidence_of(still(3), alerts=BUDGET)
    fine, bad = (0.05, 0.03, 0.08), (0.6, 0.55, 0.65)
    every, canary = ([*series("missing_rate", [both] * 3), *series("missing_rate", [bad] * 3, version="v2")] for both in (bad, fine))
    raised = [
        [each.version for each in signals(evidence, table(rows), thresholds(evidence.model)) if each.answer == "raised"]
        for rows in (every, canary)
    ]  # fmt: skip
    assert raised == [[None], ["v2"]]


def test_a_group_with_too_few_rows_now_is_still_spoken_of(evidence_of: Evidences) -> None:
    """Check that one that was judged before cannot be told, and that one without a figure, or never judged, is left out."""
    evidence = evidence_of(still(3), alerts=BUDGET)
    bad, group = (0.6, 0.55, 0.65), '{"sex": "F"}'
    rows = [
        *series("missing_rate", [bad] * 3), *series("missing_rate", [bad] * 2, slice=group),
        finding("missing_rate", 2, 0.6, 0.1, 0.9, slice=group, verdict="insufficient", reason="too few rows"),
        *series("missing_rate", [bad] * 2, slice='{"sex": "M"}'),
        finding("missing_rate", 2, 0.6, 0.1, 0.9, slice='{"sex": "X"}', verdict="insufficient"),
    ]  # fmt: skip
    found = {each.slice: each for each in signals(evidence, table(rows), thresholds(evidence.model)) if each.rule == "missing_rate"}
    assert {name: each.answer for name, each in found.items()} == {"{}": "raised", group: "can't tell"}
    assert (found[group].window_start, found[group].reason) == (FIRST + dt.timedelta(days=5), "too few rows")


def test_a_column_that_is_not_judged_says_why(evidence_of: Evidences, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check a newest window of a season that the reference never had, and one of few rows: two reasons."""
    evidence = evidence_of(still(6), alerts=BUDGET)
    found = detected(evidence)
    assert found is not None
    judged, known = found.judged.copy(), found.calibration.known.copy()
    judged[:, -1], known[..., -1] = False, False
    for calibration, reason in ((found.calibration, FEW), (replace(found.calibration, known=known), UNLIKE)):
        now = replace(found, judged=judged, calibration=calibration)
        monkeypatch.setattr("audits.alarms.signals.detected", lambda _, now=now: now)
        said = signals(evidence, table([]), thresholds(evidence.model))
        assert {(each.answer, each.reason) for each in said if each.column == "x"} == {("can't tell", reason)}


def test_facts_ring_when_they_happen(evidence_of: Evidences) -> None:
    """Check a schema change, a figure without an interval, and one known of the whole period only."""
    evidence = evidence_of(still(3), alerts=BUDGET)
    rows = [
        finding("schema_change", 0, 0.0), finding("schema_change", 1, 1.0, verdict="warn", severity="page"),
        finding("schema_change", 2, 2.0, verdict="fail", severity="page"), finding("volume", 2, 0.05),
        finding("quarantine_rate", None, 0.2, 0.19, 0.21, verdict="fail"),
        finding("accuracy", 2, 0.9, 0.8, 0.95, threshold_max=None, verdict=None),
    ]  # fmt: skip
    found = told(evidence, rows)
    change = found["schema_change"]
    assert (change.answer, change.severity, change.since, change.evidence, change.line) == (
        "raised",
        "page",
        FIRST + dt.timedelta(days=4),
        None,
        None,
    )
    assert found["quarantine_rate"].answer == "raised"
    assert found["volume"].answer == "quiet"
    assert "accuracy" not in found  # nothing is expected of it
    assert told(evidence, rows, newest=1)["schema_change"].answer == "quiet"


def test_a_distance_rings_only_where_the_user_set_its_threshold(evidence_of: Evidences) -> None:
    """Check that a population stability index above the customary 0.2 is a figure, and above one's own threshold an alarm."""
    rows = [finding("population_stability_index", 2, 0.3, 0.25, 0.35, column="x", threshold_max=0.2, verdict="fail")]
    assert "population_stability_index" not in told(evidence_of(still(3), alerts=BUDGET), rows)
    own = evidence_of(still(3), alerts=BUDGET, policy={"population_stability_index": (ThresholdOverride(max=0.2),)})
    assert told(own, rows)["population_stability_index"].answer == "raised"


def test_a_window_that_fills_is_heard_only_where_it_rings(evidence_of: Evidences) -> None:
    """Check that an early look does not end what the full window before it says, and that a plain fault is told at once."""
    evidence = evidence_of(still(4), alerts=BUDGET)
    filling = replace(evidence, windows=(*evidence.windows[:-1], replace(evidence.windows[-1], partial=True)))
    fine, bad = (0.05, 0.03, 0.08), (0.6, 0.55, 0.65)
    ends = told(filling, series("missing_rate", [fine, bad, bad, fine]))["missing_rate"]
    assert (ends.answer, ends.partial) == ("raised", False)
    starts = told(filling, series("missing_rate", [fine, fine, fine, bad], partial=True))["missing_rate"]
    assert (starts.answer, starts.window_start) == ("raised", filling.windows[-1].start)


def test_columns_that_the_model_gives_out_page(evidence_of: Evidences) -> None:
    """Check severities, that one signal a column is told, and that a policy can make a feature page."""
    rows = still(6, rows=160)
    moved = [row | ({"x": 9.0, "decision": 1} if row["day"] >= 6 else {}) for row in rows]
    evidence = evidence_of(moved, alerts=BUDGET)
    found = {each.column: each for each in signals(evidence, table([]), thresholds(evidence.model))}
    assert set(found) == {"x", "score", "decision"}
    assert [(found[name].answer, found[name].severity) for name in ("x", "decision", "score")] == [
        ("raised", "ticket"), ("raised", "page"), ("quiet", "page"),
    ]  # fmt: skip
    decision = found["decision"]
    assert decision.low is not None
    assert decision.high is not None
    assert decision.low <= 0.5 <= decision.high  # half of the rows were decided against
    assert decision.reason == "1: 50.0% of rows to 100.0%"
    assert decision.since == FIRST + dt.timedelta(days=6)
    assert json.loads(decision.slice) == {}
    own = evidence_of(moved, alerts=BUDGET, policy={"drift_evidence": (ThresholdOverride(severity="page"),)})
    assert {each.severity for each in signals(own, table([]), thresholds(own.model))} == {"page"}


def test_the_budget_is_shared_by_models_and_by_kinds() -> None:
    """Check 200 models, one false alarm a week: each kind of each rings once in 400 weeks, 2,800 days, and never without evidence."""
    assert run_length(WEEKLY.shared(200), dt.timedelta(days=1)) == pytest.approx(2_800)
    assert run_length(WEEKLY.shared(200), dt.timedelta(hours=1)) == pytest.approx(67_200)
    assert run_length(Budget(count=1, per=dt.timedelta(days=1)), dt.timedelta(days=30)) == 20
    nothing, _ = ringing(np.full((3, 4), 1.2), run_length(Budget(count=1, per=dt.timedelta(days=1)), dt.timedelta(days=30)))
    assert not nothing.any()  # 10^1.2 = 15.8 < 20
