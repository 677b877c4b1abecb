"""Sources that stop while others go on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from audits.audit import missing
from audits.quality.source_gone import NO_RHYTHM, signal, source_gone

NOW = dt.datetime(2026, 5, 4, 12)


def daily(source, days, kind="predictions"):
    """Make a batch a day, read long afterwards."""
    return [{"source": source, "kind": kind, "first": 24 * day, "last": 24 * day + 20.0, "committed": 5000, "received": 10} for day in days]


def measured(evidence_of, ledger_of, batches, sources=("a", "b")):
    """List value, hours of silence and reason by source, for the whole period."""
    evidence = evidence_of([{"x": 1.0, "day": i} for i in range(20)])
    evidence = replace(evidence, ledger=ledger_of(batches, sources=tuple(sources)))
    found = {}
    for block in source_gone(evidence):
        name = dict(block.named[block.slice[0] - len(evidence.slices)].levels)["source"]
        found[name] = (round(float(block.value[0]), 4), block.tables.get(0, {}).get("silent_hours"), block.reason[0])
        assert block.window.tolist() == [0, 20]
    return found


def test_a_source_that_stopped_is_gone_and_the_other_is_not(evidence_of, ledger_of):
    found = measured(evidence_of, ledger_of, daily("a", range(20)) + daily("b", range(10)))
    assert found == {"a": (0.0, 0.0, ""), "b": (round(10 / 3, 4), 240.0, "")}  # ten days, allowed are three


def test_a_weekly_source_may_be_silent_for_three_weeks(evidence_of, ledger_of):
    found = measured(evidence_of, ledger_of, daily("a", range(40)) + daily("b", [0, 7, 14, 21]))
    assert found["b"] == (round(18 / 21, 4), 432.0, "")


def test_a_source_without_a_rhythm_has_no_figure(evidence_of, ledger_of):
    batches = daily("a", range(20)) + daily("b", [0])
    evidence = evidence_of([{"x": 1.0, "day": i} for i in range(20)])
    blocks = list(source_gone(replace(evidence, ledger=ledger_of(batches, sources=("a", "b", "c")))))
    assert [block.reason[0] for block in blocks] == ["", NO_RHYTHM, NO_RHYTHM]


def test_one_source_is_left_to_no_data(evidence_of, ledger_of):
    evidence = replace(evidence_of([{"x": 1.0}]), ledger=ledger_of(daily("a", range(9)), sources=("a",)))
    assert [missing(evidence, need) for need in source_gone.needs] == [None, "the log has one source: see no_data"]


def test_between_audits():
    hour = dt.timedelta(hours=1)
    answers = [signal("m", since, NOW, "the database is down", 2 * hour).answer for since in (None, NOW - hour, NOW - 3 * hour)]
    assert answers == ["quiet", "can't tell", "raised"]
    assert signal("m", NOW - 3 * hour, NOW, "the database is down", 2 * hour).reason == "the database is down"
