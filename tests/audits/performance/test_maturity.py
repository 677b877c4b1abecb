"""`maturity` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from audits.evidence import Evidence
from audits.performance.maturity import immature

Rows = list[dict[str, Any]]


def rows_over(days: int, known_until: int, **more: Any) -> Rows:
    """Ten predictions a day, outcomes known before a day, half of them after."""
    return [
        {"decision": 1, "outcome": 1 if day < known_until or i < 5 else None, "day": day, **more} for day in range(days) for i in range(10)
    ]


def test_the_last_windows_wait(evidence_of: Callable[..., Evidence]) -> None:
    """Twenty days, outcomes due after 14: those of 5 to 20 January are not all due; where half is missing, the note says so."""
    import datetime as dt

    said = immature(evidence_of(rows_over(20, 18), label_delay=dt.timedelta(days=14)))
    assert said[1:19] == ("",) * 18  # all outcomes known
    assert said[19] == "immature: 50.0% of outcomes known, due by 3 Feb 2026"
    assert said[20] == "immature: 50.0% of outcomes known, due by 4 Feb 2026"
    assert said[0] == "immature: 95.0% of outcomes known, due by 4 Feb 2026"


def test_overdue_is_not_immature(evidence_of: Callable[..., Evidence]) -> None:
    """Outcomes that were due long ago and never came are missing, not late: the window counts as mature."""
    import datetime as dt

    said = immature(evidence_of(rows_over(20, 0), label_delay=dt.timedelta(days=2)))
    assert said[1] == ""
    assert said[20] != ""


def test_nothing_says_how_long(evidence_of: Callable[..., Evidence]) -> None:
    """With neither a delay nor times of outcomes, every known label counts as mature."""
    assert set(immature(evidence_of(rows_over(20, 10)))) == {""}


def test_delay_read_off_the_outcomes(evidence_of: Callable[..., Evidence]) -> None:
    """Outcomes took 3 days: those of the last days are due 4 days after their window."""
    said = immature(evidence_of(rows_over(20, 17, lag_days=3, outcome_time=None)))
    assert said[20] == "immature: 50.0% of outcomes known, due by 25 Jan 2026"
    assert said[1:18] == ("",) * 17
