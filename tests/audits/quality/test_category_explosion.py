"""Category explosion: effective numbers by hand, stray categories, and those that the tally does not list."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from audits.quality.category_explosion import category_explosion


def log(evidence_of, after):
    """Make a reference day of two equal categories and a day after it."""
    return evidence_of([{"k": value, "day": day} for day, values in enumerate((["a", "b"] * 100, after)) for value in values])


def test_four_categories_for_two(evidence_of, figures):
    found = figures(category_explosion, log(evidence_of, ["a", "b", "c", "d"] * 50), window=2)[0]
    assert found.value == pytest.approx(2.0)
    assert found.tables == {"levels": 4, "reference_levels": 2}


def test_a_few_stray_values_are_no_explosion(evidence_of, figures):
    found = figures(category_explosion, log(evidence_of, ["a", "b"] * 98 + ["c", "d", "e", "f"]), window=2)[0]
    # shares 0.49, 0.49 and four of 0.005: exp(2 x 0.49 ln(1/0.49) + 4 x 0.005 ln 200)
    entropy = 2 * 0.49 * math.log(1 / 0.49) + 4 * 0.005 * math.log(200)
    assert found.value == pytest.approx(math.exp(entropy) / 2)
    assert found.value < 1.2


def test_what_the_tally_does_not_list_is_at_least_as_scattered_as_the_last_it_does(evidence_of, figures):
    evidence = log(evidence_of, [f"id-{i}" for i in range(100)])
    bins = dict(evidence.tally.bins)
    place = int(np.flatnonzero(bins["unseen"] > 0)[0])
    listed = bins["unseen_levels"].copy()
    listed[place] = '{"id-0": 1, "id-1": 1}'  # the rest, 98 rows, can be in no fewer than 98 categories
    evidence = replace(evidence, tally=replace(evidence.tally, bins=bins | {"unseen_levels": listed}))
    assert figures(category_explosion, evidence, window=2)[0].value == pytest.approx(50.0)


def test_numbers_have_no_categories(evidence_of, figures):
    assert figures(category_explosion, evidence_of([{"x": float(i)} for i in range(9)])) == []
