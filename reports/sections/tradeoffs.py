"""The trade-off section: cut-offs, alternatives that are less disparate, and how far disparity costs accuracy."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reports import strings, tradeoff_series
from reports.attention import IMMATURE
from reports.charts import ChartSpec
from reports.figure import Figure
from reports.sections.lines import Findings, Row, row

MOST_ALTERNATIVES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another way of deciding that was searched, with what it gains and what it loses."""

    description: str
    kept: bool
    why: str
    ratio: str
    gain: str
    loss: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """What could be decided otherwise, for one attribute."""

    title: str
    lead: str
    open: bool
    """Whether the attribute needs attention, or an alternative was found: a calm one is folded."""
    alternatives: list[Alternative]
    price: str
    """What the alternatives are measured against: what they lose, or cost."""
    searched: str
    frontier: ChartSpec | None
    cut_offs: ChartSpec | None
    analysis: ChartSpec | None
    """With thresholds that differ by group: analysis only, possible disparate treatment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOffs:
    """The section."""

    explored: ChartSpec | None
    cost: Row | None
    costs: str
    parts: list[TradeOff]

    def __bool__(self) -> bool:
        return bool(self.explored or self.cost or self.parts)


def tradeoffs(found: Findings, loud: Collection[str] = ()) -> TradeOffs:
    """Return the section; `loud` are the titles of attributes that need attention."""
    figures = [f for f in found.whole if f.version is None]
    curve = next((f for f in figures if f.name == "threshold_curve" and f.attribute is None and f.column is None), None)
    cost = found.one("expected_cost")
    return TradeOffs(
        explored=tradeoff_series.thresholds(curve) if curve is not None else None,
        cost=row(cost) if cost is not None and cost.value is not None else None,
        costs=_costs(cost),
        parts=[
            part
            for f in figures
            if f.name == "mitigation_frontier" and "," not in (f.attribute or "") and (part := _part(f, figures, loud))
        ],
    )


def _part(figure: Figure, figures: list[Figure], loud: Collection[str]) -> TradeOff | None:
    def beside(name: str) -> Figure | None:
        return next((f for f in figures if f.name == name and (f.attribute, f.column) == (figure.attribute, figure.column)), None)

    curve, searched, retrained = (beside(name) for name in ("threshold_curve", "less_discriminatory_alternatives", "reductions_frontier"))
    found = [_alternative(each) for each in ((searched.tables if searched else None) or {}).get("alternatives") or ()]
    kept = sum(each.kept for each in found)
    by_cost = ((searched.tables if searched else None) or {}).get("yardstick") == "cost"
    worse = "costing more" if by_cost else "losing accuracy"
    if not found:
        lead = ""
    elif kept:
        lead = f"{kept} of {len(found)} alternatives {'is' if kept == 1 else 'are'} less disparate than today's decisions without {worse}."
    else:
        lead = f"None of the {len(found)} alternatives searched is less disparate than today's decisions without {worse}."
    options: dict[str, Any] = {"x": "cost" if by_cost else "accuracy", "alternatives": searched, "retrained": retrained}
    part = TradeOff(
        title=strings.attribute(figure.attribute) + (f", {strings.name_of(figure.column)}" if figure.column is not None else ""),
        lead=lead,
        open=bool(kept) or strings.attribute(figure.attribute) in loud,
        alternatives=found[:MOST_ALTERNATIVES],
        price="Costs more by" if by_cost else "Loses accuracy",
        searched=strings.safe(re.sub(f"(; )?{IMMATURE}.*", "", searched.reason)) if searched is not None else "",
        frontier=tradeoff_series.frontier(figure, **options),
        cut_offs=tradeoff_series.thresholds_by_group(curve) if curve is not None else None,
        analysis=(
            tradeoff_series.frontier(figure, per_group=True, **options)
            if ((figure.tables or {}).get("per_group") or {}).get("curves")
            else None
        ),
    )
    return part if part.frontier or part.cut_offs or part.alternatives else None


def _alternative(each: Mapping[str, Any]) -> Alternative:
    loss = (
        _estimate(each.get("cost_increase"), "currency") + " a decision"
        if each.get("cost_increase")
        else _estimate(each.get("loss"), "points")
    )
    return Alternative(
        description=strings.safe(each["description"]),
        kept=bool(each.get("kept")),
        why=strings.safe(each.get("why") or ""),
        ratio=_estimate(each.get("impact_ratio"), "ratio"),
        gain=_estimate(each.get("gain"), "ratio"),
        loss=loss,
    )


def _estimate(found: Mapping[str, Any] | None, unit: str) -> str:
    if not found or found.get("value") is None:
        return strings.DASH
    return " ".join(strings.parts(found["value"], found.get("low"), found.get("high"), unit)).strip()


def _costs(figure: Figure | None) -> str:
    """Say what each kind of decision costs, and which kind makes up most of the cost."""
    held = (figure.tables if figure else None) or {}
    if not held.get("costs"):
        return ""
    said = ", ".join(f"{name.replace('_', ' ')} {strings.number(cost, 'currency')}" for name, cost in held["costs"].items())
    shares = {name: share for name, share in (held.get("share") or {}).items() if share}
    most = max(shares, key=lambda name: abs(shares[name]), default=None)
    told = f"; {strings.number(shares[most], 'percent')} of the cost comes from {most.replace('_', ' ')}s" if most else ""
    return f"Costs per decision: {said}{told}."
