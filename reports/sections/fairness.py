"""The fairness section: per protected attribute the groups, their gaps in points and in people, and what they rest on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from audits.finding import ModelRun
from reports import glossary, series, strings, tradeoff_series
from reports.charts import ChartSpec, Mark
from reports.figure import Figure
from reports.sections.lines import Findings, Item, Row, about, attention, family, row

_BY_GROUP: Final[tuple[str, ...]] = ("selection_rate", "impact_ratio", "true_positive_rate", "false_positive_rate")
_BY_SCORE: Final[tuple[str, ...]] = ("scoring_rate", "scoring_impact_ratio")
_OTHERWISE: Final[tuple[str, ...]] = ("mean_error", "mean_absolute_error", "mean_prediction", "word_error_rate", "ndcg")
_GAPS: Final = (
    "selection_rate_difference", "true_positive_rate_difference", "false_positive_rate_difference", "positive_predictive_value_difference",
    "accuracy_difference", "calibration_gap_difference", "mean_error_difference", "mean_absolute_error_difference",
)  # fmt: skip
_BY_CLASS: Final[tuple[str, ...]] = ("selection_rate", "true_positive_rate")
MOST_CHARTS: Final = 4
MOST_CLASSES: Final = 4
# Said elsewhere: gaps and changes in tables of their own, the rest in sentences or charts.
_APART: Final = ("_difference", "_change", "_bounds")
_TABLED: Final = (
    "threshold_curve", "mitigation_frontier", "less_discriminatory_alternatives", "reductions_frontier", "criteria_conflict",
    "proxy_strength", "weak_spot",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A protected attribute, an intersection or a segment."""

    anchor: str
    title: str
    charts: list[ChartSpec]
    trends: list[ChartSpec]
    gaps: list[Row]
    across: list[Row]
    rows: list[Row]
    items: list[Item]
    conflict: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Simpson's paradox, groups too small to see a gap."""


def breakdowns(found: Findings, model: ModelRun) -> tuple[list[Breakdown], list[Breakdown]]:
    """Return the protected attributes and intersections, then the segments."""
    declared = model.card.get("attributes") or []
    protected = json.loads(declared) if isinstance(declared, str) else list(declared)
    weighted = {f.attribute for f in found.whole if f.name.startswith("probability_weighted_")}
    classes = {f.column for f in found.whole if f.name == "true_positive_rate" and f.column is not None}
    by_attribute: dict[tuple[str, ...], list[Figure]] = defaultdict(list)
    for figure in found.all:
        names = (
            tuple(sorted(figure.slice)) or tuple(sorted((figure.attribute or "").split(","))) if figure.slice or figure.attribute else ()
        )
        apart = (figure.name.startswith(_TABLED) and figure.name != "criteria_conflict") or figure.name.startswith("probability_weighted_")
        held = figure.column is None or figure.column in classes or figure.name == "cochran_mantel_haenszel"
        if names and figure.version is None and not apart and held:
            by_attribute[names].append(figure)
    rank = {name: place for place, name in enumerate(protected)}
    ordered = sorted(by_attribute, key=lambda names: (len(names), [rank.get(n, 99) for n in names], names))
    made = [(names, _breakdown(names, place, by_attribute[names], found.marks)) for place, names in enumerate(ordered)]
    made = [(names, each) for names, each in made if each.charts or each.rows or each.across or each.items]
    ours = [b for names, b in made if any(n in rank for n in names)]
    return ours, [b for names, b in made if not any(n in rank or n in weighted for n in names)]


def _breakdown(names: tuple[str, ...], place: int, figures: list[Figure], marks: Sequence[Mark]) -> Breakdown:
    whole = [f for f in figures if f.whole]
    single = len(names) == 1
    grouped: dict[str, list[Figure]] = defaultdict(list)
    of_classes: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for figure in whole:
        if figure.slice and (figure.column is None or figure.name == "cochran_mantel_haenszel"):
            grouped[figure.name].append(figure)
        elif figure.slice:
            of_classes[figure.column or "", figure.name].append(figure)
    wanted = [name for name in _BY_GROUP if name in grouped]
    if "selection_rate" not in grouped:
        wanted += [name for name in (*_OTHERWISE, *_BY_SCORE) if name in grouped]
    charts: list[ChartSpec | None] = [series.groups(grouped[name]) for name in wanted[:MOST_CHARTS]]
    if single:
        several = list(dict.fromkeys(column for column, _ in of_classes))[:MOST_CLASSES]
        charts += [series.groups(of_classes[column, name]) for column in several for name in _BY_CLASS if (column, name) in of_classes]
        charts.append(series.reliability_by_group(grouped["expected_calibration_error"]))
        charts.append(tradeoff_series.impact_by_share(grouped["quantile_impact_ratio"]))
    lines: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for figure in figures:
        if not figure.whole and figure.slice and figure.column is None:
            lines[figure.name][strings.group(figure.slice)].append(figure)
    trended = [name for name in ("selection_rate", "impact_ratio", "mean_error", "word_error_rate") if name in lines]
    compared = [f for name in _GAPS for f in whole if f.name == name and f.slice] if single else []
    gaps = [f for f in compared if f.reference_slice != f.slice]
    across = [f for f in whole if not f.slice and f.name != "criteria_conflict" and (f.value is not None or f.suppressed)]
    rest = [f for f in whole if f.slice and (f.value is not None or f.suppressed)]
    rest = [f for f in rest if not (family(f) == "estimated" or any(glossary.base_of(f.name, affix) for affix in _APART))]
    return Breakdown(
        anchor=f"by-{place}",
        title=strings.attribute(",".join(names)),
        charts=[chart for chart in charts if chart],
        trends=[chart for chart in (series.trend(list(lines[name].items()), marks) for name in trended) if chart],
        gaps=[row(f, about=_about(f)) for f in gaps if f.value is not None or f.suppressed],
        across=[row(f, about=_about(f)) for f in across],
        rows=[row(f, about=_about(f)) for f in rest if f.name != "detectable_gap"],
        items=attention(figures),
        conflict=_conflict([f for f in whole if f.name == "criteria_conflict"]),
        said=[*_paradox(grouped.get("cochran_mantel_haenszel", ())), *(too_small(grouped.get("detectable_gap", ())) if single else ())],
    )


def _about(figure: Figure) -> str:
    """Name the groups, and the class where there are several."""
    groups = about(figure) if figure.slice else ""
    return groups if figure.column is None else ", ".join(part for part in (strings.name_of(figure.column), groups) if part)


def _conflict(figures: Sequence[Figure]) -> list[str]:
    """Return in words, with the numbers, which criteria cannot hold together here."""
    return [strings.safe(text) for f in figures if f.tables and f.tables.get("conflict") for text in f.tables.get("sentences") or ()]


def _paradox(figures: Sequence[Figure]) -> list[str]:
    """Return the sentences about gaps that turn round, or vanish, within the levels of a segment."""
    return list(dict.fromkeys(strings.safe(f.reason) for f in figures if f.tables and f.tables.get("simpson") and f.reason))


def too_small(figures: Sequence[Figure]) -> list[str]:
    """Say which groups are too small to show a gap of the size that the policy minds, and how many rows they need."""
    said = []
    for figure in figures:
        held = figure.tables or {}
        if held.get("enough") is False and figure.n is not None and held.get("n_needed") and held.get("policy_gap") is not None:
            gap = strings.number(held["policy_gap"], "points").replace(" pp", " points")
            needs = f"n = {strings.count(figure.n)}, needs {strings.count(held['n_needed'])}"
            said.append(f"{strings.group(figure.slice)}: too few rows to see a gap of {gap} ({needs})")
    return said


def weighted(found: Findings) -> list[Row]:
    """Return figures of groups that are known by probabilities only."""
    figures = [f for f in found.whole if f.name.startswith("probability_weighted_") and f.version is None]
    return [row(f, about=about(f)) for f in figures if f.value is not None or f.suppressed]


WEAK: Final = 0.1
"""Below this Cramér's V a feature is customarily said to be hardly tied to a group (J. Cohen, 1988)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """How well one feature tells a protected attribute."""

    attribute: str
    column: str
    row: Row
    guess: str
    telling: str


def proxies(found: Findings, most: int = 5) -> tuple[list[Proxy], list[str]]:
    """Return the features that tell something of each protected attribute, strongest first, and the attributes that none tells."""
    found_by: dict[str, list[Figure]] = defaultdict(list)
    for figure in found.whole:
        if figure.name == "proxy_strength" and (figure.value is not None or figure.suppressed):
            found_by[figure.attribute or ""].append(figure)
    lines, quiet = [], []
    for attribute, figures in found_by.items():
        ordered = sorted(figures, key=lambda f: (f.column is not None, -(f.value or 0.0)))
        telling_most = [f for f in ordered if f.column is None or (f.value or 0.0) >= WEAK]
        if not telling_most:
            best = f"{strings.name_of(ordered[0].column)}, {strings.number(ordered[0].value, 'decimal')}"
            quiet.append(f"{strings.attribute(attribute)}: none of {len(figures)} features; the strongest is {best}")
        for figure in telling_most[:most]:
            held = figure.tables or {}
            guess = ""
            if held.get("accuracy") is not None and held.get("majority") is not None:
                guess = f"{strings.number(held['accuracy'], 'percent')} against {strings.number(held['majority'], 'percent')}"
            top = next(iter(held.get("telling") or ()), None)
            telling = (
                f"{strings.name_of(top['bin'])}: {strings.number(top['share'], 'percent')} {strings.name_of(top['level'])}, "
                f"{strings.number(top['overall'], 'percent')} of all" if top else ""
            )  # fmt: skip
            column = strings.name_of(figure.column) if figure.column is not None else "all features together"
            lines.append(Proxy(attribute=strings.attribute(attribute), column=column, row=row(figure), guess=guess, telling=telling))
    return lines, quiet
