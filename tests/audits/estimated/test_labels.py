"""Label maturity and selective labels, by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.performance.accuracy_bounds import accuracy_bounds
from audits.performance.base_rate_bounds import base_rate_bounds
from audits.performance.false_positive_rate_bounds import false_positive_rate_bounds
from audits.performance.label_maturity import label_maturity
from audits.performance.label_selectivity import label_selectivity
from audits.performance.maturity import lag_curve
from audits.performance.negative_predictive_value_bounds import negative_predictive_value_bounds
from audits.performance.positive_predictive_value_bounds import positive_predictive_value_bounds
from audits.performance.selective_labels import selective
from audits.performance.true_positive_rate_bounds import true_positive_rate_bounds

Rows = list[dict[str, Any]]
Build = Callable[..., Evidence]


def predicted(day: int, lags: list[int | None]) -> Rows:
    """Rows of one day by how many days their outcome took; None where it is not known."""
    known = [{} if lag is None else {"outcome": 1, "lag_days": lag, "outcome_time": None} for lag in lags]
    return [{"decision": 1, "outcome": None, "day": day} | more for more in known]


def test_lag_curve_by_hand(evidence_of: Build) -> None:
    """Five days; now is a minute before the end of the fifth. A lag of k days ends within k + 1 days of the prediction.

    So all rows of day 0 have had time for lags 0 to 2, of day 1 for 0 and 1, of day 2 for 0, later ones for none.
    Lag 0: days 0 to 2, 12 rows, 3 known. Lag 1: days 0 and 1, 8 rows, 2 known before, so 6 waiting, 1 known. Lag 2: day 0, 2 waiting,
    1 known.
    """
    rows = predicted(0, [0, 1, 2, None]) + predicted(1, [0, 2, 2, None]) + predicted(2, [0, 1, None, None])
    rows += predicted(3, [0, None, None, None]) + predicted(4, [None] * 4)
    found = evidence_of(rows, clock=None)
    curve = lag_curve(found)
    assert curve is not None
    left = np.cumprod([1 - 3 / 12, 1 - 1 / 6, 1 - 1 / 2])
    assert curve.share == pytest.approx(1 - left)
    assert curve.day(0.5) == 1  # 0.375 of the 0.6875 that ever come
    assert np.all(curve.low <= curve.share)
    assert np.all(curve.share <= curve.high)


def test_young_windows_do_not_bend_the_curve(evidence_of: Build) -> None:
    """Everybody's outcome takes 3 days; of ten days' predictions those of the last three have none. Known ones alone are 70 %."""
    rows = [row for day in range(10) for row in predicted(day, [3 if day < 7 else None] * 5)]
    curve = lag_curve(evidence_of(rows))
    assert curve is not None
    assert curve.share.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert curve.within(np.asarray([2.0, 3.5, 4.0])) == pytest.approx([0.0, 0.5, 1.0])


def test_maturity_by_hand(evidence_of: Build, of: Any) -> None:
    """Half the outcomes of the fifth day are missing although they are due: all take 3 days, and it lies 5 back."""
    rows = [row for day in range(10) for row in predicted(day, [3 if day < 7 and not (day == 4 and i % 2) else None for i in range(10)])]
    found = evidence_of(rows)
    day = of(label_maturity, found, 5)
    # days 0 to 4 have had time for a lag of 3 days: 45 of 50 are known, so 9 of the 10 outcomes of a day ever come
    assert day.tables == {"rows": 10, "known": 5, "due": 9.0}
    assert day.value == pytest.approx(5 / 9)
    assert of(label_maturity, found, 1).value == 1.0  # ten known where nine were due: all of them
    last = of(label_maturity, found, 10)
    assert (last.value, last.reason) == (None, "no outcome is due yet")
    whole = of(label_maturity, found, 0).tables
    assert (whole["median_days"], whole["days_95"], whole["source"]) == (3, 3, "outcome_time")
    assert whole["eventually"] == pytest.approx(0.9)


def test_maturity_by_the_configured_delay(evidence_of: Build, of: Any) -> None:
    """Due after 2 days: at 23:59 of the fifth day all outcomes of the first two, and nearly all of the third."""
    rows = [{"decision": 1, "outcome": 1 if day < 2 else None, "day": day} for day in range(5) for _ in range(10)]
    found = evidence_of(rows, label_delay=dt.timedelta(days=2))
    assert [of(label_maturity, found, day).value for day in (1, 2)] == [1.0, 1.0]
    assert of(label_maturity, found, 3).value == pytest.approx(0.0)
    assert of(label_maturity, found, 4).reason == "no outcome is due yet"
    assert of(label_maturity, evidence_of(rows), 0).reason == "neither label_delay nor an outcome_time column says when outcomes are due"


@pytest.fixture(scope="module")
def chosen(evidence_of: Build) -> Evidence:
    """Give 100 decisions: of 60 favorable ones 40 turned out well, 15 badly, 5 unknown; of 40 others 2 well, 3 badly, 35 unknown."""
    cells = [(1, 1, 40), (1, 0, 15), (1, None, 5), (0, 1, 2), (0, 0, 3), (0, None, 35)]
    return evidence_of([{"decision": d, "outcome": y, "sex": "F"} for d, y, n in cells for _ in range(n)], protected=("sex",))


def test_selectivity_by_hand(chosen: Evidence, of: Any) -> None:
    """55 of 60 known after favorable decisions, 5 of 40 after the others."""
    found = of(label_selectivity, chosen, 0)
    assert found.value == pytest.approx(55 / 60 - 5 / 40)
    assert found.p < 1e-10
    assert found.tables == {"favorable": {"rows": 60, "known": 55}, "unfavorable": {"rows": 40, "known": 5}, "selective": True}
    assert selective(chosen) == "outcomes are known for 91.7% of the favorable decisions and for 12.5% of the unfavorable ones"


@pytest.mark.parametrize(
    ("audit", "value", "low", "high"),
    [
        (base_rate_bounds, 42 / 60, 42 / 100, 82 / 100),  # 42 good, 18 bad, 40 unknown
        (accuracy_bounds, 43 / 60, 43 / 100, 83 / 100),  # right: 40 + 3
        (true_positive_rate_bounds, 40 / 42, 40 / (42 + 35), 45 / 47),
        (false_positive_rate_bounds, 15 / 18, 15 / (18 + 35), 20 / 23),
        (positive_predictive_value_bounds, 40 / 55, 40 / 60, 45 / 60),
        (negative_predictive_value_bounds, 3 / 5, 3 / 40, 38 / 40),
    ],
)
def test_bounds_by_hand(chosen: Evidence, of: Any, audit: Any, value: float, low: float, high: float) -> None:
    """The figure on known outcomes, and what it would be were all unknown ones the worst and the best."""
    for levels in ({}, {"sex": "F"}):
        found = of(audit, chosen, 0, **levels)
        assert (found.value, found.low, found.high) == pytest.approx((value, low, high))
        assert found.method == "worst and best case"
        assert found.reason == f"between {low:.2f} and {high:.2f} whatever the missing outcomes are"
    assert of(audit, chosen, 0).tables == {"unknown_favorable": 5, "unknown_unfavorable": 35}


def test_bounds_hold_whatever_the_outcomes_are(chosen: Evidence, draw: np.random.Generator, of: Any) -> None:
    """Two hundred ways to fill in the unknown outcomes: no true positive rate leaves the bounds."""
    found = of(true_positive_rate_bounds, chosen, 0)
    for _ in range(200):
        accepted, refused = draw.binomial(5, draw.random()), draw.binomial(35, draw.random())
        rate = (40 + accepted) / (40 + accepted + 2 + refused)
        assert found.low <= rate <= found.high


def test_even_labels_need_no_bounds(evidence_of: Build, of: Any) -> None:
    """Half the outcomes known after either decision: one finding says that there is nothing to bound."""
    rows = [{"decision": d, "outcome": i % 2 if i < 20 else None} for d in (0, 1) for i in range(40)]
    found = evidence_of(rows)
    assert of(accuracy_bounds, found, 0).reason.startswith("outcomes are known about as often after either decision")
    assert of(label_selectivity, found, 0).tables["selective"] is False
    assert selective(found) is None
