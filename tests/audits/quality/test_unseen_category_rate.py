"""Unseen category rate: by hand, and where a new value cannot be told from a rare one."""

from __future__ import annotations

from dataclasses import replace

from audits.bins import CategoricalBins
from audits.quality.unseen_category_rate import unseen_category_rate


def rows_of(column, reference, *days):
    return [
        {column: value, "day": day} | ({"reference": True} if day == 0 else {})
        for day, kept in enumerate([reference, *days])
        for value in kept
    ]


def test_unseen_categories_by_hand(evidence_of, figures):
    # Day 1: 3 of 5 values are new; the missing one is not among the 5.
    evidence = evidence_of(rows_of("k", ["a", "b", "a"], ["a", "x", "x", "y", "b", None], ["a"]))
    whole, first, second = figures(unseen_category_rate, evidence)
    assert (first.value, first.n) == (0.6, 5)
    assert (whole.value, whole.tables) == (0.5, {"levels": {"x": 2, "y": 1}})
    assert second.value == 0.0


def test_a_capped_vocabulary_cannot_tell_new_from_rare(evidence_of, figures):
    rows = rows_of("k", ["a", "b", "a"], ["a", "x"])
    known = evidence_of(rows).bins
    capped = replace(known, columns=(CategoricalBins(name="k", levels=("a",), complete=False),))
    found = figures(unseen_category_rate, evidence_of(rows, bins=capped))
    assert {f.value for f in found} == {None}
    assert all("100 categories" in f.reason for f in found)
