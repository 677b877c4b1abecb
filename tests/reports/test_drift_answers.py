"""Whether a column has drifted, in words: the answer, the size with its interval, since when; never OK where nobody can tell."""

from __future__ import annotations

import datetime as dt
from typing import Any

from audits.finding import AuditRun
from reports import drift_answers
from reports.drift_answers import answer, answers, latest, lead, sentence, shift, signalled
from reports.figure import Figure
from reports.registry import render

DAY = dt.datetime(2026, 11, 3)


def evidence(column: str | None, word: str, size: float | None, *, day: int = 0, **more: Any) -> Figure:
    """A finding of `drift_evidence`."""
    start = DAY + dt.timedelta(days=day)
    tables = {"answer": word, "effect": {"value": size, "low": None if size is None else size - 0.01, "high": None if size is None
              else size + 0.01}, "zone": 0.05, "line": 2.6, "since": "2026-10-19T00:00:00" if word == "drifted" else None,
              "moved": {"what": "below 24,296", "before": 0.1, "now": 0.29} if word == "drifted" else None} | more  # fmt: skip
    return Figure(name="drift_evidence", slice={}, column=column, value=3.0, n=600, window_start=start,
                  window_end=start + dt.timedelta(days=1), tables=tables)  # fmt: skip


def test_an_answer_reads_its_tables() -> None:
    found = answer(evidence("income", "drifted", 0.23))
    assert found is not None
    assert (found.word, found.verdict, found.size, found.since) == ("drifted", "fail", 0.23, dt.datetime(2026, 10, 19))
    assert found.most == "below 24,296: 10.0% → 29.0%"
    assert answer(evidence(None, "drifted", 0.23)) is None  # all columns together are no column
    assert answer(Figure(name="accuracy", slice={}, column="income")) is None
    assert answer(evidence("income", "who knows", 0.1)) is None


def test_drifted_comes_first_and_cannot_tell_is_never_ok() -> None:
    found = answers([evidence("a", "stable", 0.01), evidence("b", "can't tell", None, reason="no rows"), evidence("c", "drifted", 0.2)])
    assert [each.column for each in found] == ["c", "b", "a"]
    assert [each.verdict for each in found] == ["fail", "insufficient", "pass"]
    assert drift_answers.TITLES["can't tell"] == "Can't tell"


def test_the_newest_complete_window_counts() -> None:
    late = evidence("a", "drifted", 0.3, day=5)
    figures = [evidence("a", "stable", 0.01), evidence("a", "can't tell", 0.06, day=3), late]
    assert [each.word for each in latest(figures)] == ["drifted"]
    partial = Figure(**({name: getattr(late, name) for name in Figure.__dataclass_fields__} | {"partial": True}))
    assert [each.word for each in latest([*figures[:2], partial])] == ["can't tell"]
    assert [each.word for each in latest([partial])] == ["drifted"]


def test_sentences_have_size_interval_and_date() -> None:
    drifted, stable, unknown = answers(
        [evidence("income", "drifted", 0.23), evidence("age", "stable", 0.02), evidence("debt", "can't tell", 0.06, reason="few rows")]
    )[::2] + answers([evidence("debt", "can't tell", 0.06, reason="few rows")])
    assert sentence(drifted) == (
        "Column income has drifted since 19 Oct 2026: 23.0% [22.0%, 24.0%] of the rows lie elsewhere than in the reference; "
        "moved most: below 24,296: 10.0% → 29.0%"
    )
    assert sentence(stable) == "Column age is stable: its shift of 2.0% [1.0%, 3.0%] of the rows stays within the 5.0% that does not matter"
    assert sentence(unknown) == (
        "Nobody can tell whether column debt has drifted: few rows; its shift is 6.0% [5.0%, 7.0%] of the rows"
    )  # fmt: skip


def test_the_lead_counts_the_answers() -> None:
    found = answers([evidence("income", "drifted", 0.23), evidence("age", "stable", 0.02), evidence("debt", "can't tell", 0.06)])
    assert lead(found).startswith("1 of 3 columns has drifted (1 stable, 1 can't be told). Column income has drifted since 19 Oct 2026")
    assert lead(found[2:]) == "No column has drifted: of 1 column, 1 stable."
    assert lead(()) == ""


def test_the_shift_is_a_figure_judged_by_its_answer() -> None:
    found = shift(evidence("income", "drifted", 0.23))
    assert (found.value, found.low, found.verdict, found.threshold_max) == (0.23, 0.22, "fail", 0.05)


def test_a_signal_is_told_by_its_shift() -> None:
    figure = Figure(name="drift_evidence", slice={}, column="income", value=0.2, low=0.19, high=0.21, n=600, threshold_max=0.05)
    assert signalled(figure, DAY) == (
        "Column income has drifted since 3 Nov 2026: 20.0% [19.0%, 21.0%] of the rows, n = 600, where 5% does not matter"
    )  # fmt: skip


def test_the_report_leads_drift_with_the_answers(one: Any, finding: Any) -> None:
    tables = evidence("income", "drifted", 0.23).tables
    run: AuditRun = one(
        finding("drift_evidence", "score", 3.0, column="income", tables=tables, whole=False), finding("accuracy", "proportion", 0.8)
    )
    page = render("audit", "html", run).decode()
    assert "1 of 1 column has drifted (0 stable)" in page
    assert "23.0%" in page
    assert "below 24,296: 10.0% → 29.0%" in page
