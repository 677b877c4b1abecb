"""What each part of the audit report says: figures sorted into tables, charts and sentences, still without any markup."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audits.finding import ModelRun
from reports import glossary, series, strings
from reports.attention import attention as latest
from reports.attention import counts_as_step, key, urgency
from reports.charts import ChartSpec, Mark
from reports.figure import Figure
from reports.series import BAD

MOST_ITEMS: Final = 20
MOST_COLUMNS: Final = 24
MOST_DISTRIBUTIONS: Final = 6
MOST_VERSIONS: Final = 6
_TRENDS: Final = (
    "selection_rate",
    "base_rate",
    "accuracy",
    "roc_auc",
    "true_positive_rate",
    "false_positive_rate",
    "expected_calibration_error",
)
_BY_GROUP: Final[tuple[str, ...]] = (
    "selection_rate",
    "impact_ratio",
    "scoring_rate",
    "scoring_impact_ratio",
    "true_positive_rate",
    "false_positive_rate",
)
_OTHERWISE_BY_GROUP: Final[tuple[str, ...]] = ("mean_error", "mean_absolute_error", "word_error_rate", "ndcg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure as a line of a table."""

    title: str
    about: str
    value: str
    interval: str
    n: str
    q: str
    policy: str
    verdict: str | None
    word: str
    note: str
    remark: str
    detail: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that needs attention, in a sentence, and what is known about when."""

    verdict: str
    text: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A protected attribute, an intersection or a segment."""

    anchor: str
    title: str
    charts: list[ChartSpec]
    trends: list[ChartSpec]
    gaps: list[Row]
    rows: list[Row]
    items: list[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRow:
    """One column's drift statistics over the whole period; `cells` holds value, interval and n per statistic."""

    column: str
    n: str
    cells: list[Row | None]
    verdict: str | None
    worst: str
    worst_verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The drift section."""

    heat: ChartSpec | None
    names: list[str]
    rows: list[DriftRow]
    rest: list[DriftRow]
    distributions: list[ChartSpec]


@dataclass(slots=True)
class Findings:
    """The figures of one model, found by what they are about."""

    all: Sequence[Figure]
    marks: Sequence[Mark] = ()
    whole: list[Figure] = field(init=False)
    windows: list[Figure] = field(init=False)

    def __post_init__(self) -> None:
        self.whole = [f for f in self.all if f.whole]
        self.windows = [f for f in self.all if not f.whole]

    def of(self, family: str) -> list[Figure]:
        """Return the whole-period figures of a family about everyone, all versions together."""
        return [f for f in self.whole if _family(f) == family and not f.slice and f.attribute is None and f.version is None]


def _family(figure: Figure) -> str:
    return glossary.term(figure.name).family


def row(figure: Figure, *, about: str | None = None) -> Row:
    """Return a figure as a line of a table."""
    unit = series.unit_of(figure)
    value, interval = strings.parts(figure.value, figure.low, figure.high, unit, against=strings.limit(figure))
    return Row(
        title=glossary.term(figure.name).title,
        about=strings.subject(figure) if about is None else about,
        value=strings.SUPPRESSED if figure.suppressed else value,
        interval=interval,
        n="" if figure.suppressed else strings.count(figure.n),
        q="" if figure.q_value is None else strings.chance(figure.q_value),
        policy=strings.policy(figure.threshold_min, figure.threshold_max, unit),
        verdict=figure.verdict,
        word="" if figure.suppressed else strings.verdict_word(figure.verdict),
        note=figure.reason if figure.value is None and not figure.suppressed else "",
        remark=figure.reason if figure.value is not None else "",
        detail=strings.detail(figure),
        name=figure.name,
    )


def attention(figures: Iterable[Figure]) -> list[Item]:
    """Return what fails or warns, worst first: over the whole period, or in its latest bad window where the whole is fine."""
    figures = list(figures)
    since = {key(item.figure): item.since for item in latest(figures)}
    about: dict[Hashable, list[Figure]] = defaultdict(list)
    for figure in figures:
        about[key(figure)].append(figure)
    found = []
    for group in about.values():
        whole = next((f for f in group if f.whole), None)
        windows = sorted((f for f in group if counts_as_step(f)), key=series.order)
        bad = [f for f in windows if f.verdict in BAD]
        count = f"outside in {len(bad)} of {len(windows)} complete {'window' if len(windows) == 1 else 'windows'}" if bad else ""
        if whole is not None and whole.verdict in BAD:
            found.append((whole, strings.sentence(whole, since=since.get(key(whole))), count))
        elif any(f.verdict == "fail" for f in bad) or (windows and windows[-1].verdict in BAD):
            worst = next((f for f in reversed(bad) if f.verdict == "fail"), bad[-1])
            calm = "; OK over the whole period" if whole is not None and whole.verdict == "pass" else ""
            found.append((worst, strings.sentence(worst), count + calm))
    found.sort(key=lambda f: urgency(f[0]))
    kept: dict[tuple[Any, ...], Item] = {}
    more: dict[tuple[Any, ...], dict[str, None]] = defaultdict(dict)
    for figure, text, note in found:
        topic = _topic(figure)
        if topic not in kept:
            kept[topic] = Item(verdict=figure.verdict or "", text=text, note="; ".join(p for p in (note, strings.safe(figure.reason)) if p))
            continue
        more[topic][_addition(figure)] = None
    return [replace(item, note="; ".join(p for p in (item.note, _listed_also(more[topic])) if p)) for topic, item in kept.items()]


def _topic(figure: Figure) -> tuple[Any, ...]:
    """Return what makes two bad figures one thing to attend to.

    A column's drift statistics say the same in other units; versions repeat what holds for all; an intersection is told by its worst group.
    """
    if figure.column is not None:
        return (_family(figure) if _family(figure) == "drift" else figure.name, figure.column, tuple(sorted(figure.slice.items())))
    if len(figure.slice) > 1:
        return (figure.name, tuple(sorted(figure.slice)))
    return (figure.name, tuple(figure.slice.items()), figure.attribute)


def _addition(figure: Figure) -> str:
    if figure.column is not None:
        return glossary.term(figure.name).title
    if len(figure.slice) > 1:
        return strings.group(figure.slice)
    return f"version {strings.name_of(figure.version)}" if figure.version is not None else "all versions together"


def _listed_also(names: dict[str, None]) -> str:
    return f"also {_listed(list(names), most=3)}" if names else ""


def performance(found: Findings) -> tuple[list[Row], list[ChartSpec], list[ChartSpec]]:
    """Return the table over the whole period, the trends, and the reliability curve where there is one."""
    figures = [*found.of("performance"), *found.of("service")]
    lines: dict[str, list[Figure]] = defaultdict(list)
    for figure in found.windows:
        if _family(figure) in ("performance", "service") and not figure.slice and figure.attribute is None and figure.version is None:
            lines[figure.name].append(figure)
    judged = [name for name in lines if any(f.threshold_min is not None or f.threshold_max is not None for f in lines[name])]
    names = sorted(lines, key=lambda name: (name not in judged, _TRENDS.index(name) if name in _TRENDS else 99))
    drawn = [series.trend([("", lines[name])], found.marks) for name in names if name in judged or name in _TRENDS]
    curves = [series.reliability(f) for f in figures if f.name.endswith("expected_calibration_error")]
    return [row(f) for f in figures if f.value is not None or f.suppressed], [c for c in drawn if c], [c for c in curves if c]


def versions(found: Findings) -> tuple[list[str], list[tuple[str, list[Row | None]]], int]:
    """Return the versions, the largest six, per measure a figure for each over the whole period, and how many versions there are."""
    figures = [
        f for f in found.whole if f.version is not None and not f.slice and f.attribute is None and f.column is None and f.value is not None
    ]
    sizes: dict[str, int] = defaultdict(int)
    for figure in figures:
        sizes[figure.version or ""] = max(sizes[figure.version or ""], figure.n or 0)
    names = sorted(sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_VERSIONS])
    cells = {(f.name, f.version): row(f) for f in figures}
    measures = list(dict.fromkeys(f.name for f in figures))
    lines = [(name, [cells.get((name, version)) for version in names]) for name in measures]
    return names, lines, len(sizes)


def breakdowns(found: Findings, model: ModelRun) -> tuple[list[Breakdown], list[Breakdown]]:
    """Return the protected attributes and intersections, then the segments."""
    declared = model.card.get("attributes") or []
    protected = json.loads(declared) if isinstance(declared, str) else list(declared)
    by_attribute: dict[tuple[str, ...], list[Figure]] = defaultdict(list)
    for figure in found.all:
        names = (
            tuple(sorted(figure.slice)) or tuple(sorted((figure.attribute or "").split(","))) if figure.slice or figure.attribute else ()
        )
        if names and figure.column is None and figure.version is None:
            by_attribute[names].append(figure)
    rank = {name: place for place, name in enumerate(protected)}
    ordered = sorted(by_attribute, key=lambda names: (len(names), [rank.get(n, 99) for n in names], names))
    made = [(names, _breakdown(names, place, by_attribute[names], found.marks)) for place, names in enumerate(ordered)]
    ours = [b for names, b in made if any(n in rank for n in names)]
    return ours, [b for names, b in made if not any(n in rank for n in names)]


def _breakdown(names: tuple[str, ...], place: int, figures: list[Figure], marks: Sequence[Mark]) -> Breakdown:
    whole = [f for f in figures if f.whole]
    grouped: dict[str, list[Figure]] = defaultdict(list)
    for figure in whole:
        if figure.slice:
            grouped[figure.name].append(figure)
    wanted = [name for name in _BY_GROUP if name in grouped] or [name for name in _OTHERWISE_BY_GROUP if name in grouped]
    lines: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for figure in figures:
        if not figure.whole and figure.slice:
            lines[figure.name][strings.group(figure.slice)].append(figure)
    trended = [name for name in ("selection_rate", "impact_ratio", "mean_error", "word_error_rate") if name in lines]
    return Breakdown(
        anchor=f"by-{place}",
        title=strings.attribute(",".join(names)),
        charts=[chart for chart in (series.groups(grouped[name]) for name in wanted) if chart],
        trends=[chart for chart in (series.trend(list(lines[name].items()), marks) for name in trended) if chart],
        gaps=[row(f, about="") for f in whole if not f.slice and (f.value is not None or f.suppressed)],
        rows=[row(f, about=_about(f)) for f in whole if f.slice and (f.value is not None or f.suppressed)],
        items=attention(figures),
    )


def _about(figure: Figure) -> str:
    own = strings.group(figure.slice)
    return f"{own} / {strings.group(figure.reference_slice)}" if figure.reference_slice and figure.reference_slice != figure.slice else own


def drift(found: Findings) -> Drift:
    """Return the heat map, one line per column, and the distributions of the worst columns."""
    about = [f for f in found.all if _family(f) == "drift" and f.column is not None and f.version is None and not f.slice]
    whole = [f for f in about if f.whole]
    names = list(dict.fromkeys(f.name for f in whole))
    main = "population_stability_index" if "population_stability_index" in names else names[0] if names else ""
    ours = [f for f in about if f.name == main]
    peak: dict[str, float] = {}
    for figure in ours:
        peak[figure.column or ""] = max(peak.get(figure.column or "", 0.0), figure.value or 0.0)
    broken = {f.column for f in about if f.verdict in BAD}
    ordered = sorted({f.column or "" for f in about}, key=lambda name: (name not in broken, -peak.get(name, 0.0), name))
    cells = {(f.column, f.name): f for f in whole}
    rows = []
    for column in ordered:
        line = [cells.get((column, name)) for name in names]
        verdicts = [f.verdict for f in line if f is not None and f.verdict is not None]
        verdict = min(verdicts, key=lambda v: strings.SEVERITY_ORDER.get(v, 9), default=None)
        top = max(
            (f for f in ours if f.column == column and not f.whole and f.value is not None), key=lambda f: f.value or 0.0, default=None
        )
        worst = f"{strings.number(top.value, series.unit_of(top))} ({strings.window_of(top)})" if top is not None else strings.DASH
        rows.append(
            DriftRow(
                column=strings.safe(column),
                n=next((strings.count(f.n) for f in line if f is not None and f.n is not None), ""),
                cells=[None if f is None else row(f) for f in line],
                verdict=verdict,
                worst=worst,
                worst_verdict=None if top is None else top.verdict,
            )
        )
    shown = []
    moved = [column for column in ordered if column in broken][:MOST_DISTRIBUTIONS] or ordered[:2]
    for column in moved:
        tops = sorted((f for f in ours if f.column == column and f.tables), key=lambda f: (-(f.value or 0.0), not f.whole))
        chart = series.distribution(tops[0]) if tops else None
        if chart:
            shown.append(chart)
    heat = series.heat(ours, ordered[:MOST_COLUMNS]) if ours else None
    return Drift(heat=heat, names=names, rows=rows[:MOST_COLUMNS], rest=rows[MOST_COLUMNS:], distributions=list(shown))


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


def other(found: Findings) -> list[Row]:
    """Return whole-period figures that no other section shows (explanations, robustness)."""
    figures = [*found.of("explanations"), *found.of("robustness")]
    return [row(f) for f in figures if f.value is not None]


def gaps(found: Findings) -> list[tuple[str, str]]:
    """Return what could not be computed: which figures (named up to six, then counted), and why."""
    whole: dict[str, dict[str, None]] = defaultdict(dict)
    windows: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for figure in found.all:
        if figure.value is not None or figure.suppressed:
            continue
        why = figure.reason or "no reason recorded"
        if figure.whole:
            whole[why][strings.headline(figure)] = None
        else:
            windows[why][(glossary.term(figure.name).title, strings.window_of(figure))] = None
    said = [(_listed(list(names)), why) for why, names in whole.items()]
    for why, cells in windows.items():
        spans = list(dict.fromkeys(span for _, span in cells))
        said.append((f"{_listed(list(dict.fromkeys(title for title, _ in cells)))} in {_listed(spans, most=3)}", why))
    return said


def _listed(names: list[str], *, most: int = 6) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"


def methods(found: Findings) -> list[dict[str, str]]:
    """Return, for every measure shown: its name, definition, how its intervals were made, and the policy with its rationale."""
    shown: dict[str, list[Figure]] = defaultdict(list)
    for figure in found.all:
        shown[figure.name].append(figure)
    lines = []
    for name, figures in shown.items():
        ways = list(dict.fromkeys(glossary.method(f.method) for f in figures if f.value is not None and f.method))
        policies = {
            (strings.policy(f.threshold_min, f.threshold_max, series.unit_of(f)), f.severity or "", f.rationale or ""): None
            for f in figures
            if f.threshold_min is not None or f.threshold_max is not None
        }
        said = "; ".join(" · ".join(part for part in parts if part) for parts in policies)
        term = glossary.term(name)
        lines.append({"name": name, "title": term.title, "definition": term.definition, "methods": "; ".join(ways), "policy": said})
    return sorted(lines, key=lambda line: (_rank(line["name"]), line["title"]))


def _rank(name: str) -> int:
    return ("performance", "service", "fairness", "drift", "quality", "explanations", "robustness").index(glossary.term(name).family)
