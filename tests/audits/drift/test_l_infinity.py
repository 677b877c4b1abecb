"""L-infinity: the largest change, new and vanished categories, by hand."""

from __future__ import annotations

from audits.drift.l_infinity import l_infinity


def test_numbers_are_left_alone(drifted, figures):
    assert {f.column for f in figures(l_infinity, drifted)} == {"kind"}


def test_l_infinity_by_hand(evidence_of, figures, columns):
    # a 0.5 -> 0.3, b 0.3 -> 0, c 0.2 -> 0.2, new 0 -> 0.5: the largest change is that of values not seen before.
    rows = columns({"kind": ["a"] * 50 + ["b"] * 30 + ["c"] * 20}, {"kind": ["a"] * 15 + ["c"] * 10 + ["x"] * 20 + ["y"] * 5})
    whole, window = figures(l_infinity, evidence_of(rows))
    assert (window.value, window.n) == (0.5, 50)
    assert window.tables == {"category": "(not in the reference)", "change": 0.5, "new": 25, "vanished": ["b"]}
    assert whole.tables["new_levels"] == ["x", "y"]


def test_a_fall_is_a_positive_distance_with_a_signed_change(evidence_of, figures, columns):
    (found,) = figures(l_infinity, evidence_of(columns({"kind": list("aaab") * 25}, {"kind": list("abbc") * 25})), window=1)
    assert (found.value, found.tables["category"], found.tables["change"]) == (0.5, "a", -0.5)
    assert 0.3 < found.low < 0.5 < found.high < 0.7
