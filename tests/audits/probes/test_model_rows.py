"""Rows as a model met them: the same ones each time, an even share of every window, types as logged, and where each one counts."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from audits.probes.model_rows import one_row, read_rows


def test_the_rows_with_the_smallest_digests_come_with_their_windows_and_types(logged):
    rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=700)
    frame = logged.frame.assign(digest=[hashlib.md5(key.encode()).hexdigest() for key in logged.frame["id"]])
    order = frame.sort_values("digest").iloc[:700]
    assert rows.key.tolist() == order["id"].tolist()
    assert (len(rows), rows.available, rows.side) == (700, len(frame), "analysed")
    assert rows.names == ("income", "debt", "job", "height")
    assert rows.table.schema.field("job").type == "string"
    pd.testing.assert_series_equal(
        rows.table["debt"].to_pandas(), order["debt"], check_index=False, check_names=False, rtol=1e-12
    )
    np.testing.assert_array_equal(rows.decision, order["decision"])
    np.testing.assert_array_equal(np.nan_to_num(rows.outcome, nan=-1), order["outcome"].fillna(-1))
    np.testing.assert_allclose(rows.score, order["score"], rtol=1e-12)
    days = (order["time"] - pd.Timestamp("2026-01-01")).dt.days
    np.testing.assert_array_equal(rows.window, days + 1)  # window 0 is all of them together
    np.testing.assert_allclose(rows.time - 20454, (order["time"] - pd.Timestamp("2026-01-01")) / pd.Timedelta(days=1), atol=1e-9)
    assert rows.levels["race"].tolist() == order["race"].fillna("Unknown").tolist()


def test_asked_columns_come_along_and_absent_ones_do_not(logged):
    rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=5, extra=["id", "no such column"])
    assert "id" in rows.table.column_names
    assert "no such column" not in rows.table.column_names
    assert "id" not in rows.names


def test_the_reference_is_read_apart(logged):
    """Without a reference of its own, the log's first day is: 1,800 rows, all of them in its only window."""
    rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=10**6, side="reference")
    assert len(rows) == 1800
    assert set(rows.window.tolist()) == {0}
    assert set(rows.key) == set(logged.frame["id"].iloc[:1800])


def test_each_unit_gives_one_row_a_window(stored, logged):
    """Person 3 has rows 21 to 27; one of each hour, which is the window of so short a log, is taken, and not always the earliest."""
    frame = logged.frame.iloc[:2000].assign(person=[f"p{i // 7}" for i in range(2000)])
    with stored(frame, unit="person") as found:
        rows = read_rows(found.warehouse, found.model, found.evidence, rows=10**6)
        assert len(read_rows(found.warehouse, found.model, found.evidence, rows=250)) == 250  # not 250 rows of some 40 people
    pairs = set(zip(rows.unit.tolist(), rows.window.tolist(), strict=True))
    assert len(pairs) == len(rows)
    assert len(rows) == len(set(zip(frame["person"], frame["time"].dt.floor("h"), strict=True)))
    places = np.asarray([int(key[1:]) % 7 for key in rows.key])
    assert set(places.tolist()) == set(range(7))


def test_one_row_is_found_by_its_id(logged):
    rows = one_row(logged.warehouse, logged.model, logged.evidence, "k4321")
    assert rows.key.tolist() == ["k4321"]
    assert rows.features["job"].to_pylist() == [logged.frame["job"].iloc[4321]]
    assert len(one_row(logged.warehouse, logged.model, logged.evidence, "nobody")) == 0


def test_some_of_the_rows(logged):
    rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=50)
    kept = rows.where(rows.decision == 1)
    assert kept.key.tolist() == [key for key, decision in zip(rows.key, rows.decision, strict=True) if decision == 1]
    assert kept.features.num_rows == len(kept) == len(kept.levels["sex"])
