"""Alerts of the made-up lender, raised by signals as an audit raises them: one incident over two models, a lone one, one looked after,
one silenced, one over, and a watcher that lives."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from audits import alerting
from audits.finding import Cause, Signal
from audits.silences import Matcher
from connectors import watch_store
from connectors.config import Config, load

HOUR = dt.timedelta(hours=1)
CHANNELS = """
[alerts.rollback]
url = "https://deploy.example.org/rollback"
secret_env = "CANDOR_ROLLBACK_SECRET"
[[alerts.channels]]
name = "chat"
kind = "alertmanager"
url = "http://127.0.0.1:9"
"""
UPSTREAM = "income|unit or scale change"


def signal(rule: str, day: dt.datetime, **more: Any) -> Signal:
    """A rule that raises an alert about a day, once the budget's line is passed."""
    plain = {
        "model": "loans", "rule": rule, "family": "drift", "severity": "page", "answer": "raised", "window_start": day,
        "window_end": day + 24 * HOUR, "since": day - 4 * 24 * HOUR, "evidence": 9.4, "line": 3.1, "n": 600,
    }  # fmt: skip
    return Signal(**(plain | more))


def signals(day: dt.datetime) -> list[Signal]:
    """What fires: income of both models, a group's approval ratio, and missing values."""
    moved: dict[str, Any] = {"unit": "proportion", "column": "income", "threshold_max": 0.05, "reason": "below 24,296: 10% of rows to 30%"}
    return [
        signal("drift_evidence", day, value=0.2, low=0.19, high=0.21, **moved),
        signal("drift_evidence", day, model="cards", value=0.17, low=0.16, high=0.18, **moved),
        signal("impact_ratio", day, family="fairness", unit="ratio", slice='{"sex": "Female"}', reference_slice='{"sex": "Male"}',
               attribute="sex", value=0.74, low=0.7, high=0.78, n=288, threshold_min=0.8),
        signal("missing_rate", day, family="quality", severity="ticket", column="debt", unit="proportion", value=0.07, low=0.06, high=0.08,
               threshold_max=0.05),
        signal("schema_change", day, family="quality", column="purpose", value=1.0, evidence=None, line=None, reason="text, not a number"),
        signal("drift_evidence", day, severity="ticket", value=0.9, low=0.88, high=0.92, **(moved | {"column": "purpose"})),
        signal("label_coverage", day, family="quality", severity="info", unit="proportion", value=0.2, low=0.18, high=0.22),
    ]  # fmt: skip


def causes() -> dict[str, list[Cause]]:
    """Income is logged in another unit, in both models."""
    evidence = ({"name": "quantile_shift", "column": "income", "value": -0.8, "low": -0.85, "high": -0.75},)
    return {
        model: [Cause(model=model, kind="unit or scale change", columns=("income",), upstream=UPSTREAM, evidence=evidence)]
        for model in ("loans", "cards")
    }


def raise_alerts(path: Path, now: dt.datetime) -> Config:
    """Fill the store beside a world's warehouse; the configuration gets a channel that nobody answers."""
    path.write_text(path.read_text(encoding="utf-8") + CARDS + CHANNELS, encoding="utf-8")
    config = load(path)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0) - 24 * HOUR
    early = now - dt.timedelta(days=9)
    over = signal("volume_against_expected", day - 10 * 24 * HOUR, family="quality", unit="ratio", value=0.4, evidence=None, line=None)
    first = alerting.apply(config, [over], now=early).alerts[0]
    alerting.resolve(config, [first.id], who="Ana", note="a backfill was late", now=early + HOUR)
    alerting.apply(config, signals(day), now=now - 3 * HOUR, run="a3f1c2d4e5b60718", causes=causes())
    known = {each.rule: each for each in alerting.alerts(config, now=now) if each.live}
    alerting.acknowledge(config, [known["missing_rate"].id], who="Ana", note="asked team Ledger", now=now - 2 * HOUR)
    matcher = Matcher(model="loans", rule="label_coverage")
    alerting.silence(config, matcher, who="Ben", reason="outcomes are loaded on Mondays", until=now + 5 * HOUR, now=now - HOUR)
    return config


CARDS = """
[models.cards]
title = "Card limits"
[models.cards.columns]
decision = "approved"
[[models.cards.sources]]
kind = "file"
path = "cards/*.parquet"
"""


def watched(config: Config, now: dt.datetime, *, ago: float = 40.0) -> None:
    """A watcher with a round a minute, the last one so many seconds ago; two rounds failed, and the source of cards is down."""
    last = now - dt.timedelta(seconds=ago)
    watch_store.begin(config, pid=1, host="example", every=60, now=last - HOUR)
    for back in range(20, -1, -1):
        ended = last - dt.timedelta(minutes=back)
        answer: watch_store.Answer = "failed" if back in (8, 9) else "good" if back % 3 == 0 else "idle"
        watch_store.add_round(config, started=ended, ended=ended, answer=answer, rows=0 if back % 3 else 40)
    watch_store.remember(config, "loans", newest=last - dt.timedelta(minutes=3), arrived=last)
    watch_store.remember(config, "cards", newest=last - 5 * HOUR, failing_since=last - 4 * HOUR, tries=12, reason="the folder is gone")
