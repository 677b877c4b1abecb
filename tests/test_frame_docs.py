"""The documents say what the code does: every flag, key, table and audit is in them, every path and link leads somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from connectors import config_file
from connectors.published import _TABLES
from dashboard import cli

PAGES = ("README.md", "CHANGELOG.md", "docs/architecture.md", "docs/contributing.md", "docs/configuration.md", "docs/command-line.md",
         "docs/decisions/0001-tallies-not-rows.md", "docs/decisions/0002-outcomes-apart.md",
         "docs/decisions/0003-hash-locked-requirements.md", "docs/decisions/0004-bins-at-quantiles.md",
         "docs/decisions/0005-late-outcomes-are-added.md", "docs/decisions/0006-a-handful-is-no-yardstick.md",
         "docs/decisions/0007-no-export-is-subtracted-from-another.md", "docs/decisions/0008-what-histograms-know.md",
         "docs/decisions/0009-people-who-come-again.md", "docs/decisions/0010-alarms-by-budget.md",
         "docs/decisions/0011-a-light-watcher-and-rounds-that-end.md", "docs/decisions/0012-attributions-of-trees.md",
         "docs/decisions/0013-models-are-opened-in-a-locked-process.md",
         "docs/decisions/0014-what-a-model-is-asked-is-kept-as-cells.md",
         "docs/alarms.md", "docs/alerts.md", "docs/attack-signals.md", "docs/explanations.md", "docs/models.md", "docs/one-prediction.md",
         "docs/robustness.md",
         "docs/data-quality.md", "docs/detection.md", "docs/drift.md", "docs/watch.md", "docs/why-did-it-drop.md",
         "docs/estimated-performance.md", "docs/reports.md", "docs/statistics.md",
         "docs/weak-spots.md", "examples/screening/README.md", "examples/triage/README.md", "examples/valuations/README.md")  # fmt: skip


def commands() -> dict[str, Any]:
    found: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    return found


def parameters(command: Any) -> list[Any]:
    """Of a command, or of a group and all its commands."""
    return [*command.params, *(each for inner in getattr(command, "commands", {}).values() for each in inner.params)]


def test_every_flag_is_documented(checkout: Path) -> None:
    sections = re.split(r"^## ", (checkout / "docs" / "command-line.md").read_text(), flags=re.MULTILINE)
    by_command = {section.split()[1].rstrip("`"): section for section in sections if section.startswith("`candor ")}
    assert set(by_command) == set(commands())
    everywhere = sections[0]
    for name, command in commands().items():
        for option in parameters(command):
            for flag in (*option.opts, *option.secondary_opts):
                if flag.startswith("-") and flag.strip():
                    assert f"`{flag}" in by_command[name] + everywhere, f"{name} {flag}"


def test_nothing_documented_is_missing(checkout: Path) -> None:
    text = (checkout / "docs" / "command-line.md").read_text()
    flags = {flag for command in commands().values() for option in parameters(command) for flag in (*option.opts, *option.secondary_opts)}
    said = set(re.findall(r"`(--?[a-z][a-z-]*)", text))
    assert said - flags == {"--help"}


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
        for part in re.findall(r"_?[A-Z]\w+", repr(field.annotation)):
            inner = getattr(config_file, part, None)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from keys(inner)


def test_every_key_of_the_configuration_is_documented(checkout: Path) -> None:
    text = (checkout / "docs" / "configuration.md").read_text()
    found = set(keys(config_file._File))
    assert {"favorable", "outcome_time", "min_n", "monotone", "edges", "until", "from", "false_negative", "memory_limit", "master"} <= found
    assert {"secret_env", "shares", "every"} <= found
    missing = sorted(key for key in found - {"models", "warehouse", "watch"} if f"`{key}`" not in text)
    assert not missing


def test_the_example_configuration_loads(checkout: Path, tmp_path: Path) -> None:
    from connectors.config import load

    (example,) = re.findall(r"```toml\n(.*?)```", (checkout / "docs" / "configuration.md").read_text(), re.DOTALL)
    (tmp_path / "candor.toml").write_text(example)
    assert load(tmp_path / "candor.toml").model("loans").attributes == ("sex", "race", "age")


def test_the_published_tables_are_named(checkout: Path) -> None:
    text = (checkout / "docs" / "command-line.md").read_text()
    help_text = commands()["query"].help
    for name in _TABLES:
        assert f"`{name}`" in text
        assert name in help_text


@pytest.mark.parametrize("page", PAGES)
def test_links_and_paths_lead_somewhere(page: str, checkout: Path) -> None:
    here = checkout / page
    text = here.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert (here.parent / target).exists(), target
    for path in re.findall(r"`((?:connectors|audits|reports|dashboard|docs|tests|examples|requirements)/[\w./-]*)`", text):
        if "NNNN" in path or "disagreement_rate" in path or "<" in path:
            continue
        assert (checkout / path).exists(), path


def test_every_page_is_checked(checkout: Path) -> None:
    found = {str(path.relative_to(checkout)) for path in [*checkout.glob("*.md"), *(checkout / "docs").rglob("*.md")]}
    generated = {page for page in found if page.startswith("docs/audits/")}
    assert found - set(PAGES) - generated <= {"docs/benchmarks.md"}


def test_the_commands_of_the_readme_parse(checkout: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (checkout / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    typed = [shlex.split(line, comments=True) for line in lines if line.startswith(".venv/bin/candor ")]
    assert [words[1] for words in typed] == ["init", "ingest", "audit", "serve"]
    for words in typed:
        commands()[words[1]].make_context(words[1], words[2:])
    makefile = (checkout / "Makefile").read_text()
    targets = {line.split()[1] for line in lines if line.startswith("make ")}
    assert targets == {"demo", "test"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_audit_is_documented(checkout: Path) -> None:
    from audits.docs import stale
    from audits.registry import AUDITS

    assert len(list((checkout / "docs" / "audits").glob("*.md"))) == len(AUDITS) + 1
    assert stale(checkout / "docs" / "audits") == [], "run: make docs"
