"""The registry: what it costs to import, and that its pages are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from audits import gaps
from audits.docs import pages, stale, write
from audits.registry import AUDITS, GROUPS


def test_every_audit_is_registered_once() -> None:
    """No two audits share a name, and each is found under its own."""
    names = [audit.name for audits in GROUPS.values() for audit in audits]
    assert len(names) == len(set(names)) == len(AUDITS)
    assert all(name == audit.name for name, audit in AUDITS.items())


def test_every_file_of_a_measure_is_registered(checkout: Path) -> None:
    """A module that declares an audit is in its package's tuple, and what no module declares is made of other measures."""
    modules = [path for path in (checkout / "audits").glob("*/*.py") if "\n@audit(" in path.read_text(encoding="utf-8")]
    assert {path.stem for path in modules} == set(AUDITS) - {found.name for found in AUDITS.values() if found.derived}
    assert {found.name for found in AUDITS.values() if found.derived} >= gaps.NAMES


def test_importing_the_registry_is_light(checkout: Path) -> None:
    """It pulls in NumPy and nothing heavier."""
    heavy = ("scipy", "pandas", "ibis", "pyarrow", "duckdb", "sklearn", "streamlit", "plotly")
    code = f"import audits.registry, sys; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_pages_are_there_and_up_to_date(checkout: Path) -> None:
    """docs/audits holds a page per audit and an index, as `make docs` writes them."""
    assert stale(checkout / "docs" / "audits") == [], "run: python -m audits.docs docs/audits"


def test_pages_say_what_a_reader_needs() -> None:
    """Definition, unit, needs and threshold; examples as code."""
    found = pages()
    assert set(found) == {"README.md", *(f"{name}.md" for name in AUDITS)}
    assert "least 0.8, severity `page`" in found["impact_ratio.md"]
    assert "None by default" in found["accuracy.md"]
    assert "```python\n>>> from audits.interval import share" in found["accuracy.md"]
    assert found["README.md"].count("\n- [") == len(AUDITS)


def test_writing_replaces_and_removes(tmp_path: Path) -> None:
    """A stale page is rewritten, one without an audit removed, and then nothing is left to do."""
    (tmp_path / "accuracy.md").write_text("old", encoding="utf-8")
    (tmp_path / "gone.md").write_text("old", encoding="utf-8")
    assert "accuracy.md" in stale(tmp_path)
    assert write(tmp_path) == len(AUDITS) + 2
    assert not (tmp_path / "gone.md").exists()
    assert stale(tmp_path) == []
    assert write(tmp_path) == 0
