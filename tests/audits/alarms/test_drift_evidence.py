"""The finding `drift_evidence`: answers, reasons, what moved and since when, from rows."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits.alarms import drift_evidence
from audits.alarms.calibration import SHORT
from audits.alarms.concept import WITH_SCORE
from audits.alarms.detector import HOURS, MOST_LOOKS, Looks, detect, detected, looks_of
from audits.alarms.drift_evidence import FEW
from audits.alarms.replay import STANDARD, replayed
from audits.alarms.shares import reference_windows, shares_of
from audits.evidence import Evidence
from connectors.alert_config import Budget, ModelAlerts

Evidences = Callable[..., Evidence]
Figures = Callable[..., list[SimpleNamespace]]
BUDGET = ModelAlerts(budget=Budget(count=1, per=dt.timedelta(days=25)))  # a run of 50 windows for columns


def log(days: int = 8, reference: int = 9, per_day: int = 100, bad: int = 5, **changed: Any) -> list[dict[str, Any]]:
    """Make rows: every day holds the same values, and from day `bad` on (after the reference) some column has others."""
    rows: list[dict[str, Any]] = []
    for day in range(reference + days):
        for i in range(per_day):
            row = {
                "day": day, "reference": day < reference, "income": float(i % 100), "region": "north" if i % 4 else "south",
                "score": (i * 37 % 100) / 100, "decision": int(i % 5 > 1), "outcome": int(i % 3 > 0),
            }  # fmt: skip
            if day >= reference + bad:
                row |= {name: of(i) if callable(of) else of for name, of in changed.items()}
            rows.append(row)
    return rows


def columns(figures: Figures, evidence: Evidence) -> dict[tuple[str | None, int], SimpleNamespace]:
    """List the findings by column and window."""
    return {(each.column, each.window): each for each in figures(drift_evidence, evidence)}


def test_a_column_that_moved_says_what_and_since_when(evidence_of: Evidences, figures: Figures) -> None:
    """Check 60 % of incomes gone missing from the sixth day on: drifted, by 0.6 of the rows, and nothing else."""
    found = columns(figures, evidence_of(log(income=lambda i: None if i % 5 < 3 else float(i % 100)), alerts=BUDGET))
    newest = found["income", 8].tables
    assert newest["answer"] == "drifted"
    assert newest["effect"]["low"] <= 0.6 <= newest["effect"]["high"]
    assert newest["moved"] == {"what": "missing", "before": 0.0, "now": 0.6}
    assert newest["since"] == found["income", 6].tables["since"] == "2026-01-15T00:00:00"  # day 14 from 1 January
    assert found["income", 5].tables["answer"] != "drifted"
    assert {name for (name, window), each in found.items() if window == 8 and name and each.tables["answer"] == "drifted"} == {"income"}
    assert found[None, 8].tables["columns"] == ["income"]
    assert found[None, 8].value == pytest.approx(np.log10(np.mean([10 ** found[name, 8].value for name in NAMES])), abs=1e-6)
    assert found["income", 0].tables["rung"] == 3
    assert (found[None, 0].tables["budget"], found[None, 0].tables["zone"]) == ("1 per 25d", 0.02)
    assert found["income", 8].p == pytest.approx(10 ** -found["income", 8].value)


NAMES = ("income", "region", "score", "decision", "outcome")


def test_stable_is_only_said_where_the_interval_is_inside_the_zone(evidence_of: Evidences, figures: Figures) -> None:
    """Check the same still log with 100 rows a day, which cannot tell 2 %, and with a zone of 25 %, which it can."""
    few = columns(figures, evidence_of(log(), alerts=BUDGET))
    assert {few[name, 8].tables["answer"] for name in NAMES} == {"can't tell"}
    wide = columns(figures, evidence_of(log(), alerts=replace(BUDGET, zone=0.25)))
    assert {wide[name, 8].tables["answer"] for name in NAMES} == {"stable"}
    assert all(wide[name, 8].tables["effect"]["high"] <= 0.25 for name in NAMES)


def test_a_category_that_takes_over_is_named(evidence_of: Evidences, figures: Figures) -> None:
    """Check that south, a quarter of the rows, becomes all of them."""
    found = columns(figures, evidence_of(log(region="south"), alerts=BUDGET))
    moved = found["region", 8].tables["moved"]
    assert moved["now"] - moved["before"] == pytest.approx(0.75 if moved["what"] == "south" else -0.75, abs=1e-6)


def test_a_window_of_few_rows_cannot_tell(evidence_of: Evidences, figures: Figures) -> None:
    """Check 29 rows, one fewer than are judged, of a column that is wholly gone."""
    rows = [row for i, row in enumerate(log(income=None)) if row["day"] < 16 or i % 100 < 29]
    found = columns(figures, evidence_of(rows, alerts=BUDGET))
    assert (found["income", 8].value, found["income", 8].reason) == (None, FEW)
    assert found["income", 8].tables["answer"] == "can't tell"
    assert found["income", 7].tables["answer"] == "drifted"


def test_without_a_reference_it_says_that_nothing_was_calibrated(evidence_of: Evidences, figures: Figures) -> None:
    """Check the first window as the reference: it is not held against itself, and the reason is given."""
    rows = [row | {"reference": False} for row in log(reference=0)]
    evidence = evidence_of(rows, alerts=BUDGET)
    evidence = replace(evidence, reference=replace(evidence.reference, start=evidence.windows[1].start))
    found = columns(figures, evidence)
    assert ("income", 1) not in found
    assert found[None, 0].tables["calibration"]["reason"] == SHORT
    assert found[None, 0].tables["replay"][0]["quiet_per_30d"] is None


def test_outcomes_that_still_arrive_never_ring(evidence_of: Evidences, figures: Figures) -> None:
    """Check a label delay of two days, and that the outcomes that come first are all bad ones."""
    rows = [
        row | ({"outcome": None if i % 3 == 2 else 0} if row["day"] >= 15 else {})
        for i, row in enumerate(log())
    ]  # fmt: skip
    found = columns(figures, evidence_of(rows, alerts=BUDGET, label_delay=dt.timedelta(days=2)))
    assert found["outcome", 8].value is None
    assert "immature" in found["outcome", 8].reason
    assert found["outcome", 6].value is not None
    there = columns(figures, evidence_of(rows, alerts=BUDGET))  # nothing says that outcomes take long: then they have changed
    assert there["outcome", 8].tables["answer"] == "drifted"


def test_outcomes_that_no_longer_go_with_the_score_are_seen(evidence_of: Evidences, figures: Figures) -> None:
    """Check outcomes that follow the score and then run against it, equally many of them; a new mix of scores alone is none of theirs."""
    held = [row | {"outcome": int(row["score"] > 0.49)} for row in log()]
    turned = [row | {"outcome": 1 - row["outcome"]} if row["day"] >= 14 else row for row in held]
    found = columns(figures, evidence_of(turned, alerts=BUDGET))
    newest = found["outcome", 8].tables
    assert newest["answer"] == "drifted"
    assert newest["moved"]["what"] == WITH_SCORE
    assert newest["moved"]["before"] == pytest.approx(0.75, abs=0.01)  # the mean rank of the upper half
    assert newest["moved"]["now"] == pytest.approx(0.25, abs=0.01)
    assert newest["effect"]["value"] == pytest.approx(1.0, abs=0.05)
    rows = [row for row in held if row["day"] < 14 or row["score"] > 0.29]
    mixed = detected(evidence_of(rows, alerts=BUDGET))
    assert mixed is not None
    assert detect(mixed.shares).evidence[-1, -1] < 0  # the outcome at equal scores is the last of the series


def test_a_season_of_the_outcome_at_equal_scores_is_not_a_column(evidence_of: Evidences, figures: Figures) -> None:
    """Check a log whose outcomes go with the score on weekdays only: three weeks of reference tell, and the names are those of columns."""
    rows = [
        {"day": day, "reference": day < 21, "score": i / 60, "decision": i % 2, "outcome": int(i > 29) if day % 7 < 5 else int(i < 30)}
        for day in range(24) for i in range(60)
    ]  # fmt: skip
    evidence = evidence_of(rows, alerts=BUDGET)
    whole = columns(figures, evidence)[None, 0].tables["calibration"]
    assert (whole["season"], whole["seasonal"]) == ("weekday", [])
    found = detected(evidence)
    assert found is not None
    assert found.calibration.seasonal.tolist() == [False, False, False, True]  # score, decision, outcome, and it at equal scores
    assert (found.evidence <= 0).all()


def test_the_reference_is_cut_into_windows_like_the_analysed_ones(evidence_of: Evidences) -> None:
    """Check nine days of reference, and counts by hand: 50 of 100 rows a day are from the south."""
    evidence = evidence_of(log())
    assert len(reference_windows(evidence).windows) == 1 + 9
    shares = shares_of(evidence)
    assert shares is not None
    region = next(column for column in shares.columns if column.name == "region")
    assert region.reference.shape[0] == 9
    assert sorted(region.reference[0].tolist()) == [0, 0, 0, 25, 75]  # other, unseen, missing, south, north
    decided = next(column for column in shares.columns if column.name == "decision")
    assert decided.reference[3].tolist() == decided.windows[3].tolist() == [40, 60, 0]
    assert shares.starts is not None
    assert shares.starts[0][0] == dt.datetime(2026, 1, 1)


def test_a_window_that_fills_is_looked_at_as_often_as_the_watcher_comes(evidence_of: Evidences) -> None:
    """Check a day that is three quarters over, looked at every hour: 24 looks, and a zone wider by a quarter of `HOURS`."""
    evidence = evidence_of(log(), alerts=replace(BUDGET, every=dt.timedelta(hours=1)))
    assert looks_of(evidence) == Looks()
    last = evidence.windows[-1]
    assert last.start is not None
    filling = (*evidence.windows[:-1], replace(last, partial=True))
    now = last.start + dt.timedelta(hours=18)
    assert looks_of(replace(evidence, windows=filling, freshness=now)) == Looks(times=24.0, widened=HOURS / 4)
    often = replace(evidence.model, alerts=BUDGET)
    assert looks_of(replace(evidence, model=often, windows=filling, freshness=now)).times == MOST_LOOKS


def test_replay_counts_rings_by_budget(evidence_of: Evidences) -> None:
    """Check one change on the sixth of eight days: it rings once at every budget that it passes, 3.75 times in 30 days."""
    evidence = evidence_of(log(income=None), alerts=BUDGET)
    found = detected(evidence)
    assert found is not None
    replays = replayed(evidence, found)
    assert [each.budget for each in replays] == list(STANDARD)
    assert {each.quiet for each in replays} == {0.0}
    assert replays[0].rings == ((dt.datetime(2026, 1, 15), ("income",)),)
    assert replays[0].rate == pytest.approx(30 / 8)
    impossible = Budget(count=1, per=dt.timedelta(days=10**8))
    assert len(replayed(evidence, found, [Budget(count=1, per=dt.timedelta(days=1)), impossible])[1].rings) <= 1
    figures: tuple[Sequence[str], Any] = (["missing_rate"], np.full((1, 8), 9.0))
    both = replayed(evidence, found, figures=figures)[0]
    assert both.rings[0] == (dt.datetime(2026, 1, 10), ("missing_rate",))
    assert len(both.rings) == 2


def test_levels_of_a_segment_say_where_a_shift_sits(evidence_of: Evidences, figures: Figures) -> None:
    """Check decisions that all turn favorable in the south, a quarter of the rows, and stay as they were in the north."""
    rows = [row | ({"decision": 1} if row["day"] >= 14 and row["region"] == "south" else {}) for row in log(per_day=160)]
    found = figures(
        drift_evidence, evidence_of(rows, alerts=BUDGET, segments=("region",), features=("income",)), column="decision", window=8
    )
    value = {each.slice.get("region", "all"): each for each in found}
    assert set(value) == {"all", "north", "south"}
    assert value["south"].value > 2 > 0 > value["north"].value
    assert value["south"].tables["answer"] == "drifted"
    assert value["south"].tables["moved"] == {"what": "1", "before": pytest.approx(0.6, abs=0.01), "now": 1.0}
    assert value["north"].tables is None
    assert value["south"].n == 40  # rows of that level and day


def test_evidence_beyond_what_a_float_can_hold_is_still_told_of_the_whole_period(
    evidence_of: Evidences, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 10^900 in each window: over the period the mean of e-values is 10^900 too, and that over columns as well."""
    evidence = evidence_of(log(), alerts=BUDGET)
    found = detected(evidence)
    assert found is not None
    huge = replace(found, evidence=np.full(found.evidence.shape, 900.0), judged=np.ones(found.judged.shape, dtype=bool))
    module = importlib.import_module("audits.alarms.drift_evidence")
    monkeypatch.setattr(module, "detected", lambda _: huge)
    monkeypatch.setattr(module, "replays", lambda *_: [])
    told = [each for each in figures(drift_evidence, evidence) if each.window == 0]
    assert [each.value for each in told] == pytest.approx([900.0] * (len(found.columns) + 1))
