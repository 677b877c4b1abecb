"""What holds the project together: layers, pins, one command to start, and skips that are never silent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

LAYERS = ("connectors", "audits", "reports", "dashboard")
REQUIREMENTS = ("demo.txt", "test.txt", "build.txt")


def loaded_by(statement: str, checkout: Path) -> set[str]:
    asked = f"import sys; {statement}; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], cwd=checkout, capture_output=True, text=True, check=True)
    return set(said.stdout.split())


def pins(path: Path) -> dict[str, set[str]]:
    """Name to versions; a package may be pinned twice, once for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


@pytest.mark.parametrize("layer", LAYERS[:-1])
def test_a_layer_loads_nothing_to_its_right(layer: str, checkout: Path) -> None:
    modules = [
        ".".join(path.relative_to(checkout).with_suffix("").parts)
        for path in sorted((checkout / layer).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    assert modules
    right = set(LAYERS[LAYERS.index(layer) + 1 :])
    loaded = loaded_by("import " + ", ".join(modules), checkout)
    assert not {name for name in loaded if name.split(".")[0] in right}
    assert "streamlit" not in loaded
    if layer in ("connectors", "audits"):
        assert "plotly" not in loaded


def test_the_command_line_loads_only_itself(checkout: Path) -> None:
    loaded = loaded_by("import dashboard.cli", checkout)
    ours = {name for name in loaded if name.split(".")[0] in LAYERS}
    commands = {"dashboard.cli", "dashboard.cli_alerts", "dashboard.cli_explain", "dashboard.cli_options", "dashboard.cli_watch"}
    assert ours == {"dashboard", *commands, "connectors", "connectors.errors"}
    assert not loaded & {"duckdb", "ibis", "numpy", "pandas", "plotly", "pyarrow", "pydantic", "scipy", "streamlit"}


def test_no_folder_of_leftovers(checkout: Path) -> None:
    names = {path.stem for layer in LAYERS for path in (checkout / layer).rglob("*")}
    assert not names & {"utils", "common", "helpers", "core", "misc"}


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_requirements_are_hashed_and_name_no_address(file: str, checkout: Path) -> None:
    text = (checkout / "requirements" / file).read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


def test_requirements_hold_what_the_project_asks_for(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "demo.txt": project["dependencies"] + extras["alibi"],
        "test.txt": project["dependencies"] + extras["alibi"] + extras["spark"] + extras["dev"],
    }
    for file, texts in wanted.items():
        pinned = pins(checkout / "requirements" / file)
        for requirement in map(Requirement, texts):
            versions = pinned.get(requirement.name.lower(), set())
            assert versions, f"{requirement.name} is not in {file}"
            assert all(requirement.specifier.contains(version) for version in versions)
    assert "alibi-detect" not in {Requirement(text).name for text in project["dependencies"]}


def test_demo_and_tests_run_on_the_same_versions(checkout: Path) -> None:
    demo, test = (pins(checkout / "requirements" / file) for file in ("demo.txt", "test.txt"))
    assert {name: test.get(name) for name in demo} == demo


def test_pyarrow_and_numpy_live_together(checkout: Path) -> None:
    import numpy as np
    import pyarrow as pa

    assert int(pa.__version__.split(".")[0]) < 26
    assert pa.table({"x": np.arange(3)}).to_pandas()["x"].tolist() == [0, 1, 2]


def test_a_wrong_python_is_told_so(checkout: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(checkout / name, tmp_path)
    shutil.copytree(checkout / "requirements", tmp_path / "requirements")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "sed", "head", "touch"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    done = subprocess.run(["make", "setup"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Candor needs Python 3.11 or 3.12" in done.stderr


def run_pytest(folder: Path, checkout: Path, strict: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(checkout / "tests" / "conftest.py", folder)
    (folder / "test_some.py").write_text(
        textwrap.dedent("""
            import pytest

            def test_fine():
                pass

            def test_needs_a_moon():
                pytest.skip("no moon here")
        """)
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "."]
    env = os.environ | {"CANDOR_NO_SKIPS": strict}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_skips_are_listed_and_fail_only_where_nothing_may_be_missing(checkout: Path, tmp_path: Path) -> None:
    newcomer = run_pytest(tmp_path, checkout, "")
    assert newcomer.returncode == 0
    assert "1 NOT RUN on this machine" in newcomer.stdout
    assert "no moon here" in newcomer.stdout
    strict = run_pytest(tmp_path, checkout, "1")
    assert strict.returncode == 1
    assert "1 skipped, which fails this run" in strict.stdout
    assert re.search(r"1 passed, 1 skipped", strict.stdout.splitlines()[-1])
