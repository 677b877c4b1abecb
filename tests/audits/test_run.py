"""From evidence to a judged, columnar run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.asked_window import position_of, split_window
from audits.audit import audit, measurement
from audits.defaults import DEFAULTS
from audits.evidence import Evidence
from audits.examine import examine
from audits.finding import COLUMNS, Measurement, Threshold
from audits.interval import benjamini_hochberg
from audits.judgement import findings_table
from audits.performance import AUDITS as PERFORMANCE
from audits.performance.accuracy import accuracy
from audits.performance.selection_rate import selection_rate
from audits.performance.true_positive_rate import true_positive_rate
from audits.provenance import content, numbers
from audits.registry import AUDITS
from audits.run import check_groups
from audits.window import Window
from connectors.config import Protected
from connectors.errors import UsageError

Build = Callable[..., Evidence]


def some_rows(n: int = 120, **more: Any) -> list[dict[str, Any]]:
    """Make predictions about two groups over three days."""
    draw = np.random.default_rng(1)
    return [
        {"sex": "FM"[i % 2], "decision": int(draw.random() < 0.5), "outcome": int(draw.random() < 0.5), "score": float(draw.random()),
         "day": i % 3, **more}
        for i in range(n)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def evidence(evidence_of: Build) -> Evidence:
    """Give their evidence."""
    return evidence_of(some_rows(), protected=("sex",))


def test_findings_are_complete_and_named_once(evidence: Evidence) -> None:
    """All columns in order; no (version, slice, attribute, column, window) twice for a name; every null value has a reason."""
    run = examine(evidence, DEFAULTS, card={})
    table = run.findings
    assert tuple(table.column_names) == COLUMNS
    assert not [failure for failure in run.errors if failure.error]
    keys = ("name", "version", "slice", "reference_slice", "attribute", "column", "window_start", "window_end", "whole")
    seen = list(zip(*(table.column(key).to_pylist() for key in keys), strict=True))
    assert len(seen) == len(set(seen)) > 300
    for row in table.to_pylist():
        assert row["value"] is not None or row["reason"], row
        assert not any(isinstance(value, float) and np.isnan(value) for value in row.values()), row


def test_what_the_log_lacks_is_listed_once(evidence: Evidence) -> None:
    """No latency, no cost, no energy: each of those audits says which column it misses."""
    run = examine(evidence, DEFAULTS, card={}, audits=PERFORMANCE)
    assert {(f.name, f.reason, f.error) for f in run.errors} == {
        *((f"latency_p{q}", "the configuration maps no latency_ms column", False) for q in (50, 95, 99)),
        ("cost_per_prediction", "the configuration maps no cost column", False),
        ("energy_wh_per_prediction", "the configuration maps no energy_wh column", False),
    }


def test_one_broken_audit_does_not_take_the_others_down(evidence: Evidence) -> None:
    """It becomes an error, also when it breaks after its first block, and leaves no finding behind."""

    @audit(name="broken", unit="score")
    def broken(evidence: Evidence) -> Iterator[Measurement]:
        """Break half-way."""
        one = np.asarray([1.0])
        yield measurement("broken", "score", value=one, low=one, high=one, n=one, method="none")
        raise ZeroDivisionError("division\nby zero")

    run = examine(evidence, DEFAULTS, card={}, audits=[broken, *PERFORMANCE])
    assert [(f.name, f.reason) for f in run.errors if f.error] == [("broken", "ZeroDivisionError: division by zero")]
    names = set(run.findings.column("name").to_pylist())
    assert "broken" not in names
    assert {"accuracy", "roc_auc"} <= names


def test_other_tasks_are_left_alone(evidence_of: Build) -> None:
    """An audit of binary decisions does not touch a regression."""
    run = examine(evidence_of(some_rows(), task="regression"), DEFAULTS, card={}, audits=[true_positive_rate])
    assert run.findings.num_rows == 0
    assert run.findings.column_names == list(COLUMNS)


def three_classes(**more: Any) -> list[dict[str, Any]]:
    """Make decisions and outcomes of three classes, of which "bird" is never decided."""
    draw = np.random.default_rng(2)
    return [
        {"sex": "FM"[i % 2], "decision": str(draw.choice(["cat", "dog"])), "outcome": ("cat", "cat", "dog", "bird")[i % 4], "day": i % 2,
         "p_cat": 0.5, "p_dog": 0.3, "p_bird": 0.2, **more}
        for i in range(80)
    ]  # fmt: skip


def test_each_class_is_asked_for_itself(evidence_of: Build) -> None:
    """A measure of two classes is reported for every class, by its label; one of several classes once; the favorable one without label."""
    evidence = evidence_of(three_classes(), task="multiclass", favorable="dog", protected=("sex",))
    assert set(evidence.classes) == {"cat", "dog", "bird"}
    run = examine(evidence, DEFAULTS, card={}, audits=[true_positive_rate, selection_rate, accuracy])
    rows = [row for row in run.findings.to_pylist() if row["whole"] and row["slice"] == "{}"]
    by_name = {name: {row["column"]: row["value"] for row in rows if row["name"] == name} for name in ("selection_rate", "accuracy")}
    assert set(by_name["accuracy"]) == {None}
    selected = by_name["selection_rate"]
    assert set(selected) == {None, "cat", "dog", "bird"}
    assert selected[None] == selected["dog"] == 1 - selected["cat"]
    assert selected["bird"] == 0
    found = {row["column"]: row for row in rows if row["name"] == "true_positive_rate"}
    assert set(found) == {"cat", "dog", "bird"}
    assert (found["bird"]["value"], found["bird"]["n"]) == (0, 20)  # never decided: none of its twenty was found


def test_what_no_class_can_say_is_said_once(evidence_of: Build) -> None:
    """Three classes without outcomes: the reason is listed once, not three times."""
    rows = [{**row, "outcome": None} for row in three_classes()]
    run = examine(evidence_of(rows, task="multiclass"), DEFAULTS, card={}, audits=[true_positive_rate])
    assert [(each.name, each.reason) for each in run.errors] == [
        ("true_positive_rate", "no outcome is known yet for any prediction of the period")
    ]


def test_repeated_units_are_respected_and_the_rest_named(evidence_of: Build) -> None:
    """Rates and their gaps come from the jackknife; what takes rows as independent is listed in one note; without a unit there is none."""
    rows = [{**row, "unit": f"u{i // 4}"} for i, row in enumerate(some_rows())]
    run = examine(evidence_of(rows, protected=("sex",)), DEFAULTS, card={})
    methods: dict[str, set[str]] = {}
    for row in run.findings.to_pylist():
        methods.setdefault(row["name"], set()).add(row["method"])
    for name in ("accuracy", "roc_auc", "impact_ratio"):
        assert all("jackknife" in method for method in methods[name]), methods[name]
    assert methods["accuracy_difference"] == {"mover-jackknife"}
    assert all("jackknife" not in method for method in methods["population_stability_index"])
    (note,) = [each for each in run.errors if each.name == "unit"]
    assert note.reason.startswith('these take rows that share one "unit" as independent')
    assert "drift, quality" in note.reason
    assert "scoring_rate" in note.reason
    assert not [each for each in examine(evidence_of(some_rows()), DEFAULTS, card={}).errors if each.name == "unit"]


def test_gaps_follow_their_measures(evidence: Evidence) -> None:
    """Asked for with its base a gap is there, and it is left out with the others when it is not asked for."""
    both = examine(evidence, DEFAULTS, card={}, audits=[accuracy, AUDITS["accuracy_difference"]])
    assert set(both.findings.column("name").to_pylist()) == {"accuracy", "accuracy_difference"}
    assert set(examine(evidence, DEFAULTS, card={}, audits=[accuracy]).findings.column("name").to_pylist()) == {"accuracy"}


def test_a_comparison_group_must_exist(evidence_of: Build) -> None:
    """None of F and M is "Fem"."""
    named = evidence_of(some_rows(), protected=(Protected(column="sex", reference="Fem"),))
    with pytest.raises(UsageError, match=r'protected\[0\]\.reference is "Fem", which no row has in "sex"; valid are: F, M'):
        check_groups(named, "candor.toml")
    check_groups(evidence_of(some_rows(), protected=(Protected(column="sex", reference="F"),)), "candor.toml")


def test_verdicts_come_from_the_policy(evidence: Evidence) -> None:
    """A threshold that nothing can pass, on accuracy only."""
    run = examine(evidence, {"accuracy": Threshold(name="accuracy", min=1.5, min_n=10)}, card={}, audits=PERFORMANCE)
    rows = run.findings.to_pylist()
    assert {row["verdict"] for row in rows if row["name"] == "accuracy"} == {"fail"}
    assert {row["verdict"] for row in rows if row["name"] != "accuracy"} == {None}
    accuracy = next(row for row in rows if row["name"] == "accuracy")
    assert (accuracy["threshold_min"], accuracy["threshold_max"], accuracy["severity"]) == (1.5, None, "ticket")


def test_q_values_are_per_measure_over_all_its_blocks(evidence: Evidence) -> None:
    """Two blocks of one name are one family; another name is another."""

    def block(name: str, p: list[float]) -> Measurement:
        ones = np.ones(len(p))
        return measurement(name, "x", value=ones, low=ones, high=ones, n=ones, method="m", p_value=np.asarray(p))

    table = findings_table(evidence, [block("a", [0.01, 0.5]), block("b", [0.02]), block("a", [0.03])], {}, {})
    np.testing.assert_allclose(table.column("q_value").to_pylist(), [0.03, 0.5, 0.02, 0.045])
    np.testing.assert_allclose(benjamini_hochberg([0.01, 0.5, 0.03]), [0.03, 0.5, 0.045])


def test_immature_windows_are_marked_and_keep_their_value(evidence_of: Build) -> None:
    """Only measures of outcomes carry the note; selection rate needs none."""
    rows = some_rows()
    for row in rows[::4]:
        row["outcome"] = None
    run = examine(evidence_of(rows, label_delay=dt.timedelta(days=2)), DEFAULTS, card={}, audits=PERFORMANCE)
    said = {(row["name"], row["whole"]): row for row in run.findings.to_pylist()}
    assert said["accuracy", True]["reason"] == "immature: 75.0% of outcomes known, due by 6 Jan 2026"
    assert said["accuracy", True]["value"] is not None
    assert said["selection_rate", True]["reason"] == ""


def test_one_window_only(evidence: Evidence) -> None:
    """Findings of 2 January alone, with their tables moved along."""
    run = examine(evidence, DEFAULTS, card={}, audits=PERFORMANCE, only="2026-01-02T13:00")
    rows = run.findings.to_pylist()
    assert {row["window_start"] for row in rows} == {dt.datetime(2026, 1, 2)}
    assert not any(row["whole"] for row in rows)
    whole = examine(evidence, DEFAULTS, card={}, audits=PERFORMANCE).findings.to_pylist()
    expected = [row for row in whole if row["window_start"] == dt.datetime(2026, 1, 2)]
    key = ("name", "slice", "value", "tables")
    assert [[row[k] for k in key] for row in rows] == [[row[k] for k in key] for row in expected if not row["whole"]]


def test_window_specifications() -> None:
    """Lengths, times and rows; anything else is refused with what is possible."""
    assert split_window("5000 rows") == ("5000 rows", None)
    assert split_window("row 70") == (None, "row 70")
    assert split_window("2026-03") == (None, "2026-03")
    for wrong in ("1y", "0 rows", "rows 5", "yesterday"):
        with pytest.raises(UsageError, match="is neither a length"):
            split_window(wrong)
    by_row = (Window(first_row=0, last_row=99), Window(first_row=0, last_row=49), Window(first_row=50, last_row=99))
    assert position_of(by_row, "row 50") == 2
    with pytest.raises(UsageError, match="the log runs from row 0 to row 99"):
        position_of(by_row, "row 100")
    day = dt.datetime(2026, 1, 1)
    by_day = (Window(start=day, end=day + dt.timedelta(days=2)), Window(start=day, end=day + dt.timedelta(days=1)))
    assert position_of(by_day, "2026-01-01T01:30+01:30") == 1
    with pytest.raises(UsageError, match="the log runs from 2026-01-01 to 2026-01-02"):
        position_of(by_day, "2027-01-01")


def test_fingerprint_of_the_data(evidence_of: Build) -> None:
    """Row order and tally numbers do not matter; one changed outcome does."""
    rows = some_rows()
    first = evidence_of(rows, protected=("sex",))
    again = evidence_of(list(reversed(rows)), protected=("sex",), bins=first.bins)
    assert content(first) == content(again)
    renumbered = [dataclasses.replace(p, prediction_tally=900 + p.number) for p in first.tally.partitions]
    moved = dataclasses.replace(first, tally=dataclasses.replace(first.tally, partitions=tuple(renumbered)))
    assert content(first) == content(moved)
    assert numbers(first) != numbers(moved)
    changed = [dict(row) for row in rows]
    changed[5]["outcome"] = 1 - changed[5]["outcome"]
    assert content(first) != content(evidence_of(changed, protected=("sex",), bins=first.bins))


def test_fifty_thousand_findings_stay_columnar(evidence: Evidence) -> None:
    """No object per finding: well under 60 ms of processor time, and strings are shared."""
    draw = np.random.default_rng(0)
    n = 1000

    def block(name: str) -> Measurement:
        value = draw.random(n)
        return measurement(
            name, "proportion", value=value, low=value - 0.1, high=value + 0.1, n=np.full(n, 100), method="wilson",
            window=draw.integers(0, 4, n), slice=draw.integers(0, 3, n), p_value=value,
        )  # fmt: skip

    blocks = [block(name) for name in ("impact_ratio", *(f"measure_{i}" for i in range(49)))]
    taken = []
    for _ in range(5):
        start = time.process_time()
        table = findings_table(evidence, blocks, DEFAULTS, {})
        taken.append(time.process_time() - start)
    assert isinstance(table, pa.Table)
    assert table.num_rows == 50_000
    assert min(taken) < 0.06
