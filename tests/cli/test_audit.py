"""`candor audit`: what a changed policy is told as, and what it reads rows for only when asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import CONFIG, Run

POLICY = "\n[models.loans.policy]\n"


def run_json(folder: Path) -> dict[str, Any]:
    """Read the run that was written."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found


def test_a_changed_policy_is_told_once(candor: Run, own: Path) -> None:
    (own / "candor.toml").write_text(CONFIG + POLICY + 'impact_ratio = { min = 0.9, rationale = "ours", source = "board, 3 May" }\n')
    first, second = candor("audit", "--json", "run.json", cwd=own), candor("audit", cwd=own)
    assert first.returncode == second.returncode == 0, first.stderr
    told = [line for line in first.stdout.splitlines() if "policy has changed" in line]
    assert told[0] == "loans: the policy has changed: impact_ratio min 0.8 -> 0.9"
    assert "loans: the policy has changed: impact_ratio source 29 CFR 1607.4(D) -> board, 3 May" in told
    assert "policy has changed" not in second.stdout
    run = run_json(own)
    assert {change["field"] for change in run["policy_changes"]} == {"min", "rationale", "source"}
    judged = next(each for each in run["runs"][0]["findings"] if each["name"] == "impact_ratio")
    assert (judged["threshold"]["min"], judged["threshold"]["source"]) == (0.9, "board, 3 May")
    asked = candor("query", "select field, before, after from policy_changes where field = 'min'", cwd=own)
    assert "0.8" in asked.stdout
    assert "0.9" in asked.stdout


def test_json_on_stdout_is_json_alone(candor: Run, own: Path) -> None:
    (own / "candor.toml").write_text(CONFIG + POLICY + "impact_ratio = { min = 0.9 }\n")
    done = candor("audit", "--json", "-", cwd=own)
    assert json.loads(done.stdout)["policy_changes"]
    assert "policy has changed" in done.stderr


def test_what_if_is_asked_for_and_kept(candor: Run, own: Path) -> None:
    """Before: "not run". Then the searches read 600 rows and no more; the next audit shows the same without reading any."""
    before = candor("audit", "--json", "run.json", cwd=own)
    assert before.returncode == 0, before.stderr
    not_run = {each["name"] for each in run_json(own)["runs"][0]["errors"] if each["reason"] == "not run: candor audit --what-if"}
    assert {"weak_spot_by_features", "reductions_frontier"} <= not_run
    done = candor("audit", "--what-if", "--rows", 600, cwd=own)
    assert done.returncode == 0, done.stderr
    assert "1 of 5: reductions" in done.stderr
    bodies = candor("query", "select name, body::json->>'rows_used' as used from probes order by name", cwd=own).stdout.split()
    assert [word for word in bodies if word.isalpha() or "_" in word][2:] == ["alternatives", "drop", "proxies", "reductions", "weak_spots"]
    assert all(0 < int(word) <= 600 for word in bodies if word.isdigit())
    after = candor("audit", "--json", "run.json", cwd=own)
    assert " of 5: " not in after.stderr
    errors = {each["name"]: each["reason"] for each in run_json(own)["runs"][0]["errors"]}
    assert "not run: candor audit --what-if" not in errors.values()


def test_rows_without_what_if_is_2(candor: Run, own: Path) -> None:
    done = candor("audit", "--rows", 100, cwd=own)
    assert done.returncode == 2
    assert "--what-if" in done.stderr


def test_a_changed_policy_is_a_mark_in_reports(own: Path, candor: Run) -> None:
    """At the date that it holds from, under the names of what changed."""
    from connectors.config import load
    from dashboard.commands.report import marks

    config = load(own / "candor.toml")
    assert marks(config, "loans") == []
    (own / "candor.toml").write_text(CONFIG + POLICY + "accuracy = { min = 0.6, from = 2026-03-01 }\nimpact_ratio = { min = 0.9 }\n")
    assert candor("audit", cwd=own).returncode == 0
    found = {mark.text: mark for mark in marks(load(own / "candor.toml"), "loans")}
    assert all(mark.kind == "policy" for mark in found.values())
    assert str(found["accuracy"].at) == "2026-03-01 00:00:00"
    assert "impact_ratio" in found or "accuracy, impact_ratio" in found
