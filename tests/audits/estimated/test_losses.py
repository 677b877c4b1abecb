"""Errors of a regression to be expected from its predictions, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from audits.estimated.estimated_mean_absolute_error import estimated_mean_absolute_error
from audits.estimated.estimated_root_mean_squared_error import estimated_root_mean_squared_error
from audits.estimated.estimation_coverage import estimation_coverage
from audits.estimated.estimation_error import estimation_error
from audits.evidence import Evidence

Rows = list[dict[str, Any]]
Many = Callable[..., Evidence]


def predictions(day: int, errors: dict[float, list[float]], *, known: bool = True, **more: Any) -> Rows:
    """Rows of a day: each prediction with the errors that it makes."""
    made = [(score, error) for score, found in errors.items() for error in found]
    return [{"score": score, "outcome": score - error if known else None, "day": day, **more} for score, error in made]


# At 10 the reference errs by 1 or 3 (mean 2, mean square 5), at 20 by 4 or 8 (mean 6, mean square 40).
REFERENCE = {10.0: [1.0, -3.0], 20.0: [-4.0, 8.0]}


def test_by_hand(many: Many, of: Any) -> None:
    """Three predictions of 10 and one of 20: (3 x 2 + 6) / 4 = 3, and √((3 x 5 + 40) / 4) = √13.75."""
    rows = predictions(0, REFERENCE, reference=True) + predictions(1, {10.0: [0.0] * 3, 20.0: [0.0]}, known=False)
    found = many(rows, reference=300, task="regression", favorable=None)
    error = of(estimated_mean_absolute_error, found)
    assert error.value == pytest.approx(3.0)
    assert error.method == "expected loss"
    # variance of |error|: 5 - 4 = 1 at 10, 40 - 36 = 4 at 20; (3 x 1 + 4) / 16 by chance, (9 / 600 + 4 / 600) / 16 of the reference
    half = 1.959964 * math.sqrt((7 + 13 / 600) / 16) / 3
    assert error.high == pytest.approx(3 * math.exp(half), rel=1e-6)
    assert error.low == pytest.approx(3 * math.exp(-half), rel=1e-6)
    assert of(estimated_root_mean_squared_error, found).value == pytest.approx(math.sqrt(13.75))


def test_too_few_and_too_far(many: Many, of: Any) -> None:
    """Four hundred outcomes do not carry it; nor does a reference without predictions of 30."""
    rows = predictions(0, REFERENCE, reference=True) + predictions(1, {10.0: [0.0], 30.0: [0.0]}, known=False)
    few = of(estimated_mean_absolute_error, many(rows, reference=100, task="regression", favorable=None), 0)
    assert (few.value, few.reason) == (None, "the reference has 400 outcomes of predictions; it takes 1,000")
    far = of(estimated_mean_absolute_error, many(rows, reference=300, task="regression", favorable=None))
    assert (far.value, far.reason) == (None, "50% of the predictions lie where the reference has no outcomes (at most 5%)")


def test_errors_of_one_group_grow(many: Many, of: Any) -> None:
    """B errs twice as much on the second day; on the third, without outcomes, nothing is claimed of B, and A's estimate stands."""
    twice = {score: [2 * error for error in errors] for score, errors in REFERENCE.items()}
    rows: Rows = []
    for group, second in (("A", REFERENCE), ("B", twice)):
        rows += predictions(0, REFERENCE, reference=True, sex=group) + predictions(1, REFERENCE, sex=group)
        rows += predictions(2, second, sex=group) + predictions(3, REFERENCE, known=False, sex=group)
    found = many(rows, reference=300, analysed=20, task="regression", favorable=None, protected=("sex",))
    assert of(estimated_mean_absolute_error, found, 3, sex="A").value == pytest.approx(4.0, abs=1e-6)
    assert of(estimated_mean_absolute_error, found, 1, sex="B").value == pytest.approx(4.0, abs=1e-6)
    withheld = of(estimated_mean_absolute_error, found, 3, sex="B")
    assert withheld.value is None
    assert withheld.reason == "can't tell: in the last window with outcomes the mean absolute error was 8, estimated 4"
    past = of(estimation_error, found, 0, sex="B")  # 0 off on the first day, 4 on the second
    assert past.value == pytest.approx(2.0)
    assert past.tables["measure"] == "mean_absolute_error"
    assert of(estimation_coverage, found, 0, sex="B").value == pytest.approx(0.5)
    assert of(estimation_coverage, found, 0, sex="A").value == pytest.approx(1.0)
