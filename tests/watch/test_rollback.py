"""Roll-backs: a dry run unless both candor.toml and the person say otherwise, signed when sent, recorded either way, never repeated."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest

from connectors import watch_store
from connectors.actions import events
from connectors.config import Config, load
from connectors.errors import CandorError, UsageError
from dashboard.commands import rollback as command
from dashboard.commands.rollback import rollback
from tests.dashboard.fabricate import Case
from tests.dashboard.fabricate import world as fabricated
from tests.watch.conftest import Receiver

SECRET = "CANDOR_TEST_ROLLBACK"


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that has seen v3.0, v3.1 and, last, v3.2."""
    monkeypatch.setattr(command, "versions", lambda config, model: ["v3.0", "v3.1", "v3.2"])
    monkeypatch.setenv(SECRET, "shared key")


def asking(config: Config, url: str, *, dry_run: bool | None) -> Config:
    rule = "" if dry_run is None else f"dry_run = {str(dry_run).lower()}\n"
    text = config.path.read_text()
    config.path.write_text(text.replace("[watch]", f'[alerts.rollback]\nurl = "{url}"\nsecret_env = "{SECRET}"\n{rule}[watch]'))
    return load(config.path)


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("dry_run", [None, True, False])
def test_without_send_nothing_is_sent_and_all_is_shown_and_recorded(config: Config, receiver: Receiver, dry_run: bool | None) -> None:
    config = asking(config, receiver.url + "/hidden-path", dry_run=dry_run)
    shown: list[str] = []
    rollback(config, "a", "v3.1", reason=" gap ", who="ann", show=shown.append)
    assert receiver.got == []
    (asked,) = watch_store.rollbacks(config, "a")
    assert (asked.version, asked.sent, asked.answer) == ("v3.1", False, "dry run")
    body = json.loads(asked.body)
    assert {name: body[name] for name in ("kind", "model", "from", "to", "reason", "who")} == {
        "kind": "rollback", "model": "a", "from": "v3.2", "to": "v3.1", "reason": "gap", "who": "ann",
    }  # fmt: skip
    text = "\n".join(shown)
    assert asked.body in text
    assert receiver.place in text
    assert asked.url == receiver.place
    assert "hidden-path" not in text
    assert "shared key" not in text
    assert ("Add --send" in text) is (dry_run is False)
    assert events(config, "a") == []


@pytest.mark.usefixtures("versions")
def test_send_is_refused_while_candor_toml_asks_for_dry_runs(config: Config, receiver: Receiver) -> None:
    config = asking(config, receiver.url, dry_run=None)
    with pytest.raises(UsageError, match="dry_run is true"):
        rollback(config, "a", "v3.1", send=True, show=lambda _: None)
    assert receiver.got == []
    assert watch_store.rollbacks(config) == ()


@pytest.mark.usefixtures("versions")
def test_a_real_one_is_signed_and_sent_once(config: Config, receiver: Receiver) -> None:
    config = asking(config, receiver.url + "/back", dry_run=False)
    rollback(config, "a", "v3.1", reason="gap", send=True, who="ann", show=lambda _: None)
    ((method, path, headers, body, _),) = receiver.got
    assert (method, path) == ("POST", "/back")
    sent = json.loads(body)
    assert headers["Idempotency-Key"] == sent["id"]
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Candor-Signature"])
    assert found is not None
    # HMAC-SHA256 of "<time>.<body>", by the standard library alone
    assert hmac.new(b"shared key", found[1].encode() + b"." + body, hashlib.sha256).hexdigest() == found[2]
    (asked,) = watch_store.rollbacks(config)
    assert (asked.sent, asked.answer) == (True, "answered 200")
    assert [(event.kind, event.text) for event in events(config, "a")] == [("note", "roll-back to v3.1 asked for")]


@pytest.mark.usefixtures("versions")
def test_a_refusal_is_recorded_and_not_repeated(config: Config, receiver: Receiver) -> None:
    config = asking(config, receiver.url + "/hidden-path", dry_run=False)
    receiver.status = 500
    with pytest.raises(CandorError, match=r"refused: .* answered 500") as refusal:
        rollback(config, "a", "v3.1", send=True, show=lambda _: None)
    assert refusal.value.exit_code == 3
    assert len(receiver.got) == 1
    (asked,) = watch_store.rollbacks(config)
    assert asked.sent
    assert "500" in asked.answer
    assert "hidden-path" not in f"{refusal.value} {asked}"
    assert events(config, "a") == []


@pytest.mark.usefixtures("versions")
def test_what_cannot_be_asked_is_said(config: Config, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"no \[alerts.rollback\]"):
        rollback(config, "a", "v3.1", show=lambda _: None)
    config = asking(config, receiver.url, dry_run=False)
    with pytest.raises(UsageError, match=r'no version "v3.3"; did you mean'):
        rollback(config, "a", "v3.3", show=lambda _: None)
    with pytest.raises(UsageError, match="is the one that answers now"):
        rollback(config, "a", "v3.2", show=lambda _: None)
    monkeypatch.delenv(SECRET)
    with pytest.raises(UsageError, match=SECRET):
        rollback(config, "a", "v3.1", send=True, show=lambda _: None)
    assert receiver.got == []
    assert [asked.sent for asked in watch_store.rollbacks(config)] == [False]


def test_versions_come_from_the_published_run_in_the_order_in_which_they_answered(tmp_path: Path) -> None:
    config = load(fabricated(tmp_path, Case()))
    seen = command.versions(config, "loans")
    assert len(seen) >= 2
    assert seen == sorted(seen)  # the made-up log goes from v1 to the newest
