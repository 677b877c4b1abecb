"""partial_dependence: how the probe's curves are told; the curves themselves are tested in tests/audits/probes/test_curves.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audits.explanations.partial_dependence import partial_dependence

ROWS = [{"day": 0, "score": 0.5, "income": 1.0, "version": version} for version in ("v1", "v2") for _ in range(2)]


def body(*releases: tuple[str | None, float]) -> dict[str, Any]:
    """Make what the probe leaves of releases whose income has curves of these ranges; "sex" is no column of the log's bins."""
    curve = {"at": [1.0, 2.0], "mean": [0.0, 1.0], "low": [0.0, 0.9], "high": [0.1, 1.1], "n": 37}
    found = []
    for version, value in releases:
        ends = {"value": value, "low": value - 0.1, "high": value + 0.1}
        columns = [
            {"column": "income", "kind": "numeric", "partial": {**curve, "range": ends}},
            {"column": "sex", "kind": "constant", "partial": {"reason": "all rows have the same value"}},
        ]
        found.append({"version": version, "fingerprint": "f", "target": "", "columns": columns, "left_out": []})
    return {"kind": "model", "side": "reference", "releases": found, "topics": ["income", "sex"], "rows_used": 40, "rows_available": 90}


def test_one_figure_a_column_and_release(evidence_of, figures) -> None:
    """The range with its ends, under the version; the curve in the tables; a column without a curve says why."""
    evidence = evidence_of(ROWS)
    told = replace(evidence, probes={"effects": body(("v1", 0.3), ("v2", 0.7), ("v9", 0.5))})
    assert len(figures(partial_dependence, told)) == 4, "no row is of v9"
    (income,) = figures(partial_dependence, told, version="v2", column="income")
    assert (income.value, round(income.low, 9), round(income.high, 9), income.n, income.method) == (0.7, 0.6, 0.8, 37, "t")
    assert income.tables["mean"] == [0.0, 1.0]
    assert (income.tables["kind"], income.tables["model"], income.tables["rows_available"]) == ("numeric", "model", 90)
    assert "range" not in income.tables
    (sex,) = figures(partial_dependence, told, version="v1", column="sex")
    assert (sex.value, sex.n, sex.reason) == (None, 0, "all rows have the same value")


def test_one_file_for_all_versions(evidence_of, figures) -> None:
    """It stands for the whole log."""
    told = replace(evidence_of(ROWS), probes={"effects": body((None, 0.3))})
    assert [(f.version, f.column) for f in figures(partial_dependence, told)] == [(None, "income"), (None, "sex")]
    one = replace(evidence_of(ROWS[:2]), probes={"effects": body(("v1", 0.3))})
    assert [f.version for f in figures(partial_dependence, one)] == [None, None]


def test_without_the_probe_there_is_nothing(evidence_of, figures) -> None:
    assert figures(partial_dependence, evidence_of(ROWS)) == []
    assert figures(partial_dependence, replace(evidence_of(ROWS), probes={"effects": {"reason": "no model"}})) == []
