"""What Prometheus and probes are told: read by Prometheus' own parser, without a value or a group in any label."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from audits.finding import Signal
from connectors import alert_store, outbox, watch_store
from connectors.config import Config, load
from dashboard import metrics
from dashboard.metrics import Family, exposition
from dashboard.watch import telling
from tests.dashboard.fabricate import Case
from tests.dashboard.fabricate import world as fabricated
from tests.watch.conftest import CHANNEL

NOW = datetime(2026, 11, 2, 9, 0)


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Metric and labels -> value, as Prometheus reads them."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


@pytest.fixture
def watched(config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Two models that are watched: "a" is well, "b" has failed for five minutes and has a page that nobody took."""
    monkeypatch.setenv("CANDOR_TEST_PAGER", "key")
    config.path.write_text(config.path.read_text().replace("[watch]", CHANNEL.format(url="http://127.0.0.1:1") + "[watch]"))
    config = load(config.path)
    watch_store.begin(config, pid=1, host="here", every=60, now=NOW - timedelta(hours=1))
    watch_store.add_round(config, started=NOW - timedelta(seconds=90), ended=NOW - timedelta(seconds=80), answer="good", rows=5, said="x")
    watch_store.add_round(config, started=NOW - timedelta(seconds=30), ended=NOW - timedelta(seconds=29), answer="failed", said="no")
    watch_store.remember(config, "a", newest=NOW - timedelta(minutes=10), arrived=NOW - timedelta(minutes=2))
    watch_store.remember(config, "b", failing_since=NOW - timedelta(minutes=5), tries=2, reason="gone")
    signal = Signal(
        model="b", rule="source_gone", family="quality", severity="page", answer="raised", window_end=NOW, slice='{"sex": "Female"}',
        column="income",
    )  # fmt: skip
    telling.tell(config, [signal], run=None, now=NOW - timedelta(minutes=2))
    return config


def test_numbers_are_what_the_stores_hold(watched: Config) -> None:
    found = samples(exposition(metrics.families(watched, NOW)))
    assert found[("candor_watch_alive", ())] == 1.0
    utc = (NOW - datetime(1970, 1, 1)).total_seconds()
    assert found[("candor_watch_last_round_timestamp_seconds", ())] == utc - 29
    assert found[("candor_watch_last_good_round_timestamp_seconds", ())] == utc - 80
    assert found[("candor_newest_prediction_age_seconds", (("model", "a"),))] == 600
    assert ("candor_newest_prediction_age_seconds", (("model", "b"),)) not in found  # not known is not 0
    assert found[("candor_source_failing_seconds", (("model", "a"),))] == 0
    assert found[("candor_source_failing_seconds", (("model", "b"),))] == 300
    assert found[("candor_alerts", (("model", "b"), ("severity", "page"), ("state", "firing")))] == 1
    assert found[("candor_alerts", (("model", "a"), ("severity", "page"), ("state", "firing")))] == 0
    assert found[("candor_outbox_messages", (("channel", "pager"),))] == 1
    assert found[("candor_outbox_oldest_seconds", (("channel", "pager"),))] == 120
    assert found[("candor_delivery_failures", (("channel", "pager"),))] == 0
    telling.deliver(watched, NOW)  # nobody listens there
    found = samples(exposition(metrics.families(watched, NOW)))
    assert found[("candor_delivery_failures", (("channel", "pager"),))] == 1


def test_health_and_the_heartbeat_wait_for_pages_only(watched: Config) -> None:
    put: dict[str, Any] = {"channel": "pager", "kind": "firing", "body": "{}", "alerts": ()}
    with alert_store.transaction(watched) as connection:
        outbox.put(connection, [outbox.Posted(id="t", incident="t", rank=1, **put)], NOW - timedelta(hours=1))
    assert telling.waiting(watched, NOW) == 120  # the page's; a ticket may wait for days
    assert samples(exposition(metrics.families(watched, NOW)))[("candor_outbox_oldest_seconds", (("channel", "pager"),))] == 3600


def test_no_value_and_no_group_is_in_a_label(watched: Config) -> None:
    text = exposition(metrics.families(watched, NOW))
    assert "Female" not in text
    assert "income" not in text
    labels = {name for _, pairs in samples(text) for name, _ in pairs}
    assert labels <= {"model", "severity", "state", "channel", "verdict"}


def test_a_stopped_watcher_is_not_alive(watched: Config) -> None:
    late = samples(exposition(metrics.families(watched, NOW + timedelta(minutes=4))))
    assert late[("candor_watch_alive", ())] == 0.0  # three intervals and a minute after the last round


def test_verdicts_of_the_published_run(tmp_path: Path) -> None:
    config = load(fabricated(tmp_path, Case()))
    found = samples(exposition(metrics.families(config, NOW)))
    from connectors.published import open_published

    with open_published(config) as published:
        last = published.table("SELECT run FROM runs ORDER BY created DESC, run DESC LIMIT 1").to_pylist()[0]["run"]
        counted = published.table(
            "SELECT model, verdict, count(*) AS n FROM findings WHERE run = ? AND verdict IS NOT NULL GROUP BY ALL", [last]
        ).to_pylist()
    assert counted
    for row in counted:
        assert found[("candor_findings", (("model", row["model"]), ("verdict", row["verdict"])))] == row["n"]
    assert any(name == "candor_last_audit_timestamp_seconds" for name, _ in found)
    assert not any(name.startswith("candor_watch") for name, _ in found)  # nobody watches: nothing is said, not 0


def test_evidence_of_a_segment_is_no_evidence_of_a_column(tmp_path: Path) -> None:
    from connectors.published import folder_of

    config = load(fabricated(tmp_path, Case()))
    key = ("candor_drift_evidence_max", (("model", "loans"),))
    before = samples(exposition(metrics.families(config, NOW)))[key]
    metrics._audited.cache_clear()
    snapshot = folder_of(config) / (folder_of(config) / "CURRENT").read_text().strip()
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute(
            """INSERT INTO findings BY NAME SELECT * REPLACE ('{"region": "north"}' AS slice, 99.0 AS "value") FROM findings
            WHERE name = 'drift_evidence' AND NOT whole AND "column" IS NOT NULL AND version IS NULL"""
        )
    assert samples(exposition(metrics.families(config, NOW)))[key] == before < 99


def test_odd_names_and_numbers_survive_the_parser() -> None:
    odd = 'a"b\\c\nd é'
    family = Family(name="candor_alerts", help="One\nline \\ of help.")
    family.add(1e300, model=odd)
    family.add(math.inf, model="b")
    family.add(None, model="c")
    found = samples(exposition([family, Family(name="candor_nothing", help="No samples.")]))
    assert found == {("candor_alerts", (("model", odd),)): 1e300, ("candor_alerts", (("model", "b"),)): math.inf}


def test_the_routes_answer_and_say_what_is_wrong(watched: Config) -> None:
    app = Starlette(routes=metrics.routes(str(watched.path)))

    def get(address: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://candor") as client:
                return await client.get(address)

        return asyncio.run(ask())

    answer = get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert samples(answer.text)
    health = get("/api/v1/health")
    assert health.status_code == 503  # written in 2026-11-02: the watcher has stopped since
    assert health.json()["status"] == "degraded"
    assert "b: its source fails" in health.json()["problems"]
    watched.path.write_text("wrong = 1")
    for address in ("/metrics", "/api/v1/health"):
        refused = get(address)
        assert refused.status_code == 503
        assert "candor.toml" in refused.text


def test_health_is_well_where_nobody_watches(config: Config) -> None:
    well, found = metrics.health(config, NOW)
    assert well
    assert found == {"status": "ok", "problems": [], "watch": None, "outbox_oldest_seconds": 0.0}


def test_the_dashboard_serves_them(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit

    from dashboard import serve

    served: dict[str, Any] = {}

    class App:
        def __init__(self, script: Path, **options: Any) -> None:
            served.update(options)

        def run(self, config: Any) -> None: ...

    monkeypatch.setattr(streamlit, "App", App)
    monkeypatch.setattr(serve, "claim", lambda port: None)
    monkeypatch.setenv(serve.CONFIG, "")
    serve.serve(config.path, 8599)
    paths = [route.path for route in served["routes"]]
    assert paths[:3] == ["/metrics", "/api/v1/health", "/"]
