"""A budget of rows: the same ones each time, as many as asked for, never half a unit, and what they hold."""

from __future__ import annotations

import hashlib

import numpy as np

from audits.probes.rows import sampled


def test_the_rows_with_the_smallest_digests_are_taken(logged):
    rows = sampled(logged.warehouse, logged.model, logged.evidence, rows=500)
    known = logged.frame[logged.frame["outcome"].notna()]
    order = known.assign(digest=[hashlib.md5(key.encode()).hexdigest() for key in known["id"]]).sort_values("digest").iloc[:500]
    assert (len(rows), rows.available) == (500, len(known))
    np.testing.assert_allclose(rows.numeric["income"], order["income"], rtol=1e-12)
    np.testing.assert_array_equal(rows.outcome, order["outcome"].astype(int))
    np.testing.assert_array_equal(rows.decision, order["decision"])
    np.testing.assert_array_equal(rows.levels["race"], order["race"].fillna("Unknown"))
    np.testing.assert_array_equal(rows.half, [int(text[8], 16) % 2 for text in order["digest"]])


def test_features_are_what_is_neither_role_nor_group(logged):
    rows = sampled(logged.warehouse, logged.model, logged.evidence, rows=50)
    assert (set(rows.numeric), set(rows.categorical), set(rows.levels)) == (
        {"income", "debt", "height"},
        {"job"},
        {"sex", "race", "region"},
    )
    assert rows.unit is None
    assert np.isfinite(rows.score).all()


def test_more_than_there_is_gives_all(logged):
    rows = sampled(logged.warehouse, logged.model, logged.evidence, rows=10**6, labelled=False)
    assert len(rows) == rows.available == len(logged.frame)
    assert (rows.outcome < 0).sum() == logged.frame["outcome"].isna().sum()
    assert np.isnan(rows.numeric["debt"]).sum() == logged.frame["debt"].isna().sum()


def test_a_receipt_says_how_many_and_of_when(logged):
    found = sampled(logged.warehouse, logged.model, logged.evidence, rows=100).receipt(logged.evidence)
    assert (found["rows_used"], found["rows_available"]) == (100, int(logged.frame["outcome"].notna().sum()))
    assert found["period"] == {"start": "2026-01-01T00:00:00", "end": "2026-01-06T00:00:00", "first_row": None, "last_row": None}


def test_units_come_whole_and_stay_on_one_side(stored, logged):
    frame = logged.frame.iloc[:2000].assign(person=[f"p{i // 7}" for i in range(2000)], outcome=logged.frame["decision"].iloc[:2000])
    with stored(frame, unit="person") as found:
        rows = sampled(found.warehouse, found.model, found.evidence, rows=500)
    assert 493 < len(rows) <= 500
    sizes, halves = np.bincount(rows.unit), [set(rows.half[rows.unit == one].tolist()) for one in np.unique(rows.unit)]
    assert set(sizes.tolist()) <= {7, 2000 % 7}
    assert all(len(half) == 1 for half in halves)


def test_classes_are_coded_and_numbers_kept(stored, logged):
    frame = logged.frame.iloc[:600].drop(columns=["score", "decision", "outcome"])
    job = frame["job"]
    classes = frame.drop(columns="job").assign(decision=job, outcome=np.where(np.arange(600) % 3 == 0, "cook", job))
    with stored(classes, task="multiclass") as found:
        rows = sampled(found.warehouse, found.model, found.evidence, rows=600)
    assert rows.classes == ("clerk", "cook", "nurse")
    assert (rows.decision == rows.outcome).sum() == (classes["decision"] == classes["outcome"]).sum()
    with stored(frame.assign(score=frame["height"] + 1, outcome=frame["height"]).drop(columns="height"), task="regression") as found:
        rows = sampled(found.warehouse, found.model, found.evidence, rows=600)
    np.testing.assert_allclose(rows.score - rows.truth, 1.0)
    assert set(rows.decision.tolist()) == {-1}
