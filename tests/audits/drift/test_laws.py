"""Laws of drift over random small logs: nothing moved is nothing found, symmetry, and more rows say the same more surely."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audits.drift import AUDITS, STATISTICS
from audits.registry import find

BY_COLUMN = [audit for audit in AUDITS if audit.needs == ("columns",)]
SYMMETRIC = [f"{name}_from_previous" for name in (
    "population_stability_index", "jensen_shannon_distance", "kolmogorov_smirnov", "hellinger_distance", "chi_squared", "l_infinity",
)]  # fmt: skip
PER_LAW = settings(
    max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip

value = st.fixed_dictionaries(
    {"x": st.one_of(st.none(), st.integers(-3, 12).map(lambda n: n / 2)), "k": st.sampled_from(["a", "b", "c", "d", None])}
)
day = st.lists(value, min_size=1, max_size=14)
BEFORE = [{"x": x, "k": k} for x, k in ((0.0, "a"), (1.0, "b"), (2.5, "a"), (4.0, "c"), (4.5, None))]


def log(reference, *days):
    """Give rows of a reference and of days one after another."""
    return [row | {"reference": True} for row in reference] + [row | {"day": i} for i, rows in enumerate(days, start=1) for row in rows]


def by_place(figures, audit, evidence):
    """Give figures by column and window."""
    return {(f.column, f.window): f for f in figures(audit, evidence)}


@PER_LAW
@given(rows=day)
def test_what_has_not_moved_is_not_found_to(evidence_of, figures, rows):
    """A day like the reference and like the day before: every figure is 0 with p = 1, and its interval holds 0."""
    evidence = evidence_of(log(BEFORE + rows, BEFORE + rows, BEFORE + rows))
    for audit in BY_COLUMN:
        for (column, window), found in by_place(figures, audit, evidence).items():
            if window:
                assert found.value == pytest.approx(0, abs=1e-9), (audit.name, column)
                assert found.p in (None, pytest.approx(1)), (audit.name, column)
                assert (found.low or 0) <= 1e-9 <= (1 if found.high is None else found.high) + 1e-9, (audit.name, column)


@PER_LAW
@given(first=day, second=day)
def test_from_day_to_day_most_distances_are_the_same_backwards(evidence_of, figures, first, second):
    """Of two days in a row, and of the same two the other way round; a Wasserstein distance too, since it is in one deviation."""
    there, back = (evidence_of(log(BEFORE, *days)) for days in ((first, second), (second, first)))
    for name in (*SYMMETRIC, "wasserstein_distance_from_previous"):
        one, other = (by_place(figures, find(name), evidence) for evidence in (there, back))
        for column in {place for place in one if place in other}:
            pair = one[column], other[column]
            if None not in (pair[0].value, pair[1].value):
                assert pair[0].value == pytest.approx(pair[1].value, abs=1e-9), (name, column)
                if name in SYMMETRIC:
                    assert pair[0].p == pytest.approx(pair[1].p, abs=1e-6), (name, column)


@PER_LAW
@given(rows=day)
def test_ten_times_the_rows_say_the_same_more_surely(evidence_of, figures, rows):
    """Values stay under the same bins, and p-values fall where anything moved."""
    once = evidence_of(log(BEFORE, rows))
    often = evidence_of(log(BEFORE * 10, rows * 10), bins=once.bins)
    for audit in STATISTICS:
        small, large = (by_place(figures, audit, evidence) for evidence in (once, often))
        for place, found in small.items():
            if found.value is not None:
                assert large[place].value == pytest.approx(found.value, abs=1e-9), (audit.name, place)
                assert large[place].n == 10 * found.n
                assert large[place].p <= found.p + 0.02, (audit.name, place)


@PER_LAW
@given(rows=day, more=day)
def test_distances_stay_within_their_range(evidence_of, figures, rows, more):
    """0 to 1 for the bounded ones, -1 to 1 for a change of rates, never below 0 for any distance, and the interval too."""
    evidence = evidence_of(log(BEFORE, rows, more))
    for audit in BY_COLUMN:
        least = {"missing_rate_change": -1.0, "quantile_shift": -1e9}.get(audit.name, 0.0)
        bounded = not audit.name.startswith(("population", "wasserstein", "quantile", "vanished"))
        for found in figures(audit, evidence):
            for number in (found.value, found.low, found.high):
                assert number is None or least - 1e-12 <= number <= (1 + 1e-12 if bounded else 1e9), (audit.name, found)
