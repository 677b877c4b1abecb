"""Volume against expectation: seasons, partial and first windows, and real overdispersion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.quality.volume_against_expected import PARTIAL, TOO_FEW, _dispersion, volume_against_expected


def days(evidence_of, *rows):
    """Make one day after another with so many rows."""
    return evidence_of([{"x": 1.0, "day": day} for day, n in enumerate(rows) for _ in range(n)])


def test_a_day_is_held_against_the_median_of_the_days_before(evidence_of, figures):
    found = figures(volume_against_expected, days(evidence_of, 7, 100, 102, 98, 100, 40))
    # the log's first day may have begun at noon and is left out; three days are needed before anything is expected
    assert [(f.window, f.value, f.reason) for f in found] == [
        (1, None, TOO_FEW), (2, None, TOO_FEW), (3, None, TOO_FEW), (4, None, TOO_FEW), (5, None, TOO_FEW), (6, None, TOO_FEW)]  # fmt: skip
    found = figures(volume_against_expected, days(evidence_of, 7, 100, 102, 98, 100, 103, 97, 100, 40, 101))
    assert found[8].value == pytest.approx(0.4)
    assert found[8].tables == {"rows": 40, "expected": 100.0, "of": 5}  # a Friday, after five workdays
    assert found[8].low < 0.4 < found[8].high < 1
    assert found[9].low < 1 < found[9].high


def test_a_month_of_steady_days_makes_a_loss_plain(evidence_of, figures):
    draw = np.random.default_rng(8)
    found = figures(volume_against_expected, days(evidence_of, *draw.poisson(100, 30), 40))
    assert found[-1].high < 0.7
    assert all(f.low < 1 < f.high or 0.7 < f.value < 1.5 for f in found[:-1] if f.value is not None)


def test_weekends_are_expected_to_be_weekends(evidence_of, figures):
    # four weeks, the second day a Friday: 1 January 2026 is a Thursday
    rows = [{0: 9}.get(day, 100 if (day + 3) % 7 < 5 else 20) for day in range(30)]
    found = figures(volume_against_expected, days(evidence_of, *rows))
    assert {round(f.value, 6) for f in found[21:]} == {1.0}
    assert found[23].tables["expected"] == 20.0  # 24 January is a Saturday


def test_a_partial_window_has_no_figure(evidence_of, figures):
    evidence = days(evidence_of, 7, 100, 100, 100, 100, 100, 100, 30)
    windows = (*evidence.windows[:-1], replace(evidence.windows[-1], partial=True))
    assert [(f.value, f.reason) for f in figures(volume_against_expected, replace(evidence, windows=windows), window=8)] == [
        (None, PARTIAL)
    ]


def test_the_usual_variation_is_the_median_s_and_at_least_chance():
    expected, counted, told = np.full(9, 100.0), np.full(9, 1e9), np.ones(9, dtype=bool)
    rows = np.asarray([100.0, 110, 90, 120, 80, 130, 70, 100, 900])
    # errors over sqrt(100): 0 0 1 1 2 2 3 3 80 -> median 2 -> (2 x 1.4826)^2
    assert _dispersion(rows, expected, counted, told) == (pytest.approx(8.7924, abs=1e-4), pytest.approx(9 * 0.37))
    assert _dispersion(np.full(9, 100.0), expected, counted, told)[0] == 1.0


def test_an_unchanged_noisy_log_is_rarely_called_unusual(evidence_of, figures):
    draw = np.random.default_rng(5)
    rows = draw.negative_binomial(10, 10 / 70, 120)  # mean 60, variance 420: seven times a count's
    found = [f for f in figures(volume_against_expected, days(evidence_of, *rows)) if f.value is not None]
    outside = [f for f in found if f.high < 0.7 or f.low > 1.5]
    assert len(found) > 100
    assert len(outside) <= 3


def test_a_log_without_a_clock_has_none(evidence_of):
    from audits.audit import missing

    evidence = days(evidence_of, 10, 10)
    windows = tuple(replace(window, start=None, end=None, first_row=0, last_row=9) for window in evidence.windows)
    assert missing(replace(evidence, windows=windows), "clock") == "the log has no clock"
