"""Measures of attributions from cells of a few rows, held against SciPy and against sums made by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audits.explanations.attribution_interaction import attribution_interaction
from audits.explanations.attribution_ranking_similarity import attribution_ranking_similarity, ndcg
from audits.explanations.attribution_shift import attribution_shift
from audits.explanations.attribution_stability import attribution_stability
from audits.explanations.mean_absolute_attribution import mean_absolute_attribution
from audits.explanations.mean_attribution_difference import mean_attribution_difference
from audits.probed_cells import ProbeTally
from audits.slices import Slice

FIRST_DAY = 20454
COLUMNS = ("income", "debt")
STABLE = {"value": 0.9, "low": 0.7, "high": 1.0, "rows": 8, "order": ["debt", "income"], "keeps_place": [1.0, 0.9], "parts": 6,
          "resamples": 500, "unknown": 1}  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """List sixteen rows of two days and two groups, and four of the reference; φ of both columns goes along."""
    draw = np.random.default_rng(0)
    found = [
        {"sex": "FM"[i % 2], "day": i // 8, "decision": int(i % 3 == 0), "phi": draw.normal([1.0 - (i % 2), -0.5], 0.3)} for i in range(16)
    ]
    return [*found, *({"sex": "F", "reference": True, "decision": 1, "phi": draw.normal([0.2, 0.1], 0.1)} for _ in range(4))]


def cells(given: list[dict[str, Any]], pairs: bool = True) -> ProbeTally:
    """Add up cells row by row."""
    records: dict[str, list[Any]] = {
        name: [] for name in ("quantity", "column", "side", "version", "bucket", "slice", "n", "total", "squares")
    }
    for row in given:
        quantities = [("attribution", c, float(v)) for c, v in zip(COLUMNS, row["phi"], strict=True)]
        quantities += [("mean_absolute_attribution", c, abs(v)) for _, c, v in quantities]
        answer = float(sum(row["phi"]))
        quantities += [("explained_score", "", answer), ("logged_score", "", row.get("logged", answer)),
                       ("unexplained_score", "", row.get("logged", answer) - answer)]  # fmt: skip
        quantities += [("attribution_interaction", "income × debt", 0.25)] if pairs else []
        for (quantity, column, value), place in ((q, s) for q in quantities for s in (Slice.all(), Slice.of({"sex": row["sex"]}))):
            side = int(row.get("reference", False))
            line = (quantity, column, side, None, FIRST_DAY + row.get("day", 0), place.to_json(), 1, value, value**2)
            for name, cell in zip(records, line, strict=True):
                records[name].append(cell)
    return ProbeTally.of_records(records)


@pytest.fixture(scope="module")
def explained(evidence_of):
    """Give the evidence and its rows."""
    given = rows()
    evidence = evidence_of([{k: v for k, v in row.items() if k != "phi"} for row in given], protected=("sex",))
    release = {
        "version": None, "method": "tree", "scale": "log-odds", "order": ["income", "debt"], "path_dependent": [0.6, 0.4], "kind": "model",
        "stability": STABLE, "interaction_rows": 16, "interaction_pairs": 1,
    }  # fmt: skip
    body = {"cells": cells(given), "releases": [release], "rows_used": 16, "rows_available": 16, "created": "2026-01-05T00:00:00Z"}
    return dataclasses.replace(evidence, probes={"attributions": body}), given


def phi(given, column, **wanted):
    """List φ of the analysed rows that match."""
    kept = [row for row in given if not row.get("reference") and all(row[key] == value for key, value in wanted.items())]
    return np.asarray([row["phi"][COLUMNS.index(column)] for row in kept])


def test_mean_absolute_attribution_by_window_and_group(figures, explained):
    evidence, given = explained
    for wanted, kept in (({"window": 0, "slice": {}}, {}), ({"window": 2, "slice": {}}, {"day": 1}),
                         ({"window": 1, "slice": {"sex": "F"}}, {"day": 0, "sex": "F"})):  # fmt: skip
        (one,) = figures(mean_absolute_attribution, evidence, column="income", **wanted)
        x = np.abs(phi(given, "income", **kept))
        assert (one.value, one.n) == (pytest.approx(x.mean()), len(x))
        assert (one.low, one.high) == pytest.approx(stats.t.interval(0.95, len(x) - 1, x.mean(), stats.sem(x)))
    (debt,) = figures(mean_absolute_attribution, evidence, column="debt", window=0, slice={})
    assert (debt.tables["rank"], debt.tables["path_dependent"], debt.tables["scale"]) == (2, 0.4, "log-odds")
    assert debt.tables["mean"] == pytest.approx(phi(given, "debt").mean())


def test_differences_are_those_of_welch_and_add_up_to_the_gap(figures, explained):
    evidence, given = explained
    found = figures(mean_attribution_difference, evidence, window=0)
    assert {one.column for one in found} == set(COLUMNS)
    for one in found:
        mine, theirs = (phi(given, one.column, sex=side["sex"]) for side in (one.slice, one.reference))
        oracle = stats.ttest_ind(mine, theirs, equal_var=False)
        interval = oracle.confidence_interval()
        assert one.value == pytest.approx(mine.mean() - theirs.mean())
        assert one.p == pytest.approx(oracle.pvalue)
        assert (one.low, one.high) == pytest.approx((interval.low, interval.high))
    gap = sum(one.value for one in found)
    margins = {sex: sum(phi(given, column, sex=sex).mean() for column in COLUMNS) for sex in "FM"}
    assert abs(gap) == pytest.approx(abs(margins["F"] - margins["M"]))
    assert [one.tables["gap"] for one in found] == pytest.approx([gap, gap])
    income = next(one for one in found if one.column == "income")
    assert income.tables["share"] is None or income.tables["share"] == pytest.approx(income.value / gap)


def test_what_the_inputs_leave_of_the_logged_gap_is_said(figures, explained):
    """The log takes 2 off every F; the answers know nothing of it: the rest is -2 for F against M, and shares are of the logged gap."""
    evidence, given = explained
    planted = [row | {"logged": float(sum(row["phi"])) - 2 * (row["sex"] == "F")} for row in given]
    body = evidence.probes["attributions"] | {"cells": cells(planted)}
    for one in figures(mean_attribution_difference, dataclasses.replace(evidence, probes={"attributions": body}), window=0):
        sign = 1 if one.slice == {"sex": "F"} else -1
        tables = one.tables
        assert tables["unexplained_gap"]["value"] == pytest.approx(-2 * sign)
        assert tables["explained_gap"]["value"] == pytest.approx(tables["gap"])
        mine, theirs = (np.asarray([row["logged"] for row in planted if row["sex"] == side["sex"] and not row.get("reference")])
                        for side in (one.slice, one.reference))  # fmt: skip
        oracle = stats.ttest_ind(mine, theirs, equal_var=False)
        interval = oracle.confidence_interval()
        held = tables["logged_gap"]
        assert (held["value"], held["low"], held["high"]) == pytest.approx((mine.mean() - theirs.mean(), interval.low, interval.high))
        beyond = interval.low > 0 or interval.high < 0
        assert tables["share"] == (pytest.approx(one.value / held["value"]) if beyond else None)


def test_shift_is_that_of_welch_against_the_reference(figures, explained):
    evidence, given = explained
    before = np.abs([row["phi"][0] for row in given if row.get("reference")])
    (one,) = figures(attribution_shift, evidence, column="income", window=2)
    now = np.abs(phi(given, "income", day=1))
    oracle = stats.ttest_ind(now, before, equal_var=False)
    assert (one.value, one.p) == (pytest.approx(now.mean() - before.mean()), pytest.approx(oracle.pvalue))
    (whole,) = figures(attribution_shift, evidence, column="income", window=0)
    assert whole.tables["before"] == pytest.approx(before.mean())
    assert whole.tables["signed_now"] == pytest.approx(phi(given, "income").mean())


def test_the_window_that_is_the_reference_is_not_held_against_itself(figures, evidence_of):
    given = [row for row in rows() if not row.get("reference")]
    evidence = evidence_of([{k: v for k, v in row.items() if k != "phi"} for row in given], protected=("sex",))
    both = cells(given) + cells([row | {"reference": True} for row in given if row["day"] == 0])
    reference = dataclasses.replace(evidence.reference, start=evidence.windows[1].start)
    evidence = dataclasses.replace(evidence, probes={"attributions": {"cells": both, "releases": []}}, reference=reference)
    assert {one.window for one in figures(attribution_shift, evidence)} == {0, 2}
    assert {one.window for one in figures(attribution_ranking_similarity, evidence)} == {0, 2}


def test_ndcg_by_hand():
    # ranks of a, b, c now 2, 1, 3: (2 / 1 + 4 / 1.585 + 1 / 2) over (4 / 1 + 2 / 1.585 + 1 / 2)
    assert ndcg(np.asarray([4.0, 2.0, 1.0]), np.asarray([2.0, 3.0, 1.0])) == pytest.approx(
        (2 + 4 / np.log2(3) + 0.5) / (4 + 2 / np.log2(3) + 0.5)
    )
    assert ndcg(np.asarray([0.0, 0.0]), np.asarray([[1.0, 2.0]])).tolist() == [1.0]


def test_ranking_similarity_has_an_interval_around_it(figures, explained):
    evidence, _ = explained
    for one in figures(attribution_ranking_similarity, evidence):
        assert 0.63 < one.value <= 1.0
        assert one.low <= one.value <= one.high <= 1.0 + 1e-12
    whole = figures(attribution_ranking_similarity, evidence, window=0)[0]
    assert sorted(whole.tables["rank"]) == [1, 2]
    assert whole.tables["before"] == sorted(whole.tables["before"], reverse=True)


def test_interactions_and_stability_are_listed(figures, explained):
    evidence, _ = explained
    (pair,) = figures(attribution_interaction, evidence, window=0, slice={})
    assert (pair.column, pair.value, pair.n, pair.tables["pairs"]) == ("income × debt", pytest.approx(0.25), 16, 1)
    (one,) = figures(attribution_stability, evidence)
    assert (one.value, one.low, one.high, one.n) == (0.9, 0.7, 1.0, 8)
    assert one.tables == {key: STABLE[key] for key in ("order", "keeps_place", "parts", "resamples")}


def test_nothing_is_said_where_the_probe_was_not_run(evidence_of):
    evidence = evidence_of([{"sex": "F", "decision": 1}, {"sex": "M", "decision": 0}], protected=("sex",))
    for measure in (
        mean_absolute_attribution, mean_attribution_difference, attribution_shift, attribution_ranking_similarity, attribution_interaction,
        attribution_stability,
    ):  # fmt: skip
        assert list(measure(evidence)) == []
