"""The pages of docs/audits, written from the audits' own docstrings: `python -m audits.docs docs/audits`."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from audits.audit import Audit
from audits.defaults import DEFAULTS
from audits.registry import AUDITS, GROUPS

_NEEDS = {
    "decision": "decisions",
    "outcome": "outcomes",
    "score": "scores",
    "probability": "scores that are probabilities",
    "clock": "a time column",
    "protected": "a protected attribute",
    "columns": "a feature, score or latency column",
    "latency_ms": "a latency column",
    "cost": "a cost column",
    "energy_wh": "an energy column",
    "costs": "costs of decisions",
    "prediction_low": "prediction intervals",
    "prediction_high": "both of their ends",
    "probabilities": "groups known by probabilities",
    "error": "a column of failed requests",
    "version": "a version column",
    "id": "ids",
    "outcome_column": "an outcome column",
    "arrivals": "batches taken in since this was remembered",
    "gateway": "counts of a gateway",
    "shares": "declared shares of the traffic",
    "training": "training data as reference",
    "sources": "several sources",
    "leaks": "100 labelled rows of the reference",
    "rules": "declared rules",
    "invariants": "declared invariants",
}


def pages() -> dict[str, str]:
    """File name to text of every page, the index included."""
    found = {f"{name}.md": page(group, audit) for group, audits in GROUPS.items() for audit in audits for name in (audit.name,)}
    lines = ["# Audits", "", "Every measure, by the name of its findings. These pages are made by `make docs` from the code."]
    for group, audits in GROUPS.items():
        lines += ["", f"## {group.capitalize().replace('_', ' ')}", ""]
        lines += [f"- [`{audit.name}`]({audit.name}.md): {summary(audit)}" for audit in audits]
    return found | {"README.md": "\n".join(lines) + "\n"}


def page(group: str, audit: Audit) -> str:
    """The page of one audit."""
    needs = ", ".join(_NEEDS[need] for need in audit.needs) or "predictions only"
    about = f"{group.capitalize().replace('_', ' ')}. Unit: {audit.unit}. Needs: {needs}. Tasks: {', '.join(audit.tasks)}."
    head = [f"# {audit.name}", "", about, "", ""]
    return "\n".join(head) + _markdown(inspect.getdoc(audit.function) or "") + _threshold(audit.name)


def summary(audit: Audit) -> str:
    """The first sentence of an audit's docstring: its definition."""
    return (inspect.getdoc(audit.function) or "").split("\n\n")[0].replace("\n", " ")


def _threshold(name: str) -> str:
    found = DEFAULTS.get(name)
    if found is None:
        return "\n## Threshold\n\nNone by default: reported, not judged. `candor.toml` may set one.\n"
    limits = " and ".join(f"at {word} {limit:g}" for word, limit in (("least", found.min), ("most", found.max)) if limit is not None)
    return (
        f"\n## Threshold\n\nBy default {limits}, severity `{found.severity}`, judged from {found.min_n} rows on. "
        f"{found.rationale}.\n\nSource: {found.source}.\n"
    )


def _markdown(text: str) -> str:
    """A docstring as Markdown: sections as headings, examples as code."""
    text = re.sub(r"(?m)^([A-Z][A-Za-z ]+)\n((?: {4}.*\n?|\n(?= {4}))+)", lambda m: f"\n## {m[1]}\n\n{textwrap.dedent(m[2])}", text + "\n")
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        starts = line.startswith(">>>")
        if starts and not inside:
            lines.append("```python")
        elif inside and not line.strip():
            lines.append("```")
        inside = starts or (inside and bool(line.strip()))
        lines.append(line.rstrip())
    if inside:
        lines.append("```")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def stale(folder: Path, expected: Mapping[str, str] | None = None) -> list[str]:
    """Names of pages that are missing, differ from the code, or belong to no audit."""
    wanted = pages() if expected is None else expected
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def write(folder: Path) -> int:
    """Write all pages, remove those without an audit; returns how many changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    changed = stale(folder, wanted)
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return len(changed)


if __name__ == "__main__":
    changed_pages = write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/audits"))
    sys.stderr.write(f"{len(AUDITS)} audits, {changed_pages} pages changed\n")
