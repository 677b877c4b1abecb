"""`candor explain`: results on stdout, progress on stderr, files where they are asked for, and each look on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audits.explanation import Explanation
from audits.probes.explainer import Explainer
from connectors.actions import views
from connectors.config import load
from connectors.errors import CandorError, UsageError
from dashboard.commands.explain import explain
from tests.audits.test_explanation import WHOLE
from tests.cli.conftest import Run


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every prediction explained alike."""

    def one(_: Explainer, id: str, *, version: str | None, seconds: float) -> Explanation:
        return WHOLE

    monkeypatch.setattr(Explainer, "explain", one)


def test_one_prediction_of_a_log_without_a_model(candor: Run, own: Path) -> None:
    """The scores of this log are chance: the surrogate refuses, with the reason, and past cases are told all the same."""
    done = candor("explain", "--model", "loans", "--id", "1700", cwd=own)
    assert done.returncode == 0, done.stderr
    assert "What was decided" in done.stdout
    assert "The 10 nearest logged predictions" in done.stdout
    absent = done.stdout.split("What cannot be said")[1]
    assert "no model file" in absent
    assert [(each.id, each.model) for each in views(load(own / "candor.toml"), "loans")] == [("1700", "loans")]


def test_an_id_that_nobody_has_is_2(own: Path) -> None:
    with pytest.raises(UsageError, match='no prediction has the id "17000"; the nearest is "1700"') as caught:
        explain(load(own / "candor.toml"), "loans", "17000", say=lambda _: None, show=print)
    assert caught.value.exit_code == 2


def test_json_and_handout(own: Path, told: None, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    config = load(own / "candor.toml")
    explain(config, "loans", "a-1", json="-", handout=own / "page.txt", say=said.append, show=print)
    out = capsys.readouterr().out
    assert json.loads(out)["prediction"]["id"] == "a-1"  # nothing else is on stdout
    assert "About the decision on your case" in (own / "page.txt").read_text()
    assert any(line.startswith("Reading level of the page: grade ") for line in said)
    explain(config, "loans", "a-1", json=str(own / "one.json"), say=said.append, show=print)
    assert json.loads((own / "one.json").read_text())["format"] == 1
    assert "Principal reasons" in capsys.readouterr().out


def test_places_that_cannot_be_written_are_found_before_the_work(own: Path) -> None:
    config = load(own / "candor.toml")
    with pytest.raises(UsageError, match="both write to stdout"):
        explain(config, "loans", "1700", json="-", handout=Path("-"), say=print, show=print)
    with pytest.raises(CandorError, match="there is no folder"):
        explain(config, "loans", "1700", json=str(own / "nowhere" / "one.json"), say=print, show=print)
    assert views(config, "loans") == []  # nobody has looked at anything
