"""A window with another mix of groups than the reference: by hand, and against simulated outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audits.estimated.estimated_accuracy import estimated_accuracy
from audits.estimated.estimated_base_rate import estimated_base_rate
from audits.evidence import Evidence

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def shifted(many: Callable[..., Evidence], rows_of_day: Callable[..., Rows]) -> Evidence:
    """Give a log whose groups differ at the same score: A is positive 9 times of 10 at 0.8, B 5 times; A is 8 of 10 rows, then 2 of 10."""
    rows: Rows = []
    for group, high, n in (("A", 9, 8), ("B", 5, 2)):
        for _ in range(n):
            rows += rows_of_day(0, [(0.2, 2, 8), (0.8, high, 10 - high)], reference=True, sex=group)
    for day, group, n in ((1, "A", 2), (1, "B", 8), (2, "A", 8), (2, "B", 2)):
        rows += rows_of_day(day, [(0.2, n, 0), (0.8, n, 0)], labels=False, sex=group)
    return many(rows, reference=30, analysed=10, protected=("sex",))


def test_weighted_by_hand(shifted: Evidence, of: Any) -> None:
    """Everybody's curve says (8 x 9 + 2 x 5) / 100 = 0.82 at 0.8; with the window's mix it is (2 x 9 + 8 x 5) / 100 = 0.58.

    To within a thousandth: a cell is pulled a little towards the curve, by one row for each decision.
    """
    weighted = 0.2 * 0.9 + 0.8 * 0.5
    found = of(estimated_base_rate, shifted, 1)
    assert found.value == pytest.approx((0.2 + weighted) / 2, abs=1e-3)
    assert found.tables["basis"] == "reweighted"
    whole = of(estimated_base_rate, shifted, 0).tables  # half of the two days' rows are from A: (9 + 5) / 20 at 0.8
    assert whole["reweighted"] == pytest.approx((0.2 + (0.9 + 0.5) / 2) / 2, abs=1e-3)
    assert whole["plain"] == pytest.approx((0.2 + 0.82) / 2, abs=1e-6)
    assert found.method == "cbpe, isotonic, weighted to the window's mix"
    accuracy = of(estimated_accuracy, shifted, 1)
    assert accuracy.value == pytest.approx((0.8 + weighted) / 2, abs=1e-3)
    assert accuracy.low < accuracy.value < accuracy.high


def test_the_references_mix_changes_nothing(shifted: Evidence, of: Any) -> None:
    """With 8 of 10 from A again, the plain estimate stands; a group's own curve needs no weighting."""
    found = of(estimated_base_rate, shifted, 2)
    assert found.tables["basis"] == "plain"
    assert found.value == pytest.approx((0.2 + 0.82) / 2, abs=1e-6)
    assert of(estimated_base_rate, shifted, 1, sex="A").value == pytest.approx((0.2 + 0.9) / 2, abs=1e-6)
    assert of(estimated_base_rate, shifted, 1, sex="B").value == pytest.approx((0.2 + 0.5) / 2, abs=1e-6)


def test_a_cross_of_groups_has_twenty_bins(many: Callable[..., Evidence], rows_of_day: Any, of: Any) -> None:
    """Cells of the cross with a thousand outcomes have rates of their own, pulled a little towards everybody's; others everybody's."""
    rows: Rows = []
    for sex, race, high, n in (("A", "X", 9, 8), ("A", "Y", 9, 1), ("B", "X", 9, 1), ("B", "Y", 5, 8)):
        for _ in range(n):
            rows += rows_of_day(0, [(0.2, 2, 8), (0.8, high, 10 - high)], reference=True, sex=sex, race=race)
        rows += rows_of_day(1, [(0.2, 5, 0), (0.8, 5, 0)], labels=False, sex=sex, race=race)
    found = many(rows, reference=20, analysed=10, protected=("sex", "race"))
    own = of(estimated_base_rate, found, race="Y", sex="B")
    assert own.method == "cbpe, own rates in 20 bins"
    assert own.value == pytest.approx((0.2 + 0.5) / 2, abs=1e-3)
    other = of(estimated_base_rate, found, race="Y", sex="A")
    assert other.value is None  # 180 of its 200 outcomes at 0.8 were positive, 144 expected: the common curve does not hold for it
    assert other.reason.startswith("can't tell: in the reference")
