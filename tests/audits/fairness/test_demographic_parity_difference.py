"""Demographic parity difference: the same numbers as fairlearn, per attribute, intersection and window."""

from __future__ import annotations

import pytest

from audits.fairness.demographic_parity_difference import demographic_parity_difference


def known(rows, *attributes, day=None, needs=("decision",)):
    """Keep the rows of a day whose groups and needed values are known."""
    return [
        row for row in rows
        if all(row[a] != "Unknown" for a in attributes) and all(row[k] is not None for k in needs) and day in (None, row["day"])
    ]  # fmt: skip


@pytest.mark.parametrize("attributes", [("sex",), ("race",), ("race", "sex")])
@pytest.mark.parametrize("day", [None, 0, 2])
def test_equals_fairlearn(surveyed, figures, population, attributes, day):
    import fairlearn.metrics

    evidence = surveyed(1)
    (found,) = figures(demographic_parity_difference, evidence, attribute=",".join(attributes), window=0 if day is None else day + 1)
    rows = known(population, *attributes, day=day)
    decisions = [row["decision"] for row in rows]
    expected = fairlearn.metrics.demographic_parity_difference(
        decisions, decisions, sensitive_features=["|".join(row[a] for a in attributes) for row in rows]
    )
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert (found.slice, found.reference) == ({}, None)


def test_p_is_chi_squared_over_all_groups(evidence_of, figures, decided):
    from scipy.stats import chi2_contingency, fisher_exact

    three = evidence_of(decided({"a": (30, 60), "b": (20, 50), "c": (35, 50)}, "group"), protected=("group",))
    (found,) = figures(demographic_parity_difference, three, window=0)
    assert found.p == pytest.approx(chi2_contingency([[30, 30], [20, 30], [35, 15]], correction=False).pvalue, rel=1e-9)
    assert (found.tables["highest"], found.tables["lowest"]) == ({"group": "c"}, {"group": "b"})
    assert found.n == 50
    two = evidence_of(decided({"a": (1, 6), "b": (6, 7)}, "group"), protected=("group",))
    (found,) = figures(demographic_parity_difference, two, window=0)
    assert found.p == pytest.approx(fisher_exact([[1, 5], [6, 1]]).pvalue, rel=1e-9)


def test_equal_rates_have_an_interval(evidence_of, figures, decided):
    evidence = evidence_of(decided({"a": (5, 10), "b": (10, 20)}, "group"), protected=("group",))
    (gap,) = figures(demographic_parity_difference, evidence, window=0)
    assert (gap.value, gap.low) == (0.0, 0.0)
    assert gap.high > 0.2


@pytest.mark.parametrize("counts", [{"F": (3, 10)}, {"F": (3, 10), None: (5, 10)}, {None: (5, 10)}])
def test_fewer_than_two_known_groups_is_no_zero(evidence_of, figures, decided, counts):
    found = figures(demographic_parity_difference, evidence_of(decided(counts), protected=("sex",)))
    assert len(found) == 2, "the whole period and its one window"
    assert {f.value for f in found} == {None}
    assert {f.reason for f in found} == {"fewer than two known groups have rows to compare"}


def test_a_group_of_one_counts_as_in_fairlearn(evidence_of, figures, decided):
    evidence = evidence_of(decided({"a": (10, 40), "b": (0, 1)}, "group"), protected=("group",))
    (gap,) = figures(demographic_parity_difference, evidence, window=0)
    assert (gap.value, gap.n) == (0.25, 1)


def test_nobody_selected_is_a_gap_of_zero(evidence_of, figures, decided):
    evidence = evidence_of(decided({"a": (0, 40), "b": (0, 40)}, "group"), protected=("group",))
    (gap,) = figures(demographic_parity_difference, evidence, window=0)
    assert (gap.value, gap.p) == (0.0, 1.0)


def test_a_window_without_rows_is_left_out(evidence_of, figures, decided):
    rows = [*decided({"a": (3, 9), "b": (5, 9)}, "group", day=0), *decided({"a": (3, 9), "b": (5, 9)}, "group", day=2)]
    found = figures(demographic_parity_difference, evidence_of(rows, protected=("group",)))
    assert [f.window for f in found] == [0, 1, 3]
