"""Schema changes: columns that appear, vanish or change their kind, per source, and what is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.quality.schema_change import schema_change


@pytest.fixture
def evidence(evidence_of):
    """Make four days with a numeric and a text feature."""
    return evidence_of([{"x": float(i % 3), "k": "ab"[i % 2], "day": i // 10} for i in range(40)])


def of(evidence, ledger_of, *columns, **more):
    """Give the evidence a ledger with one batch a day, with these columns."""
    batches = [{"columns": held, **more} for held in columns]
    return replace(evidence, ledger=ledger_of(batches, [(i + 1, 24 * i, 10, {}) for i in range(len(columns))]))


SAME = {"x": "number", "k": "text"}


def test_a_change_of_kind_is_raised_as_long_as_it_lasts(evidence, ledger_of, figures):
    found = figures(schema_change, of(evidence, ledger_of, SAME, SAME, {"x": "text", "k": "text"}, SAME), column="x")
    assert [(f.window, f.value, f.reason) for f in found] == [
        (0, 1, "was number, is text"), (1, 0, ""), (2, 0, ""), (3, 1, "was number, is text"), (4, 0, "")]  # fmt: skip
    assert found[3].tables == {"before": "number", "after": "text"}


def test_a_feature_that_is_gone_and_a_column_that_is_new(evidence, ledger_of, figures):
    found = figures(schema_change, of(evidence, ledger_of, SAME, {"x": "number", "zip": "text"}))
    assert [(f.column, f.window, f.value, f.reason) for f in found] == [
        ("k", 0, 1, "it is gone"), ("k", 1, 0, ""), ("k", 2, 1, "it is gone"),
        (None, 0, 1, '"zip"'), (None, 1, 0, ""), (None, 2, 1, '"zip"')]  # fmt: skip
    assert found[-1].tables == {"appeared": ["zip"], "vanished": [], "retyped": {}}


def test_the_same_columns_are_quiet(evidence, ledger_of, figures):
    assert {f.value for f in figures(schema_change, of(evidence, ledger_of, SAME, dict(reversed(SAME.items())), SAME))} == {0}


def test_a_stretch_that_may_have_more_columns_lacks_none(evidence, ledger_of, figures):
    assert {f.value for f in figures(schema_change, of(evidence, ledger_of, SAME, {"x": "number"}, more=True))} == {0}


def test_each_source_is_held_against_itself(evidence, ledger_of, figures):
    batches = [{"columns": SAME}, {"columns": {"x": "text"}, "source": "other"}, {"columns": {"x": "text"}, "source": "other"}]
    found = replace(evidence, ledger=ledger_of(batches, [(1, 0, 10, {}), (2, 3, 10, {}), (3, 30, 10, {})]))
    assert {f.value for f in figures(schema_change, found)} == {0}


def test_a_batch_of_which_every_row_was_refused_stands_where_the_log_ended(evidence, ledger_of, figures):
    batches = [{"columns": SAME}, {"columns": {"x": "text", "k": "text"}}]
    found = replace(evidence, ledger=ledger_of(batches, [(1, 0, 10, {}), (1, 24, 10, {})]))
    assert [(f.window, f.value) for f in figures(schema_change, found, column="x")] == [(0, 1), (1, 0), (2, 1)]


def test_without_anything_remembered_there_is_no_figure(evidence, figures):
    assert figures(schema_change, evidence) == []
