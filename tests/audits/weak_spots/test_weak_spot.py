"""Worst slices over groups: by hand, planted, quiet, overlapping, too small, and in logs that cannot show any."""

from __future__ import annotations

import numpy as np
import pytest

from audits.defaults import DEFAULTS
from audits.examine import examine
from audits.interval import newcombe, two_proportion_p
from audits.weak_spots.weak_spot import weak_spot


def test_by_hand(evidence_of, erring, spots):
    # F errs in 60 of 200, M in 80 of 800: 0.3 - 0.1 = 0.2; two slices are tested and one is kept, so the interval is at 1 - 0.05 / 2.
    rows = erring({"sex=F": (60, 200), "sex=M": (80, 800)})
    (found,) = spots(weak_spot, evidence_of(rows, protected=("sex",)))
    low, high = newcombe(60, 200, 80, 800, level=0.975)
    assert found.slice == {"sex": "F"}
    assert (found.value, found.n, found.method) == (pytest.approx(0.2), 200, "newcombe, widened for the choice")
    assert (found.low, found.high) == (pytest.approx(float(low)), pytest.approx(float(high)))
    p = float(two_proportion_p(60, 200, 80, 800))
    assert (found.p_value, found.q) == (pytest.approx(p), pytest.approx(2 * p))
    # 60 errors where everybody else's rate gives 200 x 0.1 = 20
    assert found.people == [pytest.approx(40), pytest.approx(200 * float(low)), pytest.approx(200 * float(high))]
    assert found.tables["level"] == 0.975
    wanted = {
        "rank": 1,
        "words": "sex = F",
        "inside": 0.3,
        "outside": 0.1,
        "n": 200,
        "n_outside": 800,
        "share": 0.2,
        "tested": 2,
        "found": 1,
    }
    assert {key: found.tables[key] for key in wanted} == pytest.approx(wanted)


def test_a_bad_group_is_named_once_and_not_with_its_parts(evidence_of, worlds, spots):
    rows = worlds(1, lambda row: 0.12 * (row["race"] == "B"))
    (found,) = spots(weak_spot, evidence_of(rows, protected=("race", "sex"), segments=("region",)))
    assert found.slice == {"race": "B"}
    explained = found.tables["explains"]
    assert "race = B and sex = F" in explained  # a child no worse than the rest of its parent
    assert "race = B and region = west" in explained


def test_a_bad_intersection_is_named_and_not_its_parents(evidence_of, worlds, spots):
    rows = worlds(2, lambda row: 0.25 * (row["race"] == "B" and row["sex"] == "F"))
    (found,) = spots(weak_spot, evidence_of(rows, protected=("race", "sex"), segments=("region",)))
    assert found.slice == {"race": "B", "sex": "F"}
    assert {"race = B", "sex = F"} <= set(found.tables["explains"])
    # No tally holds race, sex and region together; the fitted cells tell that "race = B" in a region is bad for its women only.
    assert "race = B and region = west" in found.tables["explains"]


def test_a_segment_crossed_with_an_attribute_is_named_although_nothing_else_reports_it(evidence_of, worlds, spots):
    rows = worlds(3, lambda row: 0.25 * (row["race"] == "A" and row["region"] == "north"))
    evidence = evidence_of(rows, protected=("race", "sex"), segments=("region",))
    (found,) = spots(weak_spot, evidence)
    assert found.slice == {"race": "A", "region": "north"}
    assert found.slice not in [dict(one.levels) for one in evidence.slices]
    (row,) = [r for r in examine(evidence, DEFAULTS, card={}).findings.to_pylist() if r["name"] == "weak_spot"]
    assert (row["slice"], row["q_value"]) == ('{"race": "A", "region": "north"}', pytest.approx(found.q))
    assert row["people"] == pytest.approx(found.value * found.n)


def test_two_bad_slices_are_both_named_surest_gap_first(evidence_of, worlds, spots):
    rows = worlds(4, lambda row: 0.3 * (row["race"] == "C" and row["sex"] == "M") + 0.12 * (row["region"] == "south"))
    found = spots(weak_spot, evidence_of(rows, protected=("race", "sex"), segments=("region",)))
    assert [one.slice for one in found] == [{"race": "C", "sex": "M"}, {"region": "south"}]
    assert found[0].low > found[1].low
    assert [one.tables["rank"] for one in found] == [1, 2]


def test_quiet_worlds_stay_quiet(evidence_of, worlds, spots):
    # Each quiet world may name something with probability 5 % at most; of 12, three or more would be named in 2 % of runs.
    loud = 0
    for seed in range(12):
        (found, *_) = spots(weak_spot, evidence_of(worlds(100 + seed, n=1000), protected=("race", "sex"), segments=("region",)))
        loud += bool(np.isfinite(found.value))
        if not np.isfinite(found.value):
            assert found.reason == f"none of {found.tables['tested']} slices has more errors than everybody else beyond chance"
    assert loud <= 2


@pytest.mark.parametrize(("size", "named"), [(29, False), (30, True)])
def test_a_slice_needs_thirty_rows(evidence_of, erring, spots, size, named):
    rows = erring({"race=A": (50, 500), "race=B": (48, 480), "race=C": (size, size)})
    found = spots(weak_spot, evidence_of(rows, protected=("race",)))
    assert [one.slice for one in found if np.isfinite(one.value)] == ([{"race": "C"}] if named else [])


@pytest.mark.parametrize(
    ("counts", "protected", "reason"),
    [
        ({"sex=F": (3, 100)}, ("sex",), "no slice has 30 such predictions with 30 outside it"),  # one group
        ({"sex=F": (3, 20), "sex=M": (0, 10)}, ("sex",), "no slice has 30 such predictions with 30 outside it"),
        ({"sex=F": (100, 100), "sex=M": (100, 100)}, ("sex",), "none of 2 slices has more errors than everybody else beyond chance"),
        ({"sex=F": (0, 100), "sex=M": (0, 100)}, ("sex",), "none of 2 slices has more errors than everybody else beyond chance"),
        ({"sex=F": (5, 100), "sex=M": (50, 100)}, (), "the log has no protected attribute and no segment to slice by"),
    ],
)
def test_a_log_that_shows_nothing_says_why(evidence_of, erring, spots, counts, protected, reason):
    (found,) = spots(weak_spot, evidence_of(erring(counts), protected=protected))
    assert (np.isnan(found.value), found.reason, found.slice) == (True, reason, {})


def test_without_outcomes_it_is_listed_with_the_reason(evidence_of):
    rows = [{"sex": sex, "decision": 1, "outcome": None} for sex in "FM" for _ in range(50)]
    run = examine(evidence_of(rows, protected=("sex",)), DEFAULTS, card={})
    assert [failure.reason for failure in run.errors if failure.name == "weak_spot"]
    assert not [row for row in run.findings.to_pylist() if row["name"] == "weak_spot"]


def test_rows_of_one_unit_count_as_one(evidence_of, spots):
    # 40 customers a group, ten identical rows each: F errs for 14 of 40, M for 7. Rows: z = 7, units: z = 1.8.
    rows = [
        {"sex": sex, "decision": 1, "outcome": int(k >= wrong), "unit": f"{sex}{k}"}
        for sex, wrong in (("F", 14), ("M", 7)) for k in range(40) for _ in range(10)
    ]  # fmt: skip
    alone = [{key: value for key, value in row.items() if key != "unit"} for row in rows]
    (found,) = spots(weak_spot, evidence_of(alone, protected=("sex",)))
    assert found.slice == {"sex": "F"}
    (found,) = spots(weak_spot, evidence_of(rows, protected=("sex",)))
    assert np.isnan(found.value)


def test_classes_err_where_they_are_not_told_apart(evidence_of, spots):
    # Group F: 40 of 100 wrong, M: 10 of 200.
    rows = [{"sex": "F", "decision": "a", "outcome": "b" if i < 40 else "a"} for i in range(100)]
    rows += [{"sex": "M", "decision": "c", "outcome": "b" if i < 10 else "c"} for i in range(200)]
    (found,) = spots(weak_spot, evidence_of(rows, protected=("sex",), task="multiclass"))
    assert (found.slice, found.value, found.n) == ({"sex": "F"}, pytest.approx(0.4 - 0.05), 100)
