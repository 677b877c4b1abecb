"""`candor replay`: the table that is printed before a budget is written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from audits.alarms.replay import Replay
from audits.evidence import Evidence
from connectors.alert_config import Budget
from connectors.errors import UsageError
from dashboard.commands.replay import QUIET, SHORT, lines, parsed, written

WEEK = Budget(count=1, per=dt.timedelta(days=7))


def test_a_budget_is_read_as_the_configuration_reads_it() -> None:
    """Check one that is a budget, and one that is none."""
    assert parsed("2 per 30d") == Budget(count=2, per=dt.timedelta(days=30))
    with pytest.raises(UsageError, match=r'--budget: .*write "1 per 7d"'):
        parsed("often")


def test_each_budget_has_a_line_and_its_rings() -> None:
    """Check the table, what is known of the reference, and a long list cut short."""
    rings = tuple((dt.datetime(2026, 1, day), ("income", "debt")) for day in range(1, 16))
    text = list(written("loans", [Replay(budget=WEEK, quiet=0.4, rate=15.0, rings=rings)]))
    assert text[0] == "loans: what each budget would have rung"
    assert text[1].splitlines()[-1].split() == ["1", "per", "7d", "0.4", "15.0", "15"]
    assert text[2] == QUIET
    assert text[3] == "  1 per 7d: 2026-01-01 00:00:00  income, debt"
    assert text[-1] == "  1 per 7d: and 3 more"
    assert SHORT in list(written("loans", [Replay(budget=WEEK, quiet=None, rate=0.0, rings=())]))


def test_columns_and_figures_are_replayed_together(evidence_of: Callable[..., Evidence]) -> None:
    """Check a column that goes missing after six days: its drift and its missing rate ring on the same day."""
    rows = [
        {"day": day, "reference": day < 4, "income": None if day >= 10 else float(i % 50), "score": i / 120, "decision": i % 2}
        for day in range(13) for i in range(120)
    ]  # fmt: skip
    text = "\n".join(lines(evidence_of(rows), [WEEK]))
    assert "1 per 7d: 2026-01-11 00:00:00  income" in text
    assert any("2026-01-11 00:00:00" in line and "missing_rate" in line for line in text.splitlines())
    assert SHORT in text  # four days of reference are too few to be replayed
