"""Silence and failing sources become alerts by the real rules, are paged once, and end when rows come or the source is back."""

from __future__ import annotations

from audits.alerting import alerts
from connectors import watch_store
from connectors.config import Config
from tests.watch.conftest import Stage


def standing(stage: Stage) -> dict[tuple[str, str], str]:
    """(model, rule) -> state of its newest alert."""
    return {(each.model, each.rule): each.state for each in reversed(alerts(stage.config, now=stage.time.clock.now()))}


def test_a_source_that_stays_away_is_an_alert_until_it_is_back(config: Config) -> None:
    stage = Stage(config).start()
    file = config.folder / "a-1.csv"
    content = file.read_bytes()
    stage.tick()
    file.unlink()
    for _ in range(3):
        stage.tick()
    assert standing(stage) == {}  # 120 s, told on the terminal only
    stage.tick()
    assert standing(stage) == {("a", "source_gone"): "firing"}
    fired = alerts(config, now=stage.time.clock.now())
    again = Stage(config, time=stage.time).start()  # the watcher is started anew
    again.tick()
    assert [each.id for each in alerts(config, now=stage.time.clock.now())] == [each.id for each in fired]
    file.write_bytes(content)
    again.tick()
    assert standing(again) == {("a", "source_gone"): "resolved"}


def test_a_silent_log_is_an_alert_until_rows_come(config: Config) -> None:
    stage = Stage(config).start()
    stage.tick()
    now = stage.time.clock.now()
    for name in ("a", "b"):
        watch_store.remember(config, name, newest=now, arrived=now)
    stage.tick(3 * 3_600)  # three windows of an hour are allowed
    assert standing(stage) == {}
    watch_store.remember(config, "b", arrived=stage.time.clock.now())
    stage.tick(60)
    stage.tick(60)
    assert standing(stage) == {("a", "no_data"): "firing"}
    watch_store.remember(config, "a", arrived=stage.time.clock.now())
    stage.tick()
    assert standing(stage) == {("a", "no_data"): "resolved"}


def test_a_watcher_that_sees_nothing_wrong_ends_nothing_that_an_audit_raised(config: Config) -> None:
    from audits.alerting import apply
    from audits.finding import Signal

    stage = Stage(config).start()
    stage.tick()
    for rule in ("source_gone", "no_data"):  # by a source's own usual rhythm, or by the times in its rows
        raised = Signal(model="a", rule=rule, family="quality", severity="page", answer="raised", window_end=stage.time.clock.now())
        apply(config, [raised], now=stage.time.clock.now(), run="r")
    before = standing(stage)
    assert before[("a", "source_gone")] == "firing"  # it holds back the silence that it explains
    assert before.keys() == {("a", "source_gone"), ("a", "no_data")}
    assert "resolved" not in before.values()
    for _ in range(3):
        stage.tick()
    assert standing(stage) == before
