"""Every drift audit on logs that leave it little, on decisions and outcomes, and against the first window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.drift import AUDITS, STATISTICS, readings
from audits.drift.cells import cells
from audits.drift.comparison import FIRST_WINDOW
from audits.drift.jensen_shannon_distance import jensen_shannon_distance
from audits.drift.population_stability_index import population_stability_index
from audits.registry import find

BY_COLUMN = [audit for audit in AUDITS if audit.needs == ("columns",)]
LOGS = {
    "all missing in a window": ({"x": [1.0, 2.5, 3.0], "k": ["a", "b", "a"]}, {"x": [None] * 3, "k": [None] * 3}),
    "all missing in the reference": ({"x": [None] * 3, "k": [None] * 3}, {"x": [1.0, 2.5, 3.0], "k": ["a", "b", "a"]}),
    "constant": ({"x": [1.5] * 4, "k": ["a"] * 4}, {"x": [1.5] * 4, "k": ["a"] * 4}),
    "one row": ({"x": [1.5], "k": ["a"]}, {"x": [2.5], "k": ["b"]}),
    "not a number": ({"x": [1.5, 2.5, 9.0], "k": ["a"] * 3}, {"x": [float("nan")] * 3, "k": ["a"] * 3}),
    "a reference of one row": ({"x": [1.5], "k": ["a"]}, {"x": [1.0, 2.5] * 40, "k": ["a", "b"] * 40}),
    "a short reference": ({"x": [1.5, 2.0, 7.0] * 2, "k": list("aab") * 2}, {"x": [0.5, 2.0, 9.0] * 90, "k": list("abc") * 90}),
    "one distinct value": ({"x": [1.5, 2.5, 4.0] * 10, "k": list("abc") * 10}, {"x": [2.5] * 30, "k": ["b"] * 30}),
    "a category explosion": ({"x": [1.0, 2.0] * 20, "k": ["a", "b"] * 20}, {"x": [1.0] * 200, "k": [f"id {i}" for i in range(200)]}),
    "one row, many categories": ({"x": [1.0] * 99, "k": [f"v{i}" for i in range(99)]}, {"x": [1.0], "k": ["v1"]}),
    "huge and tiny": ({"x": [1e150, -1e150, 1e-150, 0.0], "k": ["a"] * 4}, {"x": [1e150, 1.0, 2.0, 3.0], "k": ["a"] * 4}),
}


@pytest.fixture(scope="module")
def hostile(evidence_of, columns):
    """Give the evidence of each log, and of its reference's values once more on the next day."""
    return {log: evidence_of(columns(*days, days[0])) for log, days in LOGS.items()}


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("audit", BY_COLUMN, ids=lambda audit: audit.name)
def test_figures_stay_true_or_give_a_reason(hostile, figures, audit, log):
    with np.errstate(over="ignore", invalid="ignore"):
        found = figures(audit, hostile[log])
    numeric = audit.name.startswith(("kolmogorov_smirnov", "wasserstein_distance", "quantile_shift"))
    assert found or (numeric and log == "all missing in the reference"), "a column without a value has no grid"


@pytest.mark.parametrize("log", ["one row", "one row, many categories"])
@pytest.mark.parametrize("audit", BY_COLUMN, ids=lambda audit: audit.name)
def test_a_single_row_proves_nothing(hostile, figures, audit, log):
    """Whatever its one value is: no interval of a distance excludes what an unmoved column has, and none is narrower than can be."""
    for found in figures(audit, hostile[log], window=1):
        if found.value is not None and audit.unit in ("distance", "difference"):
            assert found.low is None or found.low <= 0, found
            assert found.high is None or found.high > 0, found


def test_a_category_explosion_is_seen_by_every_statistic_of_categories(evidence_of, figures, columns):
    """Every one of 200 rows has a value of its own: they are one category, "not in the reference", and nothing of the old ones is left."""
    evidence = evidence_of(columns(*LOGS["a category explosion"]))
    found = {audit.name: f for audit in STATISTICS for f in figures(audit, evidence, window=1, column="k")}
    assert {name: round(f.value, 6) for name, f in found.items() if "index" not in name} == {
        "jensen_shannon_distance": 1.0, "hellinger_distance": 1.0, "chi_squared": 1.0, "l_infinity": 1.0,
    }  # fmt: skip
    assert all(f.low > 0.5 and f.p < 1e-6 for f in found.values())
    assert len(found["population_stability_index"].tables["labels"]) == 5


def test_a_column_that_appears_and_one_that_vanishes_within_the_period(evidence_of, figures, columns):
    """New on day 2, gone on day 2: figures where both sides have values, reasons elsewhere, and no day is left out."""
    some, none = ["a", "b"] * 10, [None] * 20
    days = [{"new": none, "gone": some}, {"new": none, "gone": some}, {"new": some, "gone": none}]
    for audit in STATISTICS[:2]:
        found = {(f.column, f.window): (f.value, f.reason) for f in figures(audit, evidence_of(columns(*days)))}
        assert found["new", 2] == (None, "the reference holds no value")
        assert found["gone", 1] == (0.0, "")
        assert found["gone", 2] == (None, "every value of the window is missing")


@pytest.mark.parametrize("audit", STATISTICS, ids=lambda audit: audit.name)
@pytest.mark.parametrize(
    ("missing", "reason"), [("window", "every value of the window is missing"), ("reference", "the reference holds no value")]
)
def test_no_values_are_no_zero(evidence_of, figures, columns, audit, missing, reason):
    found = figures(audit, evidence_of(columns(*LOGS[f"all missing in {'a' if missing == 'window' else 'the'} {missing}"])))
    assert {f.value for f in found} <= {None}
    assert {f.reason for f in found} <= {reason}


def test_missing_values_are_left_out_and_shown(evidence_of, figures, columns):
    evidence = evidence_of(columns({"k": ["a", "b"] * 5}, {"k": ["a", "b"] * 5 + [None] * 7}))
    (found,) = figures(population_stability_index, evidence, window=1)
    assert (found.value, found.n, found.tables["window"][-1]) == (0.0, 10, 7)


def test_an_empty_day_is_left_out(evidence_of, figures):
    rows = [{"x": float(i), "day": 0, "reference": True} for i in range(9)] + [
        {"x": float(i % 3), "day": day} for day in (1, 3) for i in range(9)
    ]
    evidence = evidence_of(rows)
    for audit in BY_COLUMN:
        assert {f.window for f in figures(audit, evidence)} <= {0, 1, 3}


def test_decision_and_outcome_are_columns_of_two_levels(evidence_of, figures):
    rows = [{"decision": i % 2, "outcome": None if i % 5 == 0 else 1, "reference": True} for i in range(20)]
    rows += [{"decision": int(i % 4 == 0), "outcome": i % 2, "day": 1} for i in range(20)]
    found = {f.column: f for f in figures(population_stability_index, evidence_of(rows), window=1)}
    assert found["decision"].tables == {
        "labels": ["not 1", "1", "(missing)"], "edges": None, "reference": [10, 10, 0], "window": [15, 5, 0]}  # fmt: skip
    assert found["outcome"].tables["reference"] == [0, 16, 4]
    assert found["outcome"].n == 20
    assert found["decision"].value == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5))


@pytest.mark.parametrize("audit", STATISTICS, ids=lambda audit: audit.name)
def test_against_the_first_window_every_figure_says_so_and_that_window_has_none(evidence_of, figures, audit):
    rows = [{"x": float(i * (day + 1) % 7), "k": "abc"[i % (day + 1)], "day": day} for day in range(3) for i in range(12)]
    evidence = evidence_of(rows)
    first = evidence.windows[1]
    evidence = replace(evidence, reference=replace(evidence.reference, kind="first window", start=first.start, end=first.end))
    found = figures(audit, evidence)
    assert {f.window for f in found} == {0, 2, 3}
    assert all(FIRST_WINDOW in f.reason for f in found)


def test_more_rows_shrink_the_interval_and_keep_the_value(evidence_of, figures, columns):
    once = ({"k": list("aaabbc")}, {"k": list("abbbcc")})
    tenfold = tuple({"k": day["k"] * 10} for day in once)
    (small,), (large,) = (figures(jensen_shannon_distance, evidence_of(columns(*log)), window=1) for log in (once, tenfold))
    assert large.value == pytest.approx(small.value)
    assert large.high - large.low < small.high - small.low


def test_a_new_log_is_read_afresh(evidence_of, figures, columns):
    for k in range(3):
        evidence = evidence_of(columns({"k": ["a"] * 10 + ["b"] * 10}, {"k": ["a"] * (10 + k) + ["b"] * (10 - k)}))
        (found,) = figures(population_stability_index, evidence, window=1)
        assert found.tables["window"][:2] == [10 + k, 10 - k]


def test_counts_too_many_to_keep_are_read_again_to_the_same_figures(evidence_of, figures, columns, monkeypatch):
    """A log of many windows is not held in memory twice."""
    days = [{"x": [float(i % (5 + day)) / 2 for i in range(40)]} for day in range(3)]
    audit, kept, read = find("wasserstein_distance_from_previous"), evidence_of(columns(*days)), evidence_of(columns(*days))
    before = [(f.value, f.low, f.high, f.p) for f in figures(audit, kept)]
    monkeypatch.setattr(readings, "KEPT_BYTES", 0)
    assert not isinstance(cells(read), tuple)
    assert [(f.value, f.low, f.high, f.p) for f in figures(audit, read)] == before
