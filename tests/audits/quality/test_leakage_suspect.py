"""Leakage: columns that are the outcome, nearly are it, or have nothing to do with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.ledger import Ledger
from audits.probes.leakage import Leak, explained
from audits.quality.leakage_suspect import leakage_suspect

draw = np.random.default_rng(3)
TRUTH = (draw.random(4000) < 0.3).astype(float)


def of(values, truth=TRUTH):
    """Explain an outcome of two classes, or a number."""
    return explained(np.asarray(values), np.asarray(truth, dtype=float)[:, None])


def test_a_column_that_is_the_outcome_explains_all_of_it():
    found = of(TRUTH)
    assert (found.value, found.low, found.high, found.n) == (1.0, 1.0, 1.0, 4000)
    assert of(np.where(TRUTH > 0, "paid", "open").astype(object)).value == 1.0


def test_a_column_that_nearly_is_the_outcome():
    wrong = draw.random(4000) < 0.02
    # 2 % of rows tell the opposite: 1 - 0.02 x 0.98 / (0.3 x 0.7), about
    assert of(np.where(wrong, 1 - TRUTH, TRUTH)).value == pytest.approx(1 - 0.02 * 0.98 / 0.21, abs=0.03)


def test_chance_explains_nothing_on_rows_that_it_was_not_learned_on():
    assert of(draw.random(4000)).value < 0.01
    assert of(np.asarray([f"id-{i}" for i in range(4000)], dtype=object)).value < 0.01  # an identity knows its own row only


def test_numeric_outcomes_and_missing_values():
    x = draw.random(4000)
    assert of(np.where(draw.random(4000) < 0.1, np.nan, x), x).value > 0.85
    assert of(x, 3 * x + 1).value > 0.99


def test_a_single_value_has_no_figure():
    assert of(np.ones(4000)) is None
    assert of(draw.random(4000), np.ones(4000)) is None


def test_figures_stand_with_their_column(evidence_of, figures):
    evidence = evidence_of([{"x": 1.0, "k": "a"}, {"x": 2.0, "k": "b"}])
    leaks = {"x": Leak(value=0.99, low=0.98, high=1.0, n=500), "gone": Leak(value=0.1, low=0.0, high=0.2, n=500)}
    found = figures(leakage_suspect, replace(evidence, ledger=Ledger(leaks=leaks)))
    assert [(f.column, f.window, f.value, f.low, f.n) for f in found] == [("x", 0, 0.99, 0.98, 500)]
