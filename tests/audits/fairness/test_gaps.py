"""Gaps between groups, against the reference, and between versions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm, t

from audits import gaps, performance
from audits.evidence import Evidence
from audits.figures import Figures, gap, people
from audits.interval import newcombe, two_proportion_p
from audits.performance.accuracy import accuracy
from audits.performance.roc_auc import roc_auc
from audits.performance.selection_rate import selection_rate
from connectors.config import Protected


def declared(name):
    """Give the declared gap of that name."""
    return next(found for found in gaps.AUDITS if found.name == name)


def people_of(evidence, name, **wanted):
    """Give the people of the one figure asked for."""
    for block in declared(name)(evidence):
        for i in range(len(block)):
            if block.window[i] == wanted["window"] and dict(evidence.slices[block.slice[i]].levels) == wanted["slice"]:
                return tuple(float(values[i]) for values in block.people)
    raise AssertionError


def with_reference(evidence, **levels):
    """Name the comparison groups."""
    protected = tuple(dataclasses.replace(found, reference=levels.get(found.column)) for found in evidence.model.protected)
    return dataclasses.replace(evidence, model=dataclasses.replace(evidence.model, protected=protected))


def test_a_group_is_compared_with_the_one_that_is_selected_most(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (20, 80), "M": (45, 90), None: (9, 10)}), protected=("sex",))
    (female,) = figures(declared("selection_rate_difference"), evidence, window=0)
    assert female.value == pytest.approx(20 / 80 - 45 / 90)
    low, high = newcombe(20, 80, 45, 90)
    assert (female.low, female.high) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert female.p == pytest.approx(float(two_proportion_p(20, 80, 45, 90)))
    assert (female.slice, female.reference, female.n, female.method) == ({"sex": "F"}, {"sex": "M"}, 80, "newcombe")
    assert female.tables == {"value": 0.25, "reference": 0.5}
    # a quarter of 80 people: 20 more would have been selected at the other group's rate
    found = people_of(evidence, "selection_rate_difference", window=0, slice={"sex": "F"})
    assert found == pytest.approx((20.0, -80 * float(high), -80 * float(low)))


def test_the_named_group_is_the_yardstick_of_everything(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (20, 80), "M": (45, 90), "X": (2, 4)}), protected=("sex",))
    found = figures(declared("selection_rate_difference"), with_reference(evidence, sex="F"), window=0)
    assert {f.slice["sex"]: f.value for f in found} == {"M": pytest.approx(0.25), "X": pytest.approx(0.25)}
    assert {f.reference["sex"] for f in found} == {"F"}


def test_without_decisions_the_largest_group_is_the_yardstick(evidence_of, figures):
    rows = [{"sex": sex, "outcome": int(i < hits)} for sex, hits, n in (("F", 3, 10), ("M", 9, 12)) for i in range(n)]
    (female,) = figures(declared("base_rate_difference"), evidence_of(rows, protected=("sex",)), window=0)
    assert (female.value, female.reference) == (pytest.approx(3 / 10 - 9 / 12), {"sex": "M"})


def test_fisher_is_the_test_of_few(evidence_of, figures, decided):
    from scipy.stats import fisher_exact

    evidence = evidence_of(decided({"F": (1, 6), "M": (6, 7)}), protected=("sex",))
    (female,) = figures(declared("selection_rate_difference"), evidence, window=0)
    assert female.p == pytest.approx(fisher_exact([[1, 5], [6, 1]]).pvalue, rel=1e-9)


def test_scores_are_compared_by_the_squares_of_their_intervals(surveyed, figures):
    evidence = surveyed(1)
    both = {f.slice["sex"]: f for f in figures(roc_auc, evidence, window=0) if set(f.slice) == {"sex"} and f.version is None}
    (female,) = figures(declared("roc_auc_difference"), evidence, window=0, slice={"sex": "Female"})
    own, male = both["Female"], both["Male"]
    low = female.value - ((own.value - own.low) ** 2 + (male.high - male.value) ** 2) ** 0.5
    high = female.value + ((own.high - own.value) ** 2 + (male.value - male.low) ** 2) ** 0.5
    assert (female.value, female.low, female.high) == pytest.approx((own.value - male.value, low, high))
    assert female.method == "mover"
    assert (female.p < 0.05) == (low > 0 or high < 0), "p-value and interval agree"


def test_a_group_without_outcomes_says_so(evidence_of, figures):
    rows = [
        {"sex": s, "decision": i % (2 + (s == "F")) // (1 + (s == "F")), "outcome": None if s == "F" else i % 3 // 2}
        for s in "FM"
        for i in range(20)
    ]
    (female,) = figures(declared("accuracy_difference"), evidence_of(rows, protected=("sex",)), window=0)
    assert (female.value, female.reason) == (None, gaps.NO_GROUP_FIGURE)


def test_intersections_have_their_own_yardstick(surveyed, figures):
    found = figures(declared("selection_rate_difference"), surveyed(1), window=0, attribute="race,sex")
    assert len(found) == 5, "six cells, one of which is the yardstick"
    assert all(f.value <= 0 for f in found), "all are selected less often than the group that is selected most"


def at_rate(share, n, **more):
    """Give n decided rows, that share of which is selected."""
    return [{"decision": int(i < share * n), **more} for i in range(n)]


def test_windows_are_compared_with_the_reference(evidence_of, figures):
    rows = [*at_rate(0.5, 100, reference=True), *at_rate(0.4, 50, day=0), *at_rate(0.7, 50, day=1)]
    found = {f.window: f for f in figures(declared("selection_rate_change"), evidence_of(rows))}
    assert {w: f.value for w, f in found.items()} == pytest.approx({0: 0.05, 1: -0.1, 2: 0.2})
    assert (found[2].low, found[2].high) == pytest.approx(tuple(float(x) for x in newcombe(35, 50, 50, 100)))
    assert found[2].tables == {"value": 0.7, "reference": 0.5, "against": "reference"}


def test_the_first_window_is_not_compared_with_itself(evidence_of, figures):
    rows = [*at_rate(0.4, 50, day=0), *at_rate(0.7, 50, day=1)]
    found = {f.window: f for f in figures(declared("selection_rate_change"), evidence_of(rows))}
    assert {w: f.value for w, f in found.items()} == pytest.approx({0: 0.15, 2: 0.3})


def test_a_reference_without_outcomes_leaves_the_first_window(evidence_of, figures):
    rows = [{**row, "outcome": None} for row in at_rate(0.5, 100, reference=True)]
    rows += [{"decision": 1, "outcome": int(i < hits), "day": day} for day, hits in ((0, 30), (1, 20)) for i in range(40)]
    found = {f.window: f for f in figures(declared("accuracy_change"), evidence_of(rows))}
    assert {w: f.value for w, f in found.items()} == pytest.approx({0: 50 / 80 - 30 / 40, 2: -10 / 40})
    assert found[2].tables["against"] == "first window"


def test_versions_are_compared_with_the_one_before(evidence_of, figures):
    rows = [*at_rate(0.5, 50, day=0, version="v2", sex="F"), *at_rate(0.6, 50, day=1, version="v10", sex="F"),
            *at_rate(0.2, 50, day=2, version="v11", sex="M")]  # fmt: skip
    evidence = evidence_of(rows, protected=("sex",))
    evidence = dataclasses.replace(evidence, versions=(None, "v2", "v10", "v11"))  # in the order in which they began
    everybody = {f.version: f for f in figures(declared("selection_rate_version_difference"), evidence, slice={})}
    assert {v: f.value for v, f in everybody.items()} == pytest.approx({"v10": 0.1, "v11": -0.4})
    assert everybody["v11"].tables["against"] == "v10"
    women = {f.version: f for f in figures(declared("selection_rate_version_difference"), evidence, slice={"sex": "F"})}
    assert (women["v11"].value, women["v11"].reason) == (None, gaps.NOTHING_NOW)


def test_derive_finds_all_at_once_what_each_declared_measure_finds_alone(surveyed):
    evidence: Evidence = surveyed(1)
    blocks = [block for audit in (accuracy, roc_auc, selection_rate) for block in audit(evidence)]
    found = {block.name: block for block in gaps.derive(evidence, blocks)}
    assert set(found) == {f"{m}{kind}" for m in ("accuracy", "roc_auc", "selection_rate") for kind in (gaps.DIFFERENCE, gaps.CHANGE)}
    for name, block in found.items():
        (alone,) = declared(name)(evidence)
        assert np.array_equal(alone.value, block.value, equal_nan=True)
        assert np.array_equal(alone.p_value, block.p_value, equal_nan=True)


def test_each_class_is_compared_with_its_own_past(evidence_of):
    labels = "abc"
    rows = [{"decision": labels[i % 3], "outcome": labels[(i + i // 7 * day) % 3], "day": day, "sex": "FM"[i % 2],
             **{f"p_{k}": 0.6 if k == labels[i % 3] else 0.2 for k in labels}} for day in (0, 1) for i in range(60)]  # fmt: skip
    evidence = evidence_of(rows, task="multiclass", protected=("sex",), favorable="a")
    blocks = []
    for k, label in enumerate(evidence.classes):
        for block in performance.true_positive_rate(evidence.of_class(k)):
            column = np.full(len(block), evidence.topics.index(label), dtype=np.int64)
            blocks.append(dataclasses.replace(block, column=column))
    found = [block for block in gaps.derive(evidence, blocks) if block.name == "true_positive_rate_change"]
    assert {evidence.topics[int(block.column[0])] for block in found} == set(labels)
    for block in found:
        k = evidence.classes.index(evidence.topics[int(block.column[0])])
        (now,) = performance.true_positive_rate(evidence.of_class(k))
        rate = {int(w): float(v) for w, v, s in zip(now.window, now.value, now.slice, strict=True) if s == 0}
        change = {int(w): float(v) for w, v, s in zip(block.window, block.value, block.slice, strict=True) if s == 0}
        assert change[2] == pytest.approx(rate[2] - rate[1])  # the first window is the reference


def test_the_p_value_is_on_the_scale_of_the_interval():
    """A p-value from Student's t where a jackknife made the intervals, and from z elsewhere."""
    shape = (1, 2)
    one = Figures(value=np.full(shape, 0.6), low=np.full(shape, 0.5), high=np.full(shape, 0.7), n=np.full(shape, 90.0),
                  share=np.zeros(shape, dtype=bool), units=np.array([[True, False]]))  # fmt: skip
    other = dataclasses.replace(one, value=one.value - 0.12, low=one.low - 0.12, high=one.high - 0.12)
    found = gap(one, other, freedom=31)
    assert found.method.tolist() == [["mover-jackknife", "mover"]]
    reach = (0.1**2 + 0.1**2) ** 0.5  # of the gap's interval, so that the gap is 0.12 / reach of its quantile away from 0
    assert found.p_value[0, 0] == pytest.approx(2 * t.sf(0.12 / reach * t.ppf(0.975, 31), 31))
    assert found.p_value[0, 1] == pytest.approx(2 * norm.sf(0.12 / reach * norm.ppf(0.975)))


def test_people_are_counted_on_the_side_of_the_gap():
    found = people(np.array([-0.2, 0.1]), np.array([-0.3, -0.1]), np.array([-0.1, 0.3]), np.array([100.0, 10.0]))
    assert [values.tolist() for values in found] == [pytest.approx([20, 1]), pytest.approx([10, 0]), pytest.approx([30, 3])]


def test_every_gap_is_declared_once_and_documented():
    assert len(gaps.NAMES) == len(gaps.AUDITS)
    assert {"accuracy_difference", "roc_auc_change", "selection_rate_version_difference", "latency_p95_change"} <= gaps.NAMES
    assert "latency_p95_difference" not in gaps.NAMES
    for found in gaps.AUDITS:
        assert all(part in (found.function.__doc__ or "") for part in ("Formula", "Interval", "When it misleads", "Source"))


def test_protected_may_name_its_group():
    assert Protected(column="race", reference="White").reference == "White"


def test_numbers_that_are_predicted_have_gaps_too(evidence_of, figures):
    rows = [{"sex": s, "score": 10.0 * (s == "M") + i, "outcome": 2.0 * i, "day": d} for d in (0, 1) for s in "FMM" for i in range(1, 9)]
    evidence = evidence_of(rows, task="regression", protected=("sex",))
    (female,) = figures(declared("mean_prediction_difference"), evidence, window=0)
    assert (female.value, female.reference) == (pytest.approx(-10.0), {"sex": "M"})  # the larger group: nobody was decided on
    changes = {f.slice.get("sex"): f for f in figures(declared("mean_error_change"), evidence, window=2)}
    assert changes["F"].value == pytest.approx(0.0)


def test_repeated_people_widen_gaps(evidence_of):
    """The same rows, once as strangers and once as ten people with many rows each."""
    from audits.examine import examine

    draw = np.random.default_rng(4)
    people_rows = [(f"u{u}", "FM"[u % 2], draw.random() < 0.5) for u in range(60)]
    rows = [{"sex": sex, "decision": int(draw.random() < 0.5 + 0.4 * (kind - 0.5)), "unit": unit, "day": day}
            for day in (0, 1) for unit, sex, kind in people_rows for _ in range(10)]  # fmt: skip
    wanted = [selection_rate, declared("selection_rate_difference"), declared("selection_rate_change")]
    repeated = evidence_of(rows, protected=("sex",))
    strangers = evidence_of([{k: v for k, v in row.items() if k != "unit"} for row in rows], protected=("sex",))

    def widths(evidence):
        run = examine(evidence, {}, card={}, audits=wanted)
        assert [failure for failure in run.errors if failure.error] == []
        return {(r["name"], r["slice"], r["window_start"], r["whole"]): r["high"] - r["low"] for r in run.findings.to_pylist()
                if r["name"] != "selection_rate" and r["high"] is not None}  # fmt: skip

    assert repeated.units == 32
    wide, narrow = widths(repeated), widths(strangers)
    assert wide.keys() == narrow.keys()
    assert np.mean([wide[key] > narrow[key] for key in wide]) == 1.0


@pytest.mark.parametrize("name", ["f1", "roc_auc", "expected_calibration_error", "accuracy", "true_positive_rate"])
def test_where_every_day_is_alike_no_class_has_changed(evidence_of, name):
    """Of several classes too: each class is compared with its own past, and all of them with all of them."""
    from audits.examine import examine

    labels = "abc"
    rows = [{"decision": labels[i % 3], "outcome": labels[(i + (i % 4 == 0)) % 3], "day": day, "sex": "FM"[i % 2],
             **{f"p_{k}": 0.5 + i % 12 / 100 if k == labels[i % 3] else 0.25 - i % 12 / 200 for k in labels}}
            for day in (0, 1, 2) for i in range(48)]  # fmt: skip
    evidence = evidence_of(rows, task="multiclass", protected=("sex",), favorable="a")
    run = examine(evidence, {}, card={}, audits=[*performance.AUDITS, declared(f"{name}_change")])
    assert [failure for failure in run.errors if failure.error] == []
    found = [row for row in run.findings.to_pylist() if row["name"] == f"{name}_change" and row["slice"] == "{}"]
    assert {row["column"] for row in found} >= ({None} if name == "accuracy" else set(labels)), "of accuracy there is one for all"
    assert [row["value"] for row in found] == pytest.approx([0.0] * len(found), abs=1e-9)
