"""Mixed types: numbers among words, what is no number among numbers, and references that were mixed before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.quality.mixed_types import MIXED_BEFORE, mixed_types

SAME = {"x": "number", "k": "text"}


@pytest.fixture
def evidence(evidence_of):
    """Make three days with a numeric and a text feature."""
    return evidence_of([{"x": float(i % 3), "k": "ab"[i % 2], "day": i // 10} for i in range(30)])


def test_the_rarer_kind_is_counted(evidence, ledger_of, figures):
    batches = [
        {"columns": SAME, "received": 10}, {"columns": SAME, "received": 10, "mixed": {"k": (10, 2)}},
        {"columns": SAME, "received": 20, "mixed": {"k": (10, 9)}, "refused": {"x": 5}},
    ]  # fmt: skip
    log = replace(evidence, ledger=ledger_of(batches, [(i + 1, 24 * i, 10, {}) for i in range(3)]))
    # k: 2 of 10 are numbers on the second day, 1 of 10 is none on the third; x: 5 of 20 rows on the third
    assert [(f.window, f.value) for f in figures(mixed_types, log, column="k")] == [
        (0, pytest.approx(0.1)), (1, 0), (2, pytest.approx(0.2)), (3, pytest.approx(0.1))]  # fmt: skip
    assert [f.value for f in figures(mixed_types, log, column="x")] == [pytest.approx(0.25 / 3), 0, 0, 0.25]
    assert [f.value for f in figures(mixed_types, log, column=None)] == [pytest.approx(0.1)]


def test_pure_columns_give_one_figure_of_none(evidence, ledger_of, figures):
    log = replace(evidence, ledger=ledger_of([{"columns": SAME, "received": 10}], [(1, 0, 10, {})]))
    assert [(f.column, f.value, f.n) for f in figures(mixed_types, log)] == [(None, 0, 10)]


def test_what_the_reference_mixes_too_has_no_figure(evidence, ledger_of, figures):
    batches = [{"columns": SAME, "mixed": {"k": (100, 30)}}, {"columns": SAME, "mixed": {"k": (100, 30)}}]
    log = replace(evidence, ledger=ledger_of(batches, [(1, -24, 100, {}), (2, 0, 100, {})]))
    assert {(f.value, f.reason) for f in figures(mixed_types, log, column="k")} == {(None, MIXED_BEFORE)}
