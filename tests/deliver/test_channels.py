"""What each channel sends over HTTP, what it makes of the answers, and what it never lets out."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import pytest

from audits import alerting
from audits.finding import Cause
from connectors import outbox
from connectors.alert_config import Channel
from connectors.errors import UsageError
from dashboard.url_state import decode
from reports.deliver import post, registry
from reports.deliver.run import deliver_due, try_out
from reports.deliver.webhook import WrongSignature, sign, verify

from .conftest import HOUR, NOW, Receiver, signal

MINUTE = dt.timedelta(minutes=1)


def told(config: Any, receiver: Receiver, *signals: Any, now: dt.datetime = NOW, **given: Any) -> list[Any]:
    """Raise alerts, deliver, and give what the receiver got."""
    alerting.apply(config, signals, now=now, **given)
    deliver_due(config, now=now)
    return receiver.bodies()


def test_pagerduty_has_one_incident_from_trigger_to_resolve(receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PD_KEY", "routing-key")
    config = config_of(Channel(name="pd", kind="pagerduty", url=receiver.url, secret_env="PD_KEY", severities=("page",)))
    (first,) = told(config, receiver, signal(), signal(column="debt"))
    assert (first["event_action"], first["routing_key"], first["payload"]["severity"]) == ("trigger", "routing-key", "critical")
    assert first["payload"]["summary"] in {f"Loan approvals: Drift of {column} and 1 more" for column in ("debt", "income")}
    assert len(first["payload"]["custom_details"]["alerts"]) == 2
    ids = [alert.id for alert in alerting.alerts(config, now=NOW)]
    alerting.acknowledge(config, ids[:1], who="ann", now=NOW + MINUTE)
    deliver_due(config, now=NOW + MINUTE)
    assert len(receiver.got) == 1  # one of the two still fires
    alerting.acknowledge(config, ids[1:], who="ann", now=NOW + 2 * MINUTE)
    told(config, receiver, now=NOW + 2 * MINUTE)
    quiet = [signal(hour, "quiet", column=column) for hour in (1, 2) for column in ("income", "debt")]
    bodies = told(config, receiver, *quiet, now=NOW + 3 * HOUR)
    assert [each["event_action"] for each in bodies] == ["trigger", "acknowledge", "resolve"]
    assert len({each["dedup_key"] for each in bodies}) == 1


def test_pagerduty_without_its_key_says_which_variable(receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PD_KEY", raising=False)
    config = config_of(Channel(name="pd", kind="pagerduty", url=receiver.url, secret_env="PD_KEY"))
    (found,) = try_out(config, None, now=NOW)
    assert (found.ok, found.said, receiver.got) == (False, "the environment variable PD_KEY is not set", [])


def test_slack_gets_blocks_in_which_no_name_is_markup(
    receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("SLACK", f"{receiver.url}/services/T0/secret")
    config = config_of(Channel(name="sl", kind="slack", url="https://hooks.slack.com", secret_env="SLACK"))
    (body,) = told(config, receiver, signal(column="<!channel> *x*"))
    assert receiver.got[0][0] == "/services/T0/secret"
    text = json.dumps(body)
    assert "<!channel>" not in text.replace(json.dumps(body["blocks"][0]), "")  # a header is plain text, where nothing is markup
    assert "&lt;!channel&gt;" in text
    assert {each["type"] for each in body["blocks"]} == {"header", "section", "context"}
    receiver.behaviours = ["404 no_service"]
    (found,) = try_out(config, None, now=NOW)
    assert not found.ok
    assert "answered 404 (no_service)" in found.said
    assert "secret" not in found.said
    assert "T0" not in caplog.text  # the address is the key, and is not logged either


def test_a_webhook_is_signed_and_its_key_stays_when_it_is_sent_again(
    receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "s3cret")
    monkeypatch.setattr(post, "TIMEOUT", 0.3)
    receiver.behaviours = ["hang", "ok"]  # it takes the message, and its answer never comes
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url + "/in", secret_env="HOOK"))
    told(config, receiver, signal())
    deliver_due(config, now=NOW + MINUTE)
    (path, first, body), (_, second, again) = receiver.got
    assert (path, body) == ("/in", again)
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert first["Candor-Event"] == "firing"
    verify("s3cret", first["Candor-Signature"], body, NOW)
    with pytest.raises(WrongSignature, match="made 60 s"):
        verify("s3cret", first["Candor-Signature"], body, NOW + MINUTE, tolerance=dt.timedelta(seconds=30))
    verify("s3cret", second["Candor-Signature"], body, NOW + MINUTE)  # signed anew, so that it is no replay
    (delivery,) = alerting.deliveries(config, now=NOW)
    assert (delivery.state, delivery.attempts) == ("delivered", 2)


def test_signatures_that_are_wrong() -> None:
    header = sign("s", b"{}", NOW)["Candor-Signature"]
    verify("s", header, b"{}", NOW)
    for secret, given, body, now in (
        ("t", header, b"{}", NOW), ("s", header, b"{} ", NOW), ("s", header.replace("t=1", "t=2"), b"{}", NOW), ("s", "", b"{}", NOW),
        ("s", "t=x,v1=y", b"{}", NOW), ("s", header, b"{}", NOW + 6 * MINUTE), ("s", header, b"{}", NOW - 6 * MINUTE),
        ("s", "t=²,v1=ü", b"{}", NOW), ("s", header[:-1] + "ü", b"{}", NOW),
    ):  # fmt: skip
        with pytest.raises(WrongSignature):
            verify(secret, given, body, now)


def test_links_lead_to_the_alert_and_to_its_incident(receiver: Receiver, config_of: Any) -> None:
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url), url="https://candor.example.org")
    (body,) = told(config, receiver, signal())
    address = body["links"]["Alert"]
    assert address == body["alerts"][0]["link"]
    assert address.startswith("https://candor.example.org/alert?")
    view, messages = decode(dict(pair.split("=") for pair in address.partition("?")[2].split("&")))
    assert (view.model, messages) == ("loans", ())
    assert body["links"]["Runbook"] == "https://example.org/run"
    assert "Owner: risk@example.org" in body["text"]


def test_a_message_says_the_cause_what_it_holds_back_and_what_to_do(receiver: Receiver, config_of: Any) -> None:
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    size = {"size": 0.2, "unit": "proportion", "source": "bureau"}
    cause = Cause(model="loans", kind="missing values", columns=("income",), upstream="income|missing values", **size)
    missing = signal(rule="missing_rate", family="quality", severity="ticket", threshold_max=0.1)
    (body,) = told(config, receiver, signal(), missing, causes={"loans": [cause]})
    assert body["title"] == "Loan approvals: Missing values of income"
    assert "Most likely: income is missing in 20" in body["text"]
    assert "|" not in body["text"]  # what alerts of one origin share is no text for people
    assert "Held back, since this explains it: Drift of income." in body["text"]
    assert "Next: Fix the source: find the step that stopped filling the column." in body["text"]
    assert body["severity"] == "page"


def test_no_value_of_a_cell_and_no_small_group_leaves_the_house(receiver: Receiver, config_of: Any) -> None:
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    told(
        config, receiver, signal(reason="value 'Jane Doe' moved"),
        signal(rule="unseen_category_rate", family="quality", reason="Jane Doe is new", threshold_max=0.1, column="name"),
        signal(rule="accuracy", family="performance", slice='{"sex": "F"}', n=9, value=0.123456, column=None, evidence=5.0, line=4.0),
        signal(rule="schema_change", family="quality", reason="column income is gone", column=None),
    )  # fmt: skip
    again = signal(1, rule="unseen_category_rate", family="quality", reason="Jane Doe is new", threshold_max=0.1, column="name")
    told(config, receiver, again)
    sent = b"".join(body for _, _, body in receiver.got).decode()
    assert "Jane" not in sent
    assert not any(figure in sent for figure in ("0.1234", "12.3"))
    assert "column income is gone" in sent  # a fact about the log says what it is


@pytest.mark.parametrize(
    ("how", "said", "lasting"),
    [
        ("500 oops", "answered 500 (oops)", False), ("429 slow", "answered 429 (slow)", False), ("302 away", "answered 302 (away)", True),
        ("400 what", "answered 400 (what)", True), ("cut", "broke off", False), ("hang", "no answer within 0.3 s", False),
        ("drip", "no answer within 0.3 s", False),
    ],
)  # fmt: skip
def test_a_receiver_that_does_not_take_it(
    how: str, said: str, lasting: bool, receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "TIMEOUT", 0.3)
    receiver.behaviours = [how]
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    begun = time.monotonic()
    told(config, receiver, signal())
    assert time.monotonic() - begun < 3
    (delivery,) = alerting.deliveries(config, now=NOW)
    assert delivery.state == "failing"
    assert said in delivery.said
    waits = delivery.due - NOW
    # What a later try will not change, and who asks for time, waits minutes; the rest seconds.
    assert (waits > dt.timedelta(minutes=7)) == (lasting or how.startswith("429"))
    assert len(receiver.got) == 1  # a redirect is not followed


def test_a_receiver_that_answers_twice_is_told_once(receiver: Receiver, config_of: Any) -> None:
    receiver.behaviours = ["200 twice"]
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    told(config, receiver, signal())
    assert [each.state for each in alerting.deliveries(config, now=NOW)] == ["delivered"]
    told(config, receiver, signal(), now=NOW + MINUTE)
    assert len(receiver.got) == 1


def test_a_message_that_cannot_be_written_ends_nothing(receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> str:
        raise ZeroDivisionError(f"{receiver.url}/secret")

    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url), Channel(name="sl", kind="slack", url=receiver.url))
    monkeypatch.setitem(registry.CHANNELS, "slack", broken)
    told(config, receiver, signal())
    states = {each.channel: (each.state, each.said) for each in alerting.deliveries(config, now=NOW)}
    assert states["sl"] == ("failing", "sl: the message cannot be written (ZeroDivisionError)")
    assert states["hook"][0] == "delivered"


def test_one_that_hangs_holds_up_no_other(receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "TIMEOUT", 1.0)
    receiver.behaviours = ["hang"]
    other = "http://127.0.0.1:9"  # nobody listens
    addresses = {"a": receiver.url, "b": receiver.url, "c": receiver.url, "x": other}
    config = config_of(*(Channel(name=name, kind="webhook", url=url) for name, url in addresses.items()))
    begun = time.monotonic()
    told(config, receiver, signal())
    assert time.monotonic() - begun < 2.5  # three hang for a second, side by side
    assert len(receiver.got) == 3
    said = {each.channel: each.said for each in alerting.deliveries(config, now=NOW)}
    assert said["x"].startswith("127.0.0.1:9: cannot be reached")


def test_channels_take_what_they_are_for_and_hear_the_end_of_it(receiver: Receiver, config_of: Any) -> None:
    config = config_of(
        Channel(name="pages", kind="webhook", url=receiver.url, severities=("page",)),
        Channel(name="cards", kind="webhook", url=receiver.url, models=("cards",)),
        Channel(name="all", kind="webhook", url=receiver.url),
    )
    alerting.apply(config, [signal(severity="ticket")], now=NOW)
    assert {each.channel for each in alerting.deliveries(config, now=NOW)} == {"all"}
    alerting.apply(config, [signal(1, severity="page")], now=NOW + HOUR)
    alerting.apply(config, [signal(2, "quiet"), signal(3, "quiet")], now=NOW + 4 * HOUR)
    kinds = {(each.channel, each.kind) for each in alerting.deliveries(config, now=NOW)}
    assert kinds == {("all", "firing"), ("all", "worse"), ("pages", "worse"), ("all", "resolved"), ("pages", "resolved")}


def test_a_channel_that_is_gone_is_said(receiver: Receiver, config_of: Any) -> None:
    config = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    alerting.apply(config, [signal()], now=NOW)
    deliver_due(config_of(), now=NOW)
    (delivery,) = outbox.listed(config, now=NOW)
    assert delivery.said == 'candor.toml names no channel "hook" any more'
    with pytest.raises(UsageError, match='no channel "hoo"; did you mean "hook"'):
        try_out(config, "hoo", now=NOW)
    with pytest.raises(UsageError, match=r"no channels; add \[\[alerts.channels\]\]"):
        try_out(config_of(), None, now=NOW)


def test_a_key_that_no_header_can_hold_is_said_and_holds_up_no_other_channel(
    receiver: Receiver, config_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AM_KEY", "schlüssel")
    config = config_of(
        Channel(name="am", kind="alertmanager", url=receiver.url, secret_env="AM_KEY"),
        Channel(name="chat", kind="slack", url=receiver.url),
    )
    (body,) = told(config, receiver, signal())
    assert "blocks" in body
    (found,) = [each for each in alerting.deliveries(config, now=NOW) if each.channel == "am"]
    assert found.state == "failing"
    assert "cannot be sent" in found.said
    assert "schl" not in found.said


def test_an_acknowledged_alert_lasts_in_alertmanager_although_it_is_not_told_again(receiver: Receiver, config_of: Any) -> None:
    config = config_of(Channel(name="am", kind="alertmanager", url=receiver.url))
    told(config, receiver, signal())
    (alert,) = alerting.alerts(config, now=NOW)
    alerting.acknowledge(config, [alert.id], who="ann", now=NOW + 3 * HOUR)
    fired, acknowledged = (each[0] for each in told(config, receiver, now=NOW + 3 * HOUR))
    assert acknowledged["labels"] == fired["labels"]  # the same alert there
    ends = dt.datetime.fromisoformat(acknowledged["endsAt"]).replace(tzinfo=None)
    assert MINUTE > ends - (NOW + 3 * HOUR + dt.timedelta(days=366)) >= 0 * MINUTE
    # It is live for a month; nothing more is told, and nothing ends there before its end here.
    month = NOW + dt.timedelta(days=30)
    assert len(told(config, receiver, now=month)) == 2
    quiet = told(config, receiver, signal(1, "quiet"), signal(2, "quiet"), now=month)
    assert abs(dt.datetime.fromisoformat(quiet[2][0]["endsAt"]).replace(tzinfo=None) - month) < MINUTE
