"""The quiet sections: data quality, the policy in force, what could not be computed, methods."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from audits.finding import AuditRun
from reports import glossary, series, strings
from reports.attention import BAD, IMMATURE
from reports.charts import ChartSpec
from reports.figure import Figure
from reports.sections.lines import Findings, Row, listed, row


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A threshold in force."""

    name: str
    allowed: str
    severity: str
    rationale: str
    source: str
    dates: str


def quality(found: Findings) -> list[Row]:
    """Return the whole-period quality figures, worst first, then the largest."""
    figures = [f for f in found.of("quality") if f.value is not None or f.suppressed]
    figures.sort(
        key=lambda f: (strings.SEVERITY_ORDER.get(f.verdict or "", 9) if f.verdict in BAD else 5, f.name, -(f.value or 0.0), f.column or "")
    )
    return [row(f, about=strings.name_of(f.column) if f.column is not None else "") for f in figures]


def quality_trends(found: Findings) -> list[ChartSpec]:
    """Return volume and known outcomes over time."""
    lines: dict[str, list[Figure]] = defaultdict(list)
    for figure in found.windows:
        if figure.name in ("volume", "label_coverage") and not figure.slice and figure.version is None and figure.column is None:
            lines[figure.name].append(figure)
    return [chart for chart in (series.trend([("", figures)], found.marks) for _, figures in sorted(lines.items(), reverse=True)) if chart]


def gaps(found: Findings) -> list[tuple[str, str]]:
    """Return what could not be computed: which figures (named up to six, then counted), and why.

    Versions, gaps and changes go without saying where the figure itself is missing; how mature a window is is said with its windows.
    """
    whole: dict[str, dict[str, None]] = defaultdict(dict)
    windows: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for figure in found.all:
        if figure.value is not None or figure.suppressed or derived(figure.name) not in (None, "estimated_") or figure.version is not None:
            continue
        why = figure.reason.split(f"; {IMMATURE}")[0] or "no reason recorded"
        what = f"Estimates for {strings.group(figure.slice)}" if derived(figure.name) else strings.headline(figure)
        if figure.whole:
            whole[why][what] = None
        else:
            title = "Estimates" if derived(figure.name) else glossary.term(figure.name).title
            windows[why][title, strings.window_of(figure)] = None
    said = [(listed(list(names)), why) for why, names in whole.items()]
    for why, cells in windows.items():
        if why not in whole:
            spans = list(dict.fromkeys(span for _, span in cells))
            said.append((f"{listed(list(dict.fromkeys(title for title, _ in cells)))} in {listed(spans, most=3)}", why))
    return said


_DERIVED = {
    "_difference": (
        "Gaps between groups",
        "The figure of a group minus that of the comparison group; in people, the gap times the group's rows.",
    ),
    "_change": ("Changes", "The figure minus that of the reference, or of the first complete window where the reference has none."),
    "_version_difference": ("Changes of version", "The figure of a version minus that of the version before it."),
    "_bounds": ("Worst and best cases", "The figure if all unknown outcomes were the worst, and if all were the best."),
    "probability_weighted_": (
        "Figures by probability",
        "The figure with each row weighted by the probability that it belongs to the group.",
    ),
    "estimated_": ("Estimates", "The figure to be expected from the scores and the reference's outcomes, before outcomes are known."),
}


def derived(name: str) -> str | None:
    """Return the kind of a figure whose name is made from another's; None for a figure of its own."""
    return next((affix for affix in _DERIVED if glossary.base_of(name, affix) is not None), None)


def methods(found: Findings) -> list[dict[str, str]]:
    """Return, for every measure shown: its name, definition, and how its intervals were made; gaps and changes in one line each."""
    ways: dict[str, dict[str, None]] = defaultdict(dict)
    for figure in found.all:
        known = ways[derived(figure.name) or figure.name]
        if figure.value is not None and figure.method:
            known[glossary.method(figure.method)] = None
    lines = []
    for name, made in ways.items():
        term = glossary.term(name)
        title, text = _DERIVED.get(name, (term.title, term.definition))
        said = list(made)
        told = "; ".join(said[:4]) + (f" and {len(said) - 4} more" if len(said) > 4 else "")
        shown = name if name not in _DERIVED else f"{name}…" if name.endswith("_") else f"…{name}"
        lines.append({"name": shown, "title": title, "definition": text, "methods": told})
    return sorted(lines, key=lambda line: ("…" in line["name"], glossary.FAMILIES.index(glossary.term(line["name"]).family), line["title"]))


def policy(found: Findings) -> list[Rule]:
    """Return the thresholds that figures were judged by, with rationale, source and dates."""
    rules: dict[Rule, None] = {}
    for figure in found.all:
        if figure.threshold_min is None and figure.threshold_max is None:
            continue
        since, until = figure.threshold_since, figure.threshold_until
        dates = " ".join(
            part for part in (f"from {strings.moment(since)}" if since else "", f"until {strings.moment(until)}" if until else "") if part
        )
        rules[
            Rule(
                name=figure.name, allowed=strings.policy(figure.threshold_min, figure.threshold_max, series.unit_of(figure)),
                severity=figure.severity or "",
                rationale=strings.safe(figure.rationale or ""), source=strings.safe(figure.threshold_source or ""),
                dates=dates,
            )
        ] = None  # fmt: skip
    return sorted(
        rules, key=lambda rule: (glossary.FAMILIES.index(glossary.term(rule.name).family), glossary.term(rule.name).title, rule.dates)
    )


def policy_changes(run: AuditRun, model: str) -> list[str]:
    """Say what the policy says otherwise than when the model was last audited."""
    said = []
    for change in run.policy_changes:
        if change.model != model:
            continue
        what = "" if change.field == "threshold" else f", {change.field.replace('_', ' ')}"
        dated = f" (from {strings.moment(change.since)})" if change.since else ""
        before, after = (strings.safe(text) if text is not None else "none" for text in (change.before, change.after))
        said.append(f"{glossary.term(change.name).title}{what}{dated}: {before} → {after}")
    return said
