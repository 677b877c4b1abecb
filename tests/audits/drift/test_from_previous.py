"""Each window against the one before: the same figure as with that window as reference, and what is passed over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.drift import STATISTICS
from audits.drift.comparison import FROM_PREVIOUS
from audits.finding import Reference
from audits.registry import find

PAIRS = [(found, find(found.name + FROM_PREVIOUS)) for found in STATISTICS]


@pytest.mark.parametrize(("statistic", "previous"), PAIRS, ids=lambda audit: audit.name)
@pytest.mark.parametrize("day", [2, 3])
def test_it_is_the_statistic_with_the_window_before_as_reference(drifted, figures, statistic, previous, day):
    """Under the same frozen bins; a Wasserstein distance is in deviations of the reference, and the shape of what chance adds to it is that
    of all windows before together."""
    only = {day - 1: "reference", day: "window"}
    parts = {name: drifted.tally.select(lambda p, d=d: p.bucket == drifted.spans[d][0]) for d, name in only.items()}
    before = replace(
        drifted, reference_tally=parts["reference"], tally=parts["window"], windows=(drifted.windows[day],) * 2,
        spans=(drifted.spans[day],) * 2, reference=Reference(kind="source", n=1),
    )  # fmt: skip
    expected = {f.column: f for f in figures(statistic, before, window=1)}
    found = {f.column: f for f in figures(previous, drifted, window=day)}
    assert found.keys() == expected.keys()
    assert found
    for column, each in found.items():
        moved = "wasserstein" in previous.name
        scale = _deviation(drifted.reference_tally, column) / _deviation(parts["reference"], column) if moved else 1
        assert (each.value * scale, each.high * scale) == pytest.approx((expected[column].value, expected[column].high), rel=1e-9)
        assert (each.low * scale, each.p) == pytest.approx((expected[column].low, expected[column].p), abs=5e-3 if moved else 1e-12)
        assert each.n == min(expected[column].n, parts["reference"].partitions[0].rows)
        assert each.reason == ""


def _deviation(tally, column):
    rows = tally.moments["column"] == tally.columns.index(column)
    return np.sqrt(tally.moments["m2"][rows].sum() / tally.moments["n"][rows].sum())


@pytest.mark.parametrize("audit", [previous for _, previous in PAIRS], ids=lambda audit: audit.name)
def test_no_figure_of_the_whole_period_nor_of_the_first_window(drifted, figures, audit):
    assert {f.window for f in figures(audit, drifted)} == {2, 3}


@pytest.fixture
def gappy(evidence_of):
    """Give five days: the second without any row, the fourth without values of k and x, which are back on the fifth."""
    rows = [{"x": float(i % 5), "k": "abc"[i % 3], "z": 1.0 + i % 3, "day": 0, "reference": True} for i in range(30)]
    for day, has in ((1, True), (3, True), (4, False), (5, True)):
        rows += [{"x": float(i % 4) if has else None, "k": "ab"[i % 2] if has else None, "z": float(i % 3), "day": day} for i in range(20)]
    return evidence_of(rows)


@pytest.mark.parametrize("audit", [previous for _, previous in PAIRS], ids=lambda audit: audit.name)
def test_empty_windows_are_passed_over_and_the_reason_says_so(gappy, figures, audit):
    """Days 1 to 5 are windows 1 to 5: window 3 is held against 1, window 4 has no values, window 5 is held against 3."""
    column = "x" if audit.name.startswith(("kolm", "wasser")) else "k"
    found = {f.window: f for f in figures(audit, gappy, column=column)}
    assert set(found) == {3, 4, 5}
    assert found[3].value == pytest.approx(0, abs=1e-12), "the same values as two days before"
    assert found[3].reason == "compared with the window of 2026-01-02: the column has no values in between"
    assert (found[4].value, found[4].reason) == (None, "every value of the window is missing")
    assert (found[5].value, found[5].n) == (pytest.approx(0, abs=1e-12), 20)
    assert found[5].reason == "compared with the window of 2026-01-04: the column has no values in between"


def test_the_first_window_as_reference_is_not_mentioned(evidence_of, figures):
    """What is held against the window before says nothing of a reference, and the reference's own window is one like others."""
    rows = [{"k": "abc"[i % (day + 1)], "day": day} for day in range(3) for i in range(12)]
    evidence = evidence_of(rows)
    first = evidence.windows[1]
    evidence = replace(evidence, reference=replace(evidence.reference, kind="first window", start=first.start, end=first.end))
    found = figures(find("l_infinity_from_previous"), evidence)
    assert [(f.window, f.reason) for f in found] == [(2, ""), (3, "")]
    # Day 0 has a only, so all else is "not in the reference": half of day 1, two thirds of day 2.
    assert [f.value for f in found] == [pytest.approx(1 / 2), pytest.approx(2 / 3 - 1 / 2)]


def test_a_column_that_appears_has_nothing_to_be_held_against_at_first(evidence_of, figures):
    """Its values begin on day 2: no figure there, with the reason; from day 3 on there is one, though the reference has none."""
    rows = [{"k": None, "z": "a", "day": 0, "reference": True} for _ in range(10)]
    rows += [{"k": "ab"[i % 2] if day > 1 else None, "z": "a", "day": day} for day in (1, 2, 3) for i in range(10)]
    found = {f.window: f for f in figures(find("l_infinity_from_previous"), evidence_of(rows), column="k")}
    assert {w: (f.value, f.reason) for w, f in found.items()} == {2: (None, "no window before it holds a value"), 3: (0.0, "")}


def test_rows_as_windows_are_named_by_their_first_row(gappy, figures):
    """A log without a clock."""
    windows = tuple(replace(w, start=None, end=None, first_row=100 * i, last_row=100 * i + 99) for i, w in enumerate(gappy.windows))
    found = figures(find("l_infinity_from_previous"), replace(gappy, windows=windows), column="k", window=5)
    assert found[0].reason.startswith("compared with the window from row 300:")
