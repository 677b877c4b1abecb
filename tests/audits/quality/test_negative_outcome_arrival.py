"""Negative-outcome arrival: bad news that stopped coming, while good news comes."""

from __future__ import annotations

import pytest

from audits.quality.negative_outcome_arrival import NONE_BEFORE, TOO_YOUNG, negative_outcome_arrival


def rows(day, good, bad, unknown=0, **more):
    """Make a day's rows with outcomes known on the same day."""
    known = {"decision": 1, "outcome_time": 1, "lag_days": 0, "day": day, **more}
    return (
        [known | {"outcome": 1}] * good + [known | {"outcome": 0}] * bad + [{"decision": 1, "outcome": None, "day": day, **more}] * unknown
    )


def test_unfavorable_outcomes_over_those_promised(evidence_of, figures):
    log = [*rows(-30, 70, 30, 100, reference=True), *rows(0, 70, 30, 100), *rows(1, 70, 0, 130), *rows(5, 10, 0)]
    found = {f.window: f for f in figures(negative_outcome_arrival, evidence_of(log))}
    # half of the reference's outcomes ever come, 30 % of them bad: 200 x 0.5 x 0.3
    assert (found[1].value, found[1].tables) == (pytest.approx(1.0), {"known": 30, "promised": 30.0})
    assert (found[2].value, found[2].tables) == (0.0, {"known": 0, "promised": 30.0})
    assert found[2].high < 0.5
    assert (found[6].value, found[6].reason) == (None, TOO_YOUNG)


def test_a_reference_without_bad_news(evidence_of, figures):
    found = figures(negative_outcome_arrival, evidence_of([*rows(-9, 50, 0, reference=True), *rows(0, 9, 1)]))
    assert [(f.value, f.reason) for f in found] == [(None, NONE_BEFORE)]
