"""The pages about alerts in every state: what they say, and what a click writes down."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audits import alerting as store
from connectors.actions import add_event
from connectors.config import Config, load
from dashboard import alerting

from .fabricate import Case, world
from .fabricate_alerts import CARDS, HOUR, raise_alerts, signal, watched
from .test_pages import Open, fine, said, visit  # noqa: F401  (a fixture)

NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with a watcher and no alert."""
    path = world(tmp_path_factory.mktemp("calm"), Case(windows=12, faults=False))
    watched(load(path), dt.datetime.now(dt.UTC).replace(tzinfo=None))
    return path


@pytest.fixture(scope="module")
def ringing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a world with alerts in every state."""
    folder = tmp_path_factory.mktemp("ringing")
    raise_alerts(world(folder, Case(windows=12)), dt.datetime.now(dt.UTC).replace(tzinfo=None))
    return folder


@pytest.fixture
def rung(ringing: Path, tmp_path: Path) -> Config:
    """A copy of that world for each test, because tests act on it."""
    return load(shutil.copytree(ringing, tmp_path / "world") / "candor.toml")


def key_of(config: Config, rule: str, model: str = "loans", state: str | None = None) -> str:
    """The id of an alert."""
    found = alerting.board(config, NOW).alerts
    return next(each.key for each in found if (each.rule, each.model) == (rule, model) and state in (None, each.state))


def press(app: AppTest, key: str) -> AppTest:
    """Press the button of that name."""
    return app.button(key=key).click().run()


def test_the_board_sorts_alerts_into_states(rung: Config) -> None:
    board = alerting.board(rung, NOW)
    # five rules raised now (income of two models, ratio, schema, missing), one held back by the schema, one silenced, one closed before
    assert {state: len(board.of(state)) for state in (*alerting.STATES, "held back")} == {
        "firing": 4, "acknowledged": 1, "silenced": 1, "resolved": 1, "held back": 1,
    }  # fmt: skip
    assert [each.rule for each in board.of("held back")] == ["drift_evidence"]
    assert board.of("held back")[0].held_by == key_of(rung, "schema_change")


def test_one_cause_is_one_incident_across_models(rung: Config) -> None:
    board = alerting.board(rung, NOW)
    together = [each for each in alerting.incidents(board.of("firing"), board.causes) if len(each.alerts) > 1]
    assert [{alert.model for alert in each.alerts} for each in together] == [{"loans", "cards"}]
    assert together[0].cause == "Unit or scale change: income"


def test_time_to_acknowledgement_is_the_median_of_answered_alerts(rung: Config) -> None:
    board = alerting.board(rung, NOW)
    median, n = alerting.time_to_acknowledge(board.alerts, NOW)
    assert n == 1  # Ana acknowledged missing values an hour after they fired; the other alerts are not answered
    assert median is not None
    assert abs(median - HOUR) < dt.timedelta(seconds=1)
    drills = [replace(each, drill=True) for each in board.alerts]
    assert alerting.time_to_acknowledge(drills, NOW) == (None, 0)


def test_when_all_is_well_one_line_says_so(visit: Open, calm: Path) -> None:  # noqa: F811
    words = fine(visit("alerts", calm))
    assert "Nothing is firing. Last round" in words
    assert "● Watching" in words or "▲ Watching, a source fails" in words
    assert "Nobody is watching" not in words


def test_a_watcher_that_was_never_started_is_said_with_its_line(visit: Open, tmp_path: Path) -> None:  # noqa: F811
    path = world(tmp_path, Case(windows=2))
    app = visit("alerts", path)
    assert "▲ Never started. Nobody is watching: rows that come in now are not judged." in fine(app)
    assert [code.value for code in app.code] == [f"candor watch -c {path}"]


def test_a_dead_watcher_is_loud(visit: Open, tmp_path: Path) -> None:  # noqa: F811
    path = world(tmp_path, Case(windows=2))
    watched(load(path), dt.datetime.now(dt.UTC).replace(tzinfo=None), ago=3 * 3600)
    app = visit("alerts", path)
    words = fine(app)
    assert "◆ Not watching. The last round was 3 h ago; one is due every 1 min." in words
    assert "Nothing is firing. Last round" not in words  # what nobody looked at is not said to be calm
    assert [code.value for code in app.code] == [f"candor watch -c {path}"]


def test_a_source_that_is_down_is_named(visit: Open, rung: Config) -> None:  # noqa: F811
    watched(rung, dt.datetime.now(dt.UTC).replace(tzinfo=None))
    words = fine(visit("alerts", rung.path))
    assert "▲ Watching, a source fails" in words
    assert "the folder is gone" in words
    assert "19 of the last 21 rounds went well, 2 failed." in words


def test_firing_alerts_are_grouped_and_lead_to_their_page(visit: Open, rung: Config) -> None:  # noqa: F811
    app = visit("alerts", rung.path)
    words = fine(app)
    assert "3 incidents are firing, 4 alerts about 2 models." in words
    assert "Unit or scale change: income" in words
    assert "2 alerts, 2 models" in words
    assert "1 alert is not told, on purpose." in words
    assert "nobody has tried to send it; candor watch does" in words
    queries = [element.proto.query_string for element in app.get("page_link")]
    assert any(f"alert={key_of(rung, 'impact_ratio')}" in query for query in queries)


@pytest.mark.parametrize(("state", "words"), [
    ("acknowledged", "Missing values of debt"), ("silenced", "left, by Ben"), ("resolved", "Volume against expectation"),
])  # fmt: skip
def test_every_state_has_its_list(state: str, words: str, visit: Open, rung: Config) -> None:  # noqa: F811
    assert words in fine(visit("alerts", rung.path, status=state))


def test_several_are_acknowledged_at_once(visit: Open, rung: Config) -> None:  # noqa: F811
    app = visit("alerts", rung.path)
    app.text_input(key="who").set_value("Ana").run()
    app.checkbox(key="pick-all").check().run()
    assert "Acknowledge 4" in [button.label for button in app.button]
    press(app, "acknowledge")
    assert "4 alerts acknowledged." in fine(app)
    board = alerting.board(rung, NOW)
    assert not board.of("firing")
    assert len(board.of("acknowledged")) == 5
    assert {each.acknowledged.who for each in board.of("acknowledged") if each.acknowledged} == {"Ana"}


def test_nobody_acts_without_a_name_or_a_choice(visit: Open, rung: Config) -> None:  # noqa: F811
    app = visit("alerts", rung.path)
    assert "Choose at least one alert first." in fine(press(app, "acknowledge"))
    app.checkbox(key="pick-all").check().run()
    assert "Say who you are first" in fine(press(app, "acknowledge"))
    assert len(alerting.board(rung, NOW).of("firing")) == 4


def test_a_silence_needs_a_reason_and_an_end(visit: Open, rung: Config) -> None:  # noqa: F811
    app = visit("alerts", rung.path)
    app.text_input(key="who").set_value("Ben").run()
    key = key_of(rung, "impact_ratio")
    app.checkbox(key=f"pick-{key}").check().run()
    assert "A silence needs a reason" in fine(press(app, "silence"))
    app.text_input(key="silence-reason").set_value("known since the release").run()
    assert "A silence needs an end" in fine(press(app, "silence"))
    assert not store.silences(rung, now=NOW)[1:]  # only the one that was there
    app.selectbox(key="silence-end").set_value("4h").run()
    assert "1 alert silenced for 4 hours." in fine(press(app, "silence"))
    found = next(each for each in alerting.board(rung, NOW).of("silenced") if each.key == key)
    assert found.silence is not None
    assert (found.silence.who, found.silence.reason) == ("Ben", "known since the release")
    assert abs(found.silence.until - dt.datetime.now(dt.UTC).replace(tzinfo=None) - 4 * HOUR) < dt.timedelta(minutes=5)


def test_a_link_to_one_incident_lists_only_that(visit: Open, rung: Config) -> None:  # noqa: F811
    board = alerting.board(rung, NOW)
    incident = next(each.incident for each in board.alerts if each.rule == "impact_ratio")
    words = fine(visit("alerts", rung.path, incident=incident))
    assert "Approval ratio Female/Male" in words
    assert "Unit or scale change" not in words
    assert "Only the incident of this link is listed." in words


def test_an_alert_says_all_that_is_known(visit: Open, rung: Config) -> None:  # noqa: F811
    add_event(rung, "loans", "release", NOW - dt.timedelta(days=6), "model v3.2")
    app = visit("alert", rung.path, model="loans", alert=key_of(rung, "drift_evidence", state="firing"))
    words = fine(app)
    since = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - 5 * 24 * HOUR
    for part in (
        "Column income has drifted since", "20.0% [19.0%, 21.0%]", "n = 600", "5% or less", "Window judged", "Held against",
        "10 9.4", "fires at", "10 3.1", "0.5 per 7d for this model, of 1 per 7d for all together", "release “model v3.2”",
        "One incident with 1 other alert. Unit or scale change: income", "https://example.org/runbooks/loans", "credit-risk@example.org",
        "resolves by itself after 2 quiet windows", "Changed since", "was noticed",
    ):  # fmt: skip
        assert part in words, part
    assert f"{since.day} {since:%b %Y}" in words
    body = next(code.value for code in app.code if code.value.startswith("{"))
    assert '"rule": "drift_evidence"' in body


def test_an_alert_is_acknowledged_and_annotated_on_its_page(visit: Open, rung: Config) -> None:  # noqa: F811
    key = key_of(rung, "impact_ratio")
    app = visit("alert", rung.path, model="loans", alert=key)
    app.text_input(key="who").set_value("Cem").run()
    press(app, "acknowledge")
    assert "1 alert acknowledged." in fine(app)
    app.text_area(key="note").set_value("v3.2 approves fewer women").run()
    words = fine(press(app, "write-note"))
    assert "Cem wrote: v3.2 approves fewer women" in words
    assert [deed.kind for deed in alerting.deeds(rung, key)][-1] == "comment"


def test_a_roll_back_is_shown_and_written_down_but_not_sent(visit: Open, rung: Config) -> None:  # noqa: F811
    from connectors import watch_store

    app = visit("alert", rung.path, model="loans", alert=key_of(rung, "impact_ratio"))
    assert "Version v3.2 answers now. Nothing is sent from here while dry_run is on" in fine(app)
    app.text_input(key="who").set_value("Ana").run()
    app = press(app, "show-roll-back")
    fine(app)
    shown = next(code.value for code in app.code if code.value.startswith("POST"))
    assert '"to": "v3.1"' in shown
    assert "dry run: written down, not sent" in shown
    assert [(each.version, each.sent) for each in watch_store.rollbacks(rung, "loans")] == [("v3.1", False)]
    assert "send-roll-back" not in {button.key for button in app.button}


def test_an_alert_that_is_unknown_is_one_sentence(visit: Open, rung: Config) -> None:  # noqa: F811
    assert "This alert is not among those that are open" in fine(visit("alert", rung.path, alert="0000000000000000-1"))
    assert "No alert is named in this link." in fine(visit("alert", rung.path))


def test_one_broken_panel_leaves_the_rest_of_an_alert(visit: Open, rung: Config, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("dashboard.panels.alert_onset.draw", broken)
    app = visit("alert", rung.path, model="loans", alert=key_of(rung, "impact_ratio"))
    words = said(app)
    assert not app.exception
    assert "under incident" in words
    assert "secret detail" not in words
    assert "Runbook" in words


@pytest.mark.parametrize("case", [
    Case(windows=12, labels=False), Case(windows=2, small=True), Case(windows=12, clock=False),
    Case(windows=12, newest=NOW - dt.timedelta(days=40)),
])  # fmt: skip
def test_alerts_of_other_worlds(case: Case, visit: Open, tmp_path: Path) -> None:  # noqa: F811
    """No labels, too few rows, rows instead of a clock, a log that has stopped: the pages hold."""
    path = world(tmp_path, case)
    path.write_text(path.read_text(encoding="utf-8") + CARDS, encoding="utf-8")
    config = load(path)
    rows = {} if case.clock else {"window_start": None, "window_end": None, "first_row": 50000, "last_row": 54999, "since": 45000}
    found = signal("drift_evidence", NOW - 24 * HOUR, column="income", value=0.2, low=0.1, high=0.3, unit="proportion",
                   threshold_max=0.05, **rows)  # fmt: skip
    store.apply(config, [found], now=NOW - HOUR)
    fine(visit("alerts", path))
    words = fine(visit("alert", path, model="loans", alert=found.key))
    assert "Column income has drifted since" in words
    assert ("row 45,000" in words) == (not case.clock)

