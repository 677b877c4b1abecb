"""The screening example, run from its README word for word, in a copy of its folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score


def commands(readme: Path) -> list[list[str]]:
    (block,) = re.findall(r"```sh\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for line in block.strip().splitlines()]


def runnable(words: list[str]) -> list[str]:
    program = {".venv/bin/python": [sys.executable], ".venv/bin/candor": [sys.executable, "-m", "dashboard.cli"]}
    return program[words[0]] + words[1:]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """A folder in which the README's commands have been run, up to the one that serves."""
    home = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("data", "candor-report.*")
    shutil.copytree(checkout / "examples" / "screening", home / "examples" / "screening", ignore=ignored)
    for words in commands(checkout / "examples" / "screening" / "README.md"):
        if words[1] == "serve":
            continue
        here = os.environ | {"PYTHONPATH": str(checkout)}
        run = subprocess.run(runnable(words), cwd=home, env=here, capture_output=True, text=True, timeout=240, check=False)
        assert run.returncode == 0, f"{shlex.join(words)}\n{run.stdout}{run.stderr}"
    return home / "examples" / "screening"


def test_the_readme_ends_with_the_dashboard(checkout: Path) -> None:
    said = [words[1] for words in commands(checkout / "examples" / "screening" / "README.md")]
    assert said[1:] == ["ingest", "audit", "explain", "report", "serve"]


def test_the_edges_are_the_terciles(told: Path) -> None:
    import tomllib

    settings = tomllib.loads((told / "candor.toml").read_text())
    (group,) = settings["models"]["screening"]["protected"]
    both = pd.concat([pd.read_csv(told / "data" / "reference.csv"), pd.read_parquet(told / "data" / "predictions.parquet")])
    assert len(both) == 569
    shares = pd.cut(both[group["column"]], [0, *group["edges"], 1], right=False).value_counts(normalize=True)
    assert shares.between(0.32, 0.345).all()


def test_the_figures_are_scikit_learns(told: Path, checkout: Path) -> None:
    log = pd.read_parquet(told / "data" / "predictions.parquet")
    out = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "audit", "-c", str(told / "candor.toml"), "--json", "-"],
        cwd=checkout, capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    (run,) = json.loads(out.stdout)["runs"]
    assert {key: run["coverage"][key] for key in ("quarantined", "duplicate")} == {"quarantined": 0, "duplicate": 0}
    assert run["coverage"]["available"] == run["coverage"]["used"]
    assert run["reference"]["n"] == 284
    whole = {
        each["name"]: each["estimate"]
        for each in run["findings"]
        if each["slice"] == {} and each["attribute"] is None and each["column"] is None and each["version"] is None
        and each["window"]["first_row"] == 0 and each["window"]["last_row"] == 284
    }  # fmt: skip
    assert whole["accuracy"]["value"] == pytest.approx(accuracy_score(log["malignant"], log["recalled"]), abs=1e-12)
    assert whole["accuracy"]["n"] == 285
    assert whole["base_rate"]["value"] == pytest.approx((log["malignant"] == 0).mean(), abs=1e-12)
    assert whole["selection_rate"]["value"] == pytest.approx((log["recalled"] == 0).mean(), abs=1e-12)
    assert whole["roc_auc"]["value"] == pytest.approx(roc_auc_score(log["malignant"], log["p_malignant"]), abs=0.01)
    assert whole["accuracy"]["low"] < whole["accuracy"]["value"] < whole["accuracy"]["high"]


def test_moving_one_of_three_measures_of_size_alone_says_more_than_steps_among_nuclei_that_exist(told: Path) -> None:
    """What docs/explanations.md says of the example: intervals lie apart for the three sizes, and not for smoothness."""
    published = max((told / "data").glob("*.published/*.duckdb"), key=lambda path: int(path.stem))
    sql = """select "column", name, low, high from findings where whole and version is null and name in
             ('partial_dependence', 'accumulated_local_effects')"""
    with duckdb.connect(str(published), read_only=True) as connection:
        held = {(column, name): (low, high) for column, name, low, high in connection.execute(sql).fetchall()}

    def apart(column: str) -> bool:
        return bool(held[column, "partial_dependence"][0] > held[column, "accumulated_local_effects"][1])

    assert [apart(f"mean_{name}") for name in ("radius", "perimeter", "area", "smoothness")] == [True, True, True, False]


def test_the_report_is_one_file_that_asks_for_nothing(told: Path) -> None:
    page = (told / "candor-report.html").read_text(encoding="utf-8")
    assert "Breast cancer screening" in page
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
