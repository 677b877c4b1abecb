"""When nothing is estimated, and why: references that cannot carry it, scores beyond them, outcomes that contradict it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audits.estimated.estimated_accuracy import estimated_accuracy
from audits.estimated.estimated_base_rate import estimated_base_rate
from audits.evidence import Evidence

Rows = list[dict[str, Any]]
Many = Callable[..., Evidence]
DAY: Any = [(0.2, 4, 0), (0.5, 2, 0), (0.8, 4, 0)]
AS_EXPECTED: Any = [(0.2, 1, 3), (0.5, 2, 2), (0.8, 3, 1)]
TURNED: Any = [(0.2, 3, 1), (0.5, 2, 2), (0.8, 1, 3)]


def test_too_few_outcomes(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """12 x 83 = 996 outcomes are four short."""
    found = of(estimated_accuracy, many(reference + rows_of_day(1, DAY, labels=False), reference=83), 0)
    assert (found.value, found.reason) == (None, "the reference has 996 outcomes of scored predictions; it takes 1,000")


def test_one_kind_of_outcome(many: Many, rows_of_day: Any, of: Any) -> None:
    """Nobody failed in the reference: no score can tell who will."""
    rows = rows_of_day(0, [(0.2, 5, 0), (0.8, 7, 0)], reference=True) + rows_of_day(1, DAY, labels=False)
    found = of(estimated_accuracy, many(rows), 0)
    assert (found.value, found.reason) == (None, "the reference has 0 outcomes of one kind; it takes 10 of either")


def test_a_score_read_the_wrong_way_round(many: Many, rows_of_day: Any, of: Any) -> None:
    """Outcomes fall with the score: a rising curve is flat at 1/2 and misses both ends by 1/4, the middle by nothing: 17 points."""
    rows = rows_of_day(0, TURNED, reference=True) + rows_of_day(1, DAY, labels=False)
    found = of(estimated_accuracy, many(rows), 0)
    assert found.value is None
    assert found.reason.startswith("outcomes do not rise with the score: a rising curve misses the rates of the reference by 17 points")


def test_scores_beyond_the_reference(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """One of ten scores above everything in the reference: 10 % is over the 5 % allowed; of forty it is not."""
    beyond = reference + rows_of_day(1, [*DAY[:2], (0.8, 3, 0), (0.99, 1, 0)], labels=False)
    found = of(estimated_accuracy, many(beyond))
    assert (found.value, found.reason) == (None, "10% of the scores lie where the reference has no outcomes (at most 5%)")
    within = reference + rows_of_day(1, [(0.2, 16, 0), (0.5, 8, 0), (0.8, 15, 0), (0.99, 1, 0)], labels=False)
    assert of(estimated_accuracy, many(within)).value == pytest.approx(0.7, abs=0.01)


def test_a_reference_labelled_for_one_decision_only(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Outcomes known of the accepted only: the refused have scores that the reference has no outcomes for, and nothing is made up."""
    known = [{**row, "outcome": row["outcome"] if row["decision"] else None} for row in reference]
    found = of(estimated_accuracy, many(known + rows_of_day(1, DAY, labels=False), reference=200))
    assert (found.value, found.reason) == (None, "40% of the scores lie where the reference has no outcomes (at most 5%)")


def test_a_shift_of_one_group_is_said_of_that_group(many: Many, rows_of_day: Any, of: Any) -> None:
    """From the second day on, outcomes of B run against the score; those of the fourth day are not known yet.

    A: 7/12 + ... the estimate of accuracy at rates 1/4, 1/2, 3/4 on twelve rows is (3 + 2 + 3) / 12 = 2/3, and stands. B: outcomes give
    (1 + 2 + 1) / 12 = 1/3, and later estimates are withheld.
    """
    rows: Rows = []
    for group in "AB":
        rows += rows_of_day(0, AS_EXPECTED, reference=True, sex=group) + rows_of_day(1, AS_EXPECTED, sex=group)
        for day in (2, 3):
            rows += rows_of_day(day, AS_EXPECTED if group == "A" else TURNED, sex=group)
        rows += rows_of_day(4, AS_EXPECTED, sex=group, labels=False)
    found = many(rows, analysed=20, protected=("sex",))
    for window in (1, 2, 3, 4):
        assert of(estimated_accuracy, found, window, sex="A").value == pytest.approx(2 / 3, abs=1e-6)
    assert of(estimated_accuracy, found, 1, sex="B").value == pytest.approx(2 / 3, abs=1e-6)
    for window in (2, 3, 4, 0):
        withheld = of(estimated_accuracy, found, window, sex="B")
        assert withheld.value is None
        assert withheld.reason.startswith("can't tell: in the last ")
        assert withheld.reason.endswith("estimated 0.67")
    said = of(estimated_accuracy, found, 4, sex="B").reason
    assert said == "can't tell: in the last window with outcomes realised accuracy was 0.33, estimated 0.67"
    assert of(estimated_accuracy, found, 4).value is None  # everybody holds B
    withheld = of(estimated_accuracy, found, 4).tables["withheld"]
    assert withheld["value"] == pytest.approx(2 / 3, abs=1e-6)


def test_everybody_shifts(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Estimates stop when outcomes contradict them, and come back when outcomes agree again for long enough."""
    days = [AS_EXPECTED, TURNED, *[AS_EXPECTED] * 6]
    rows = reference + [row for day, cells in enumerate(days, start=1) for row in rows_of_day(day, cells)]
    found = many(rows, analysed=10)
    given = [of(estimated_accuracy, found, day).value is not None for day in range(1, 9)]
    assert given[0]
    assert not given[1]
    assert given[7]  # the last five days agree


def test_a_small_departure_is_let_pass(many: Many, reference: Rows, rows_of_day: Any, of: Any) -> None:
    """Half a million outcomes, one point off: significant beyond doubt, and still within the two points that are of use."""
    cells = [(0.2, 26, 74), (0.5, 51, 49), (0.8, 76, 24)]
    found = many(reference + rows_of_day(1, cells), analysed=2000, reference=1000)
    assert of(estimated_accuracy, found, 1).value is not None


def test_everybodys_curve_does_not_hold_for_a_small_group(many: Many, rows_of_day: Any, of: Any) -> None:
    """B has 360 outcomes in the reference, and they run against the score: too few for a curve of its own, too many to be overlooked.

    C has 24, too few to see anything; D has 120, and they agree.
    """
    rows = rows_of_day(0, [(s, 10 * y, 10 * n) for s, y, n in AS_EXPECTED], reference=True, sex="A")
    rows += [row for _ in range(3) for row in rows_of_day(0, TURNED, reference=True, sex="B")]
    rows += rows_of_day(0, [(0.2, 0, 1), (0.8, 1, 0)], reference=True, sex="C") + rows_of_day(0, AS_EXPECTED, reference=True, sex="D")
    rows += [row for group in "ABCD" for row in rows_of_day(1, DAY, sex=group, labels=False)]
    found = many(rows, reference=10, protected=("sex",))
    assert of(estimated_accuracy, found, sex="A").value == pytest.approx(0.7, abs=1e-6)
    low = of(estimated_accuracy, found, sex="B")
    assert low.value is None
    assert low.reason.startswith("can't tell: in the reference realised accuracy was 0.33, estimated 0.6")
    assert low.reason.endswith("by everybody's curve, and 360 outcomes are too few for its own")
    few = of(estimated_accuracy, found, sex="C")
    assert (few.value, few.reason) == (
        None, "can't tell: the reference has 20 outcomes of it, too few to see whether everybody's curve holds"
    )  # fmt: skip
    assert of(estimated_accuracy, found, sex="D").method == "cbpe, isotonic, everybody's curve"


def test_the_first_window_as_reference(many: Many, rows_of_day: Any, of: Any) -> None:
    """Without a reference the first window is it: said in the method, and its own figures prove nothing."""
    rows = rows_of_day(0, AS_EXPECTED) + rows_of_day(1, DAY, labels=False)
    found = many(rows, analysed=100)
    assert of(estimated_base_rate, found, 2).method == "cbpe, isotonic, reference is the first window"
    assert of(estimated_base_rate, found, 2).value == pytest.approx(0.5)


def test_outcomes_of_one_group_only(many: Many, rows_of_day: Any, of: Any) -> None:
    """The reference knows the outcomes of A alone: nothing is claimed of B, nor of everybody, of whom half are B."""
    rows = rows_of_day(0, AS_EXPECTED, reference=True, sex="A") + rows_of_day(0, AS_EXPECTED, reference=True, sex="B", labels=False)
    rows += [row for group in "AB" for row in rows_of_day(1, DAY, sex=group, labels=False)]
    found = many(rows, protected=("sex",))
    assert of(estimated_accuracy, found, sex="A").value == pytest.approx(0.7, abs=1e-6)
    assert of(estimated_accuracy, found, sex="B").reason.startswith("can't tell: the reference has 0 outcomes of it")
    everybody = of(estimated_accuracy, found)
    assert (everybody.value, everybody.reason) == (
        None, "can't tell: the reference has no outcomes of the groups of 50% of the rows (at most 5%)"
    )  # fmt: skip


def test_a_new_version_that_errs(many: Many, rows_of_day: Any, figures: Any) -> None:
    """Version v2 is wrong where v1 was right: its estimate over the whole period is withheld, v1's stands."""
    rows = rows_of_day(0, AS_EXPECTED, reference=True, version="v1")
    for day, version, cells in ((1, "v1", AS_EXPECTED), (2, "v1", AS_EXPECTED), (3, "v2", TURNED), (4, "v2", TURNED)):
        rows += rows_of_day(day, cells, version=version)
    found = {each.version: each for each in figures(estimated_accuracy, many(rows, analysed=20)) if each.window == 0}
    assert found["v1"].value == pytest.approx(2 / 3, abs=1e-6)
    assert found["v2"].value is None
    assert found["v2"].reason.startswith("can't tell: over all windows with outcomes realised accuracy was 0.33")
