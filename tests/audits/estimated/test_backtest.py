"""How wrong past estimates were, by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from audits.estimated.estimated_base_rate import estimated_base_rate
from audits.estimated.estimation_coverage import estimation_coverage
from audits.estimated.estimation_error import estimation_error
from audits.evidence import Evidence

Rows = list[dict[str, Any]]
Many = Callable[..., Evidence]
# 12 rows a day x 10. Expected at rates 1/4, 1/2, 3/4: 8 of 12 right. Right on the first day 3 + 2 + 3 = 8, on the second 4 + 2 + 3 = 9.
FIRST: Any = [(0.2, 1, 3), (0.5, 2, 2), (0.8, 3, 1)]
SECOND: Any = [(0.2, 0, 4), (0.5, 2, 2), (0.8, 3, 1)]


@pytest.fixture(scope="module")
def checked(many: Many, reference: Rows, rows_of_day: Callable[..., Rows]) -> Evidence:
    """Give two days with outcomes and one without."""
    return many(reference + rows_of_day(1, FIRST) + rows_of_day(2, SECOND) + rows_of_day(3, FIRST, labels=False), analysed=5)


def test_error_by_hand(checked: Evidence, of: Any) -> None:
    """(|8/12 - 8/12| + |8/12 - 9/12|) / 2 = 1/24, over two windows; the third has no outcomes yet."""
    found = of(estimation_error, checked, 0)
    assert found.value == pytest.approx(1 / 24, abs=1e-6)
    assert found.n == 2
    table = found.tables
    assert (table["measure"], table["windows"], table["withheld"]) == ("accuracy", 2, 0)
    assert table["measures"]["accuracy"]["mean_error"] == pytest.approx(-1 / 24, abs=1e-6)
    assert table["measures"]["accuracy"]["largest_error"] == pytest.approx(1 / 12, abs=1e-6)
    # base rate: estimated 1/2; realised 6/12 and 5/12
    assert table["measures"]["base_rate"]["mean_absolute_error"] == pytest.approx(1 / 24, abs=1e-6)
    assert table["series"]["realised"] == pytest.approx([8 / 12, 9 / 12])
    assert table["series"]["estimated"] == pytest.approx([8 / 12, 8 / 12])
    assert table["series"]["withheld"] == [False, False]


def test_coverage_by_hand(checked: Evidence, of: Any) -> None:
    """Both lie inside: 60 rows have a standard error of √(12 x 60/12 x ...) over 5 points, and the second is 8 points off."""
    found = of(estimation_coverage, checked, 0)
    assert (found.value, found.n, found.method) == (1.0, 2, "wilson over windows")
    assert 0.3 < found.low < 0.4  # Wilson for 2 of 2: 0.342


def test_immature_windows_are_not_compared(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Outcomes take two days: of three days only the first is in, and the second, half known, proves nothing."""
    half = [row if i % 2 else {**row, "outcome": None} for i, row in enumerate(rows_of_day(2, SECOND))]
    rows = reference + rows_of_day(1, FIRST) + half + rows_of_day(3, FIRST, labels=False)
    found = many(rows, analysed=10, label_delay=dt.timedelta(days=2))
    assert of(estimation_error, found, 0).n == 1
    assert of(estimated_base_rate, found, 2).value == pytest.approx(0.5, abs=1e-6)


def test_nothing_to_compare(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Seven outcomes are too few to call an estimate wrong."""
    found = many(reference + rows_of_day(1, [(0.2, 3, 4)]))
    assert of(estimation_error, found, 0).reason == "no window with 30 outcomes or more that the estimates can be checked in"


def test_intervals_learn_from_past_errors(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Day after day outcomes are 1.5 points better than estimated: within tolerance, but beyond chance, and the interval says so."""
    better = [(0.2, 265, 735), (0.5, 515, 485), (0.8, 765, 235)]
    rows = reference + [row for day in (1, 2, 3) for row in rows_of_day(day, better)]
    found = many(rows, analysed=20, reference=5000)
    first, third = (of(estimated_base_rate, found, day) for day in (1, 3))
    assert first.method == "cbpe, isotonic"
    assert third.method == "cbpe, isotonic, interval widened by past errors"
    assert third.high - third.low > 2 * (first.high - first.low)
    assert third.low < 0.515 < third.high
    assert not first.low < 0.515 < first.high
