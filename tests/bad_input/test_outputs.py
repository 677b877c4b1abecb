"""Where results go: files whole or not at all, devices and pipes as they are, and words that cannot be understood."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from tests.bad_input.conftest import Done, Place


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An audited log without a clock: one window."""
    place = Place(tmp_path_factory.mktemp("small"))
    place.log()
    place.configure(columns={"id": "id", "decision": "decision"})
    for command in ("ingest", "audit"):
        assert place.candor(command).code == 0
    return place


def reported(place: Place, output: object) -> Done:
    return place.candor("report", "--model", "m", "--format", "json", "-o", output)


def test_a_pipe_is_written_to_and_stays(small: Place, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    done = reported(small, pipe)
    reader.join(timeout=30)
    assert done.code == 0
    assert json.loads(read[0])
    assert pipe.is_fifo()


def test_a_link_stays_a_link(small: Place, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert reported(small, tmp_path / "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())


def test_a_dash_is_stdout(small: Place) -> None:
    done = reported(small, "-")
    assert done.code == 0
    assert json.loads(done.out)
    assert not (small.folder / "-").exists()


def test_a_place_for_json_is_looked_at_before_the_audit(small: Place, tmp_path: Path) -> None:
    before = small.sql("SELECT count(*) FROM candor.runs")
    for target, code in ((tmp_path, 2), ("", 2), (tmp_path / "absent" / "run.json", 3)):
        done = small.candor("audit", "--json", target)
        assert done.code == code
        assert "is a folder; name a file in it" in done.sentence or "there is no folder" in done.sentence
    assert small.sql("SELECT count(*) FROM candor.runs") == before


@pytest.mark.parametrize("words", [["--template", "x"], ["--format", "pdf"], ["--format", "xls"], ["--model", "n"]])
def test_a_report_that_does_not_exist(small: Place, words: list[str]) -> None:
    done = small.candor("report", "--model", "m", "-o", "x.out", *words)
    assert done.code == 2
    assert done.sentence
    assert not (small.folder / "x.out").exists()


@pytest.mark.parametrize("spec", ["", "nonsense", "0 rows", "-1 rows", "1y", "row -1", "row 9999", "2026-01-01"])
def test_a_window_that_does_not_exist(small: Place, spec: str) -> None:
    done = small.candor("audit", "--window", spec)
    assert done.code == 2
    assert "window" in done.sentence


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("x", "soon", "is no time"),
        ("x", "9999-12-31T23:59:59-12:00", "outside the calendar"),
        (" ", "2026-01-01", "has no text"),
        ("a\nb", "2026-01-01", "line breaks or characters that cannot be shown"),
        ("\udcff", "2026-01-01", "line breaks or characters that cannot be shown"),
    ],
)
def test_events_that_cannot_be_kept(small: Place, text: str, at: str, said: str) -> None:
    done = small.candor("event", text, "--model", "m", "--kind", "note", "--at", at)
    assert done.code == 2
    assert said in done.sentence


def test_an_event_of_any_year_is_read_back(small: Place) -> None:
    for at in ("0033-04-03", "9999-12-31"):
        assert small.candor("event", "x", "--model", "m", "--kind", "note", "--at", at).code == 0
    assert reported(small, "-").code == 0


@pytest.mark.parametrize("sql", ["", "select", "drop table runs", "select * from nosuch", "select * from read_csv('/etc/passwd')"])
def test_a_query_that_is_refused(small: Place, sql: str) -> None:
    done = small.candor("query", sql)
    assert done.code == 2
    assert done.sentence


def test_doctor_says_what_is_wrong_with_the_configuration(small: Place) -> None:
    (small.folder / "bad.toml").write_text("version = ")
    done = small.candor("doctor", "-c", "bad.toml")
    assert done.code == 2
    assert done.sentence.startswith("bad.toml: not valid TOML")
