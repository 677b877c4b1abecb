"""Out-of-range rate: by hand, and what still counts as inside."""

from __future__ import annotations

from audits.quality.out_of_range_rate import out_of_range_rate


def rows_of(column, reference, *days):
    return [
        {column: value, "day": day} | ({"reference": True} if day == 0 else {})
        for day, kept in enumerate([reference, *days])
        for value in kept
    ]


def test_out_of_range_by_hand(evidence_of, figures):
    evidence = evidence_of(rows_of("x", [1.0, 2.5, 4.0], [0.5, 1.0, 4.0, 4.5, 9.0, None]))
    found = figures(out_of_range_rate, evidence, window=1)[0]
    assert (found.value, found.n) == (0.6, 5)
    assert found.tables == {"below": 1, "above": 2, "min": 0.5, "max": 9.0, "reference_min": 1.0, "reference_max": 4.0}


def test_the_ends_of_the_range_are_inside(evidence_of, figures):
    for reference in ([1.0, 2.5, 4.0], [1.0, 2.0, 4.0], [0.001, 5.0, 1e6]):
        evidence = evidence_of(rows_of("x", reference * 9, [min(reference), max(reference)]))
        assert {f.value for f in figures(out_of_range_rate, evidence)} == {0.0}


def test_everything_missing_has_a_reason(evidence_of, figures):
    found = figures(out_of_range_rate, evidence_of(rows_of("x", [1.0, 2.5], [None, None])))
    assert {(f.value, f.reason) for f in found} == {(None, "every value is missing")}
