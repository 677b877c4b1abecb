"""The section on explanations: what is explained, what the score is made of, for whom, over time, and what single columns do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from reports import attribution_gap_words, attribution_series, explained, series, strings
from reports.charts import ChartSpec
from reports.figure import Figure
from reports.sections.lines import Findings, Row, family, row

FAMILY: Final = "explanations"
CURVES: Final = ("partial_dependence", "accumulated_local_effects")
GAP: Final = "mean_attribution_difference"
MOST_EFFECTS: Final = 6
MOST_GROUPS: Final = 4
MOST_HEAT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """The section; every whole-period figure of the family is in `rows`, `by_group` or `by_version`."""

    basis: str
    """What is explained, first of all."""
    blind: list[str]
    """What the model knows, and what it does not."""
    uses: str
    charts: list[ChartSpec]
    heat: ChartSpec | None
    trends: list[ChartSpec]
    gaps: list[str]
    """The whole gap of each group, and what is left over of it, in a sentence."""
    groups: list[ChartSpec]
    effects: list[ChartSpec]
    said: list[str]
    """What each curve does, in a sentence."""
    rows: list[Row]
    by_group: list[Row]
    by_version: list[Row]

    def __bool__(self) -> bool:
        return bool(self.rows or self.by_group or self.by_version)


def explanations(found: Findings, failures: list[tuple[str, str]]) -> Explanations:
    """Return the section."""
    mine = [each for each in found.whole if family(each) == FAMILY and (each.value is not None or each.suppressed)]
    everybody = [each for each in mine if not each.slice and each.version is None]
    curves = [each for each in everybody if each.name in CURVES]
    order = [each.column or "" for each in explained.features(everybody)]
    curves.sort(key=lambda each: (order.index(each.column or "") if each.column in order else len(order), CURVES.index(each.name)))
    past = [each for each in found.windows if each.name == explained.ATTRIBUTION and not each.slice and each.version is None]
    charts = [
        attribution_series.attributions(everybody),
        attribution_series.pairs([each for each in everybody if each.name == "attribution_interaction"]),
    ]
    effects: list[ChartSpec] = [chart for each in curves[: 2 * MOST_EFFECTS] if (chart := attribution_series.effect(each))]
    basis = explained.basis(found.whole, failures)
    return Explanations(
        basis=basis.words,
        blind=explained.blind(basis),
        uses=explained.uses(everybody, surrogate=basis.surrogate),
        charts=[chart for chart in charts if chart],
        heat=series.heat(past, order[:MOST_HEAT]) if past and order else None,
        trends=_trends(found),
        gaps=[said for held in _widest(mine) if (said := attribution_gap_words.gap(held))],
        groups=[chart for held in _widest(mine) if (chart := attribution_series.gaps(held, most=8))],
        effects=effects[:MOST_EFFECTS],
        said=[said for each in curves if (said := attribution_series.said_of_curve(each))][:MOST_EFFECTS],
        rows=[row(each) for each in everybody],
        by_group=[row(each) for each in mine if each.slice and each.version is None],
        by_version=[row(each, about=_about(each)) for each in mine if each.version is not None],
    )


def _about(figure: Figure) -> str:
    """Name the column, the group and the version of a figure."""
    return ", ".join(part for part in (strings.subject(figure), f"version {strings.name_of(figure.version)}") if part)


def _trends(found: Findings) -> list[ChartSpec]:
    """Return how alike the ranking stays."""
    past = [
        each for each in found.windows if each.name == "attribution_ranking_similarity" and not each.slice and each.version is None
    ]  # fmt: skip
    chart = series.trend([("", past)], found.marks) if past else None
    return [chart] if chart else []


def _widest(mine: list[Figure]) -> list[list[Figure]]:
    """Return the gaps of each group, the widest ones first."""
    held: dict[str, list[Figure]] = defaultdict(list)
    for each in mine:
        if each.name == GAP and each.version is None and each.value is not None and len(each.slice) == 1:
            held[strings.group(each.slice)].append(each)
    widest = sorted(held.values(), key=lambda figures: -sum(abs(each.value or 0.0) for each in figures))
    return widest[:MOST_GROUPS]
