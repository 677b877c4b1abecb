"""The examples of three classes and of numbers: run from their READMEs word for word, and what they plant is found."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score, recall_score

from tests.examples.test_screening import commands, runnable

Finding = dict[str, Any]


def told(name: str, home: Path, checkout: Path) -> Path:
    """Run an example's README, up to the command that serves, in a copy of its folder; its run as JSON lies beside it."""
    shutil.copytree(checkout / "examples" / name, home / "examples" / name, ignore=shutil.ignore_patterns("data"))
    listed = commands(checkout / "examples" / name / "README.md")
    assert [words[1] for words in listed][1:] == ["ingest", "audit", "serve"]
    folder = home / "examples" / name
    last = [sys.executable, "-m", "dashboard.cli", "audit", "-c", str(folder / "candor.toml"), "--json", str(folder / "run.json")]
    for words in [*map(runnable, listed[:-1]), last]:
        here = os.environ | {"PYTHONPATH": str(checkout)}
        run = subprocess.run(words, cwd=home, env=here, capture_output=True, text=True, timeout=240, check=False)
        assert run.returncode == 0, f"{shlex.join(words)}\n{run.stdout}{run.stderr}"
    return folder


def whole(folder: Path) -> tuple[list[Finding], dict[str, str]]:
    """The findings over the whole period, and what could not be measured."""
    (run,) = json.loads((folder / "run.json").read_text())["runs"]
    assert not [each for each in run["errors"] if each["error"]]
    spans = {json.dumps(each["window"]) for each in run["findings"] if each["name"] == "volume"}
    first = min(json.loads(text)["start"] for text in spans)
    last = max(json.loads(text)["end"] for text in spans)
    findings = [each for each in run["findings"] if (each["window"]["start"], each["window"]["end"]) == (first, last)]
    return findings, {each["name"]: each["reason"] for each in run["errors"]}


def one(findings: list[Finding], name: str, slice: dict[str, str] | None = None, column: str | None = None) -> Finding:
    """The one finding of that name about all versions."""
    wanted = (name, slice or {}, column, None)
    found = [each for each in findings if (each["name"], each["slice"], each["column"], each["version"]) == wanted]
    assert len(found) == 1, (name, slice, column, len(found))
    return found[0]


@pytest.fixture(scope="module")
def triage(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    return told("triage", tmp_path_factory.mktemp("triage"), checkout)


@pytest.fixture(scope="module")
def valuations(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    return told("valuations", tmp_path_factory.mktemp("valuations"), checkout)


def test_triage_is_scikit_learns(triage: Path) -> None:
    log = pd.read_csv(triage / "data" / "calls.csv", parse_dates=["at"])
    log = log[(log["at"] >= "2026-03-16") & log["needed"].notna()]
    findings, missing = whole(triage)
    assert one(findings, "accuracy")["estimate"]["value"] == pytest.approx(accuracy_score(log["needed"], log["advice"]), abs=1e-12)
    for kind in ("self-care", "doctor", "ambulance"):
        recall = recall_score(log["needed"], log["advice"], labels=[kind], average="macro")
        assert one(findings, "true_positive_rate", column=kind)["estimate"]["value"] == pytest.approx(recall, abs=1e-12)
    other = log[log["language"] == "other"]
    accuracy = one(findings, "accuracy", {"language": "other"})
    assert accuracy["estimate"]["value"] == pytest.approx(accuracy_score(other["needed"], other["advice"]), abs=1e-12)
    assert accuracy["estimate"]["method"].startswith("jackknife over 32 groups of caller")
    assert "independent" in missing["unit"]


def test_triage_hears_other_languages_less(triage: Path) -> None:
    """The planted gap: who needed an ambulance is found less often than in the group that the configuration names."""
    gap = one(whole(triage)[0], "true_positive_rate_difference", {"language": "other"}, "ambulance")
    assert gap["reference_slice"] == {"language": "main"}
    assert gap["estimate"]["high"] < 0
    assert gap["people"]["value"] > 0
    ratio = one(whole(triage)[0], "impact_ratio", {"language": "other"}, "ambulance")
    assert (ratio["verdict"], ratio["threshold"]) == (None, None)  # nobody has said that an ambulance benefits people
    assert "does not call this class favorable" in ratio["reason"]


def test_valuations_are_scikit_learns(valuations: Path) -> None:
    homes = pd.read_parquet(valuations / "data" / "valuations.parquet").merge(pd.read_csv(valuations / "data" / "sales.csv"), on="home")
    homes = homes[homes["valued_at"] >= "2026-03-01"]
    findings, missing = whole(valuations)
    assert one(findings, "mean_absolute_error")["estimate"]["value"] == pytest.approx(
        mean_absolute_error(homes["price"], homes["value"]), rel=1e-9
    )
    assert one(findings, "r_squared")["estimate"]["value"] == pytest.approx(r2_score(homes["price"], homes["value"]), abs=1e-9)
    inside = homes["price"].between(homes["value_low"], homes["value_high"]).mean()
    assert one(findings, "interval_coverage")["estimate"]["value"] == pytest.approx(inside, abs=1e-12)
    assert "decision" in missing.get("selection_rate", "the task has none: decision")


def test_cheap_homes_are_valued_too_high(valuations: Path) -> None:
    """The planted pull towards the middle, in the right direction for both."""
    findings, _ = whole(valuations)
    cheap, dear = (one(findings, "mean_error", {"area": area})["estimate"] for area in ("riverside", "hills"))
    assert cheap["low"] > 0
    assert dear["high"] < 0
