"""Format change: patterns, scales, and values that could not be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.quality.format_change import format_change

draw = np.random.default_rng(6)


def log(evidence_of, before, after, name="x"):
    """Make a reference day and a day after it."""
    return evidence_of([{name: value, "day": day} for day, values in enumerate((before, after)) for value in values])


def shares(figures, evidence):
    """List the figure of each day."""
    return [f.value for f in figures(format_change, evidence)][1:]


def test_dates_written_the_other_way_round(evidence_of, figures):
    before = ["2026-01-05", "2026-02-17"] * 20
    assert shares(figures, log(evidence_of, before, ["2026-03-09"] * 15 + ["09/03/2026"] * 5, "k")) == [0, 0.25]


def test_a_new_word_is_no_new_format(evidence_of, figures):
    assert shares(figures, log(evidence_of, ["car", "home"] * 20, ["motor bike", "self-employed"] * 10, "k")) == [0, 0]
    assert shares(figures, log(evidence_of, ["car", "home"] * 20, ["CAR", "home"] * 10, "k")) == [0, 0.5]


@pytest.mark.parametrize("factor", [1000.0, 0.001, 7.0])
def test_another_unit_is_a_change_of_all_rows(evidence_of, figures, factor):
    before, after = draw.lognormal(3, 0.4, 200), draw.lognormal(3, 0.4, 200) * factor
    found = figures(format_change, log(evidence_of, before.tolist(), after.tolist()), window=2)[0]
    assert found.value == 1
    assert found.tables["factor"] == pytest.approx(factor, rel=0.15)


def test_a_column_around_zero_has_a_scale_too(evidence_of, figures):
    before, after = draw.normal(size=300), 100 * draw.normal(size=300)
    assert shares(figures, log(evidence_of, before.tolist(), after.tolist())) == [0, 1]


def test_outliers_shifts_and_net_for_gross_are_no_change_of_unit(evidence_of, figures):
    before = draw.lognormal(3, 0.4, 300)
    outlier = np.append(before[:-1], 1e7)
    for after in (outlier, before + 200, before * 0.72, before[before > 20]):
        assert shares(figures, log(evidence_of, before.tolist(), after.tolist())) == [0, 0]
    assert shares(figures, log(evidence_of, outlier.tolist(), before.tolist())) == [0, 0]


def test_rows_that_could_not_be_read_count(evidence_of, ledger_of, figures):
    evidence = log(evidence_of, [1.0, 2.0] * 5, [1.0, 2.0] * 5)
    batches = [{"columns": {"x": "number"}, "received": 10}, {"columns": {"x": "number"}, "received": 40, "refused": {"x": 30}}]
    found = figures(format_change, replace(evidence, ledger=ledger_of(batches, [(1, 0, 10, {}), (2, 24, 10, {})])))
    assert [(f.window, f.value, f.n) for f in found] == [(0, 0.6, 50), (1, 0, 10), (2, 0.75, 40)]
    assert found[2].tables == {"unreadable": 30, "pattern": 0, "factor": None}
