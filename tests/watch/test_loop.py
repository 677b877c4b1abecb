"""The watcher's decisions: when a round is done, what is said once, when a model is tried again, what the clock may do."""

from __future__ import annotations

import os
import re
import threading
from datetime import datetime
from pathlib import Path

import pytest

from connectors import watch_store
from connectors.config import Config, load
from connectors.errors import CandorError
from dashboard.watch import loop
from dashboard.watch.delivery import Delivery
from dashboard.watch.round import Answer, Request
from dashboard.watch.telling import Changes, Sent
from tests.watch.conftest import Stage, configure


def touch(path: Path, more: str = "2,2026-11-02T08:30:00Z,0.5,1\n") -> None:
    with path.open("a") as file:
        file.write(more)


def test_a_round_only_for_models_whose_files_changed(stage: Stage) -> None:
    folder = stage.config.folder
    assert stage.tick()
    assert stage.asked == [("a", "b")]  # the first look knows nothing
    assert stage.tick()
    assert len(stage.asked) == 1  # nothing changed, no process
    touch(folder / "a-1.csv")
    stage.tick()
    (folder / "b-2.csv").write_text("id,at,score,decision\n")
    stage.tick()
    (folder / "b-2.csv").unlink()
    stage.tick()
    assert stage.asked[1:] == [("a",), ("b",), ("b",)]
    rounds = watch_store.rounds(stage.config)
    assert [each.answer for each in reversed(rounds)] == ["good", "idle", "good", "good", "good"]


def test_quiet_rounds_say_nothing(stage: Stage) -> None:
    stage.tick()
    spoken = len(stage.said)
    assert spoken == 1
    for _ in range(5):
        stage.tick()
    assert len(stage.said) == spoken


def test_a_source_that_is_gone_is_told_once_becomes_an_alert_and_the_others_go_on(stage: Stage) -> None:
    file = stage.config.folder / "a-1.csv"
    content = file.read_bytes()
    file.unlink()
    assert stage.tick()  # b is well: the heartbeat goes on
    assert stage.asked == [("b",)]
    assert sum("no file matches" in line for line in stage.said) == 1
    failing = watch_store.models(stage.config)["a"]
    for _ in range(2):
        stage.tick()
    assert stage.told == []  # 120 s of 3 x 60 s
    stage.tick()
    assert ("a", "source_gone", "raised") in stage.told
    assert not any(model == "b" for model, _, _ in stage.told)
    assert sum("no file matches" in line for line in stage.said) == 1
    stage.told.clear()
    file.write_bytes(content)
    stage.tick()
    assert stage.asked[-1] == ("a",)  # tried at once, for it looks other than before
    assert stage.told == []
    assert any("a: works again after 4 min" in line for line in stage.said), stage.said
    assert failing.failing_since is not None
    assert watch_store.models(stage.config)["a"].failing_since is None


def test_since_when_a_source_fails_outlives_the_watcher(stage: Stage) -> None:
    (stage.config.folder / "a-1.csv").unlink()
    stage.tick()
    since = watch_store.models(stage.config)["a"].failing_since
    later = Stage(stage.config, time=stage.time)
    later.start()
    later.tick(600)
    assert watch_store.models(stage.config)["a"].failing_since == since
    assert ("a", "source_gone", "raised") in stage.told
    assert later.said[0].count("no file matches") == 0  # told by the watcher before


def test_what_fails_is_tried_again_after_longer_and_longer(stage: Stage) -> None:
    stage.answer = lambda request: Answer(failures={name: "the header is wrong" for name in request.models if name == "a"})
    stage.tick()
    tried = []
    for minute in range(1, 40):
        before = len(stage.asked)
        stage.tick()
        if len(stage.asked) > before:
            tried.append(minute)
            assert stage.asked[-1] == ("a",)
    # 60 s, then twice as long each time, at most 900 s: 1, 1+2, 3+4, 7+8, then every 15 minutes
    assert tried == [1, 3, 7, 15, 30]
    assert sum("the header is wrong" in line for line in stage.said) == 1
    before = len(stage.asked)
    touch(stage.config.folder / "a-1.csv")
    stage.tick()
    assert len(stage.asked) == before + 1  # another file is another matter


def test_a_model_that_worked_and_breaks_stays_broken_until_it_was_tried(stage: Stage) -> None:
    stage.tick()
    touch(stage.config.folder / "a-1.csv")
    stage.answer = lambda request: Answer(failures=dict.fromkeys(request.models, "the header is wrong"))
    stage.tick()
    for _ in range(5):  # tried after 1 and 3 minutes, next after 7
        stage.tick()
    assert sum("the header is wrong" in line for line in stage.said) == 1
    assert ("a", "source_gone", "raised") in stage.told
    stage.answer = lambda request: Answer()
    stage.tick()
    assert not any("works again" in line for line in stage.said)
    stage.tick()
    assert sum("a: works again after 7 min" in line for line in stage.said) == 1


def test_no_heartbeat_while_every_model_waits_for_its_next_try(stage: Stage) -> None:
    stage.tick()
    for name in ("a", "b"):
        touch(stage.config.folder / f"{name}-1.csv")
    stage.answer = lambda request: Answer(failure="candor.duckdb: process 7 is using the warehouse")
    assert [stage.tick() for _ in range(4)] == [False] * 4
    assert len(stage.asked) == 1 + 3  # at once, after 1 and after 3 minutes


def test_a_round_that_fails_as_a_whole_is_no_good_round(stage: Stage) -> None:
    stage.answer = lambda request: Answer(failure="candor.duckdb: process 7 is using the warehouse")
    assert not stage.tick()
    assert watch_store.rounds(stage.config)[0].answer == "failed"
    stage.answer = lambda request: Answer(rows=2, audited=request.models)
    assert stage.tick()
    assert stage.asked == [("a", "b"), ("a", "b")]  # nothing was taken for seen
    status = watch_store.status(stage.config)
    assert status is None  # this watcher was never begun: only its rounds are there


@pytest.mark.parametrize("sources", [True, False])
def test_a_first_round_that_fails_as_a_whole_is_tried_again_after_longer_and_longer(stage: Stage, sources: bool) -> None:
    if not sources:  # somebody else brings the rows: no file says that a round is due
        text = re.sub(r"\[\[models.*\]\]\n.*\n.*\n", "", stage.config.path.read_text())
        stage.config.path.write_text(text)
        stage = Stage(load(stage.config.path)).start()
    stage.answer = lambda request: Answer(failure="candor.duckdb: process 7 is using the warehouse")
    tried = []
    for minute in range(40):
        before = len(stage.asked)
        assert not stage.tick()
        tried += [minute] if len(stage.asked) > before else []
    assert tried == [0, 1, 3, 7, 15, 30]  # 60 s, then twice as long each time, at most 900 s
    stage.config.path.write_text(stage.config.path.read_text() + "\n# changed")
    stage.answer = lambda request: Answer()
    assert stage.tick()  # another configuration is tried at once
    assert len(stage.asked) == 7
    assert all(each.failing_since is None for each in watch_store.models(stage.config).values())


def test_the_alerts_file_cannot_be_written_is_told_once_and_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Changes:
        raise CandorError("candor.actions.sqlite: database or disk is full")

    fine = loop.tell
    monkeypatch.setattr(loop, "tell", full)
    assert not stage.tick()
    assert not stage.tick()
    assert sum("disk is full" in line for line in stage.said) == 1
    monkeypatch.setattr(loop, "tell", fine)
    assert stage.tick()
    assert stage.said[-1].endswith("can be stored again")


def test_a_clock_that_jumps_is_told_and_changes_no_waiting(stage: Stage) -> None:
    stage.answer = lambda request: Answer(failures={"a": "no"}) if "a" in request.models else Answer()
    stage.tick()
    stage.time.wall -= 3_600
    stage.tick()
    assert any("went back by 1 h" in line for line in stage.said)
    assert len(stage.asked) == 2  # a minute of the steady clock has passed: tried again
    stage.time.wall += 7_200
    stage.tick()
    assert any("went forward by 2 h" in line for line in stage.said)
    quiet = len(stage.said)
    stage.time.wall += 5  # slewing is no jump
    stage.tick()
    assert len(stage.said) == quiet


def test_a_watcher_that_starts_before_the_last_round_ended_says_so(stage: Stage) -> None:
    stage.tick()
    stage.time.wall -= 86_400
    later = Stage(stage.config, time=stage.time).start()
    later.watcher._begin(60)
    assert "the clock is behind" in later.said[0]


def test_candor_toml_is_taken_anew_and_a_wrong_one_is_refused(stage: Stage) -> None:
    stage.tick()
    path = stage.config.path
    path.write_text("wrong = 1\n" + path.read_text())
    stage.tick()
    assert sum("the configuration from before stays in force" in line for line in stage.said) == 1
    stage.tick()
    assert len(stage.asked) == 1
    configure(stage.config.folder, "a")
    stage.tick()
    assert stage.asked[-1] == ()  # nothing new in the files; what is stored is audited under the new policy
    assert list(stage.watcher.config.models) == ["a"]
    configure(stage.config.folder, "a", head='[warehouse]\npath = "other.duckdb"')
    stage.tick()
    assert "warehouse.path has changed" in stage.said[-1]


def test_a_changed_configuration_is_tried_at_once(stage: Stage) -> None:
    stage.answer = lambda request: Answer(failures={name: "no such column" for name in request.models if name == "a"})
    stage.time.steady = 1e6  # a clock that has been going for long
    for _ in range(8):
        stage.tick()
    before = len(stage.asked)
    configure(stage.config.folder, "a", "b", every="2m")
    stage.answer = lambda request: Answer()
    stage.tick()
    assert stage.asked[before:] == [("a",)]
    assert "a: works again" in stage.said[-1]


def test_a_silent_log_is_an_alert_after_three_windows(stage: Stage) -> None:
    stage.tick()
    now = stage.time.clock.now()
    for name in ("a", "b"):
        watch_store.remember(stage.config, name, arrived=now, newest=now)
    stage.tick(3 * 3_600)
    assert stage.told == []
    watch_store.remember(stage.config, "b", arrived=stage.time.clock.now())
    stage.tick(61)
    assert stage.told == [("a", "no_data", "raised")]


def test_a_round_that_is_told_to_stop_marks_nothing_as_seen(stage: Stage) -> None:
    stage.answer = lambda request: None
    assert not stage.tick()
    assert not watch_store.rounds(stage.config)
    stage.answer = lambda request: Answer()
    stage.tick()
    assert stage.asked == [("a", "b"), ("a", "b")]


def test_delivery_goes_on_while_a_round_hangs(stage: Stage) -> None:
    hanging, sent = threading.Event(), threading.Semaphore(0)

    def hang(request: Request) -> Answer | None:
        hanging.set()
        stage.watcher.stop.wait(30)
        return None

    def send(config: Config, now: datetime) -> Sent:
        sent.release()
        return Sent()

    stage.answer = hang
    stage.watcher.delivery = Delivery(stage.config, send, now=stage.time.clock.now, say=stage.said.append, pause=0.02)
    thread = threading.Thread(target=stage.watcher.run)
    thread.start()
    try:
        assert hanging.wait(10)
        for _ in range(5):
            assert sent.acquire(timeout=10)
    finally:
        stage.watcher.stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert stage.said[0].startswith("Watching 2 models, looking every 1 min (process ")
    assert stage.said[-1].startswith("Stopped watching (SIGTERM).")


def test_a_file_that_was_touched_looks_new_and_one_that_was_read_does_not(config: Config) -> None:
    from dashboard.watch.sources import look

    model, file = config.model("a"), config.folder / "a-1.csv"
    before = look(config, model)
    file.read_bytes()
    assert look(config, model) == before
    os.utime(file, (1, 1))
    assert look(config, model) != before
    file.unlink()
    with pytest.raises(CandorError, match='no file matches "a-'):
        look(config, model)
