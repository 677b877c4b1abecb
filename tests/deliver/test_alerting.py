"""Alerts as they are kept: one transaction a call, a history, what people did, and several processes at once."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from audits import alerting
from audits.alert_json import from_body, to_row
from audits.finding import Cause
from audits.silences import Matcher
from connectors.alert_config import Channel
from connectors.errors import UsageError
from dashboard.commands import alerts as commands
from reports.deliver.webhook import sign

from .conftest import HOUR, NOW, Receiver, signal

HOOK = Channel(name="hook", kind="webhook", url="http://127.0.0.1:9")


def one(config: Any) -> Any:
    (found,) = alerting.alerts(config, now=NOW)
    return found


def test_what_is_kept_is_what_was_there(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    cause = Cause(model="loans", kind="covariate shift", columns=("income",), upstream="bureau", evidence=({"name": "drift_evidence"},))
    done = alerting.apply(config, [signal(slice='{"sex": "F"}', version="v2")], now=NOW, run="r1", causes={"loans": [cause]})
    kept = one(config)
    assert (kept,) == done.alerts
    assert (kept.run, kept.cause.upstream, kept.levels, kept.since) == ("r1", "bureau", {"sex": "F"}, NOW)
    by_rows = replace(kept, since=5000, position=9999)
    assert from_body(to_row(by_rows).body) == by_rows


def test_a_round_that_is_run_again_changes_nothing(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    first = alerting.apply(config, [signal()], now=NOW, run="r1")
    assert (len(first.alerts), len(first.notifications), first.queued) == (1, 1, 1)
    again = alerting.apply(config, [signal()], now=NOW + HOUR, run="r1")
    assert (again.alerts, again.notifications, again.queued) == ((), (), 0)
    assert len(alerting.history(config, one(config).id)) == 3


def test_an_empty_folder_has_no_alerts_and_reading_makes_no_file(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    assert alerting.alerts(config, now=NOW) == alerting.silences(config, now=NOW) == alerting.deliveries(config, now=NOW) == ()
    assert list(config.folder.iterdir()) == []


def test_history_says_who_did_what(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    alerting.apply(config, [signal()], now=NOW)
    id = one(config).id
    alerting.comment(config, id, who="ann", text="looks like\nthe feed", now=NOW + HOUR)
    (done,) = alerting.acknowledge(config, [id], who="ann", note="on it", now=NOW + HOUR)
    assert (done.state, done.acknowledged_by, done.note) == ("acknowledged", "ann", "on it")
    alerting.resolve(config, [id], who="bob", note="fixed", now=NOW + 2 * HOUR)
    assert [(act.who, act.what, act.note) for act in alerting.history(config, id)] == [
        ("candor", "opened", ""), ("candor", "firing", ""), ("candor", "told", "firing"), ("ann", "comment", "looks like the feed"),
        ("ann", "acknowledged", "on it"), ("candor", "told", "acknowledged"), ("bob", "resolved", "fixed"), ("candor", "told", "resolved"),
    ]  # fmt: skip


def test_many_are_acknowledged_or_none(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    alerting.apply(config, [signal(), signal(column="debt")], now=NOW)
    ids = [alert.id for alert in alerting.alerts(config, now=NOW)]
    with pytest.raises(UsageError, match='there is no alert "nope-1"'):
        alerting.acknowledge(config, [*ids, "nope-1"], who="ann", now=NOW)
    assert {alert.state for alert in alerting.alerts(config, now=NOW)} == {"firing"}
    alerting.acknowledge(config, [ids[0], ids[1].rpartition("-")[0]], who="ann", now=NOW)  # a bare key means the newest
    assert {alert.state for alert in alerting.alerts(config, now=NOW)} == {"acknowledged"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": " "}, "needs a reason"), ({"who": ""}, "needs the name"), ({"until": None}, "needs an end"),
        ({"until": NOW}, "has passed"), ({"until": NOW + dt.timedelta(days=91)}, "the longest is 90 days"),
        ({"matcher": Matcher()}, "must name a model"),
    ],
)  # fmt: skip
def test_a_silence_says_what_for_and_until_when(given: dict[str, Any], said: str, config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    known = {"matcher": Matcher(model="loans"), "who": "ann", "reason": "known", "until": NOW + HOUR, "now": NOW} | given
    with pytest.raises(UsageError, match=said):
        alerting.silence(config, known.pop("matcher"), **known)
    assert alerting.silences(config, now=NOW, ended=True) == ()


def test_a_silence_ends_by_itself_or_by_somebody(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    alerting.silence(config, Matcher(model="loans"), who="ann", reason="known", until=NOW + 3 * HOUR, now=NOW)
    alerting.apply(config, [signal()], now=NOW)
    assert one(config).shown == "silenced"
    alerting.end_silence(config, 1, who="bob", now=NOW + HOUR)
    assert one(config).state == "firing"
    assert alerting.silences(config, now=NOW) == ()
    (ended,) = alerting.silences(config, now=NOW, ended=True)
    assert ended.ended == NOW + HOUR
    (made,) = alerting.silence_alerts(config, [one(config).id], who="ann", reason="x", until=NOW + 3 * HOUR, now=NOW + HOUR)
    assert made.matcher == Matcher(model="loans", rule="drift_evidence", column="income")
    with pytest.raises(UsageError, match="there is no silence 9"):
        alerting.end_silence(config, 9, who="bob", now=NOW)


def test_similar_alerts_of_the_past_come_nearest_first(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    for start, column in ((0, "debt"), (30, "income"), (60, "income")):
        alerting.apply(config, [signal(start, column=column)], now=NOW + start * HOUR)
        quiet = [signal(start + hour, "quiet", column=column) for hour in (1, 2)]
        alerting.apply(config, quiet if start < 60 else [], now=NOW + (start + 3) * HOUR)
    now = next(alert for alert in alerting.alerts(config, now=NOW) if alert.live)
    assert [(each.column, each.occurrence) for each in alerting.similar(config, now)] == [("income", 1), ("debt", 1)]
    recent = alerting.alerts(config, now=NOW, since=NOW + 20 * HOUR)
    assert sorted((each.column, each.state) for each in recent) == [("income", "firing"), ("income", "resolved")]


def test_a_model_that_is_not_configured_any_more_has_no_open_alerts(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    alerting.apply(config, [signal(), signal(model="cards")], now=NOW)
    left = replace(config, models={"cards": config.models["cards"]})
    done = alerting.apply(left, now=NOW + HOUR)
    assert [(each.model, each.state) for each in done.alerts] == [("loans", "resolved")]


def test_processes_that_write_at_once_wait_for_each_other(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: alerting.apply(config, [signal(column=f"c{i % 3}")], now=NOW), range(12)))
    found = alerting.alerts(config, now=NOW)
    assert len(found) == 3
    assert [sum(act.what == "told" for act in alerting.history(config, each.id)) for each in found] == [1, 1, 1]


def test_delivery_needs_no_heavy_library(checkout: Any) -> None:
    code = "import sys, reports.deliver.run, connectors.outbox; print({'numpy', 'duckdb', 'pandas', 'audits', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=checkout, check=True)
    assert done.stdout == "set()\n"


def test_the_commands_list_show_and_answer(receiver: Receiver, config_of: Callable[..., Any]) -> None:
    config, said = config_of(Channel(name="hook", kind="webhook", url=receiver.url)), []
    show = said.append
    assert commands.show_list(config, state="open", model=None, show=show) == 0
    assert said.pop() == "No open alerts."
    alerting.apply(config, [signal()], now=NOW)
    id = one(config).id
    commands.show_list(config, state="open", model=None, show=show)
    assert id in said[-1]
    assert "Drift of income" in said[-1]
    assert commands.acknowledge(config, [id], who="ann", note="", show=show) == 0
    assert said[-1] == f"{id}: acknowledged"
    no = {"model": None, "rule": None, "column": None, "slices": [], "reason": "known", "who": "ann", "show": show}
    with pytest.raises(UsageError, match="needs an end"):
        commands.silence(config, [id], lasting=None, until=None, **no)
    with pytest.raises(UsageError, match=r'--for: .* is not a duration'):
        commands.silence(config, [id], lasting="soon", until=None, **no)
    with pytest.raises(UsageError, match="not both"):
        commands.silence(config, [id], lasting="4h", until=None, **(no | {"model": "loans"}))
    assert commands.silence(config, [], lasting="4h", until=None, **(no | {"slices": ["sex=F"]})) == 0
    commands.show_list(config, state="resolved", model=None, show=show)
    assert "sex=F" in said[-2]
    assert said[-1].startswith("Mean time to acknowledge ")
    assert commands.unsilence(config, 1, who="ann", show=show) == 0
    said.clear()
    assert commands.show_one(config, id, json=False, show=show) == 0
    assert said[0].startswith("Drift of income: 20.0%")
    assert "acknowledged" in said[-2]
    assert commands.show_one(config, id, json=True, show=show) == 0
    assert f'"id": "{id}"' in said[-1]
    assert commands.resolve(config, [id], who="ann", note="done", show=show) == 0
    assert commands.test(config, None, show=show) == 0
    receiver.behaviours = ["500 oops"]
    assert commands.test(config, "hook", show=show) == 3
    assert "answered 500 (oops)" in said[-1]


def test_the_documented_check_accepts_what_is_signed_and_nothing_else(checkout: Any) -> None:
    text = (checkout / "docs" / "alerts.md").read_text()
    code = text.partition("```python\n")[2].partition("```")[0]
    known: dict[str, Any] = {}
    exec(code, known)
    header, now = sign("s", b"{}", NOW)["Candor-Signature"], NOW.replace(tzinfo=dt.UTC).timestamp()
    assert known["genuine"](b"s", header, b"{}", now)
    assert not known["genuine"](b"s", header, b"{ }", now)
    assert not known["genuine"](b"t", header, b"{}", now)
    assert not known["genuine"](b"s", header, b"{}", now + 301)
