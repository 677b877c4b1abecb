"""From the findings about trade-offs to chart values: cut-offs, frontiers, and the alternatives that were searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from reports import glossary, series, strings
from reports.charts import ALTERNATIVE, COMMON, CURRENT, PER_GROUP, Curve, CurveChart, FrontierChart, Option, Rule
from reports.figure import Figure

EXPLORED: Final = ("selection_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "accuracy")
MOST_GROUPS: Final = 6
WORTH: Final = 0.1
"""How much accuracy, below that of today's decisions, an option on a frontier may lose and still be drawn."""
TODAY: Final = "today's decisions"
CUT_OFF: Final = "cut-off on the score"
DISPARITY: Final = "demographic_parity_difference"
KINDS: Final = {"common threshold": COMMON, "without features": ALTERNATIVE, "other learner": ALTERNATIVE, "reduction": ALTERNATIVE}
CONSTRAINTS: Final = {
    "demographic_parity": "equal approval rates", "true_positive_rate_parity": "equal true positive rates",
    "equalized_odds": "equalized odds",
}  # fmt: skip


def thresholds(figure: Figure) -> CurveChart | None:
    """Return the rates of everybody against the cut-off, from a `threshold_curve` finding; None where it has no curve."""
    tables = figure.tables or {}
    lines = [(glossary.term(name).title, tables[name]) for name in EXPLORED if _known(tables.get(name))]
    return _explored(tables, lines, title="Rates at every cut-off", unit="percent")


def thresholds_by_group(figure: Figure) -> CurveChart | None:
    """Return each group's selection rate against the common cut-off, from a `threshold_curve` finding about an attribute."""
    tables = figure.tables or {}
    held = [each for each in tables.get("groups") or () if _known(each.get("selection_rate"))]
    largest = sorted(held, key=lambda each: -(each.get("scored") or 0))[:MOST_GROUPS]
    lines = [(strings.group(each["slice"]), each["selection_rate"]) for each in held if each in largest]
    title = (
        f"{strings.title_of(figure, 'selection_rate')}{_of_class(figure)} by {strings.attribute(figure.attribute)} at every common cut-off"
    )
    return _explored(tables, lines, title=title, unit=glossary.term("selection_rate").unit)


def _explored(tables: Mapping[str, Any], lines: Sequence[tuple[str, Mapping[str, Any]]], *, title: str, unit: str) -> CurveChart | None:
    across = tables.get("threshold")
    if not lines or not across:
        return None
    places = [i for i, x in enumerate(across) if x is not None]
    curves = tuple(
        Curve(
            name=name, x=tuple(across[i] for i in places), y=tuple(found["value"][i] for i in places),
            low=tuple(found["low"][i] for i in places), high=tuple(found["high"][i] for i in places),
        )
        for name, found in lines
    )  # fmt: skip
    today = (tables.get("log") or {}).get("threshold")
    rules = () if today is None else (Rule(at=today, text=TODAY),)
    said = "; ".join(_at(curve, today, unit) for curve in curves)
    alt = f"{title}, {len(places)} cut-offs. {said}."
    return CurveChart(title=title, unit=unit, alt=alt, x_title=CUT_OFF, x_unit="decimal", curves=curves, rules=rules)


def _at(curve: Curve, today: float | None, unit: str) -> str:
    """Say a curve where today's decisions are, else at its two ends."""
    known = [i for i, value in enumerate(curve.y) if value is not None]
    if not known:
        return f"{strings.safe(curve.name)}: {strings.SUPPRESSED}"
    if today is not None:
        nearest = min(known, key=lambda i: abs(curve.x[i] - today))
        return f"{strings.safe(curve.name)} {strings.number(curve.y[nearest], unit)} at today's {CUT_OFF}"
    first, last = known[0], known[-1]
    ends = (f"{strings.number(curve.y[i], unit)} at {strings.number(curve.x[i], 'decimal')}" for i in (first, last))
    return f"{strings.safe(curve.name)} {' and '.join(ends)}"


def _known(column: Any) -> bool:
    return bool(column) and any(value is not None for value in column["value"])


def frontier(
    figure: Figure,
    *,
    x: str = "accuracy",
    per_group: bool = False,
    alternatives: Figure | None = None,
    retrained: Figure | None = None,
) -> FrontierChart | None:
    """Return disparity against accuracy (or cost), from a `mitigation_frontier` finding; None where it holds no option.

    Per-group thresholds are drawn only when asked for. `alternatives` is a `less_discriminatory_alternatives` finding about the same
    attribute, `retrained` a `reductions_frontier` one.
    """
    tables = figure.tables or {}
    common = tables.get("common") or {}
    options: list[Option | None] = []
    for place, threshold in enumerate(common.get("threshold") or ()):
        cells = {name: _cell(common.get(name), place) for name in (x, DISPARITY)}
        label = f"cut-off {strings.number(threshold, 'decimal')}" if threshold is not None else ""
        options.append(_option(label, COMMON, cells, x))
    better = "low" if x == "cost" else "high"
    options = _undominated([option for option in options if option is not None], better=better)
    for curve in (tables.get("per_group") or {}).get("curves", ()) if per_group else ():
        for place, tolerance in enumerate(curve["tolerance"]):
            cells = {name: _cell(curve.get(name), place) for name in (x, DISPARITY)}
            label = f"{CONSTRAINTS.get(curve['constraint'], curve['constraint'])} within {strings.threshold(tolerance, 'points')}"
            options.append(_option(label, PER_GROUP, cells, x))
    for each in (alternatives.tables or {}).get("alternatives", ()) if alternatives is not None else ():
        if each.get("kept") and KINDS.get(each["kind"]) == ALTERNATIVE:
            options.append(_option(each["description"], ALTERNATIVE, each, x))
    for each in (retrained.tables or {}).get("points", ()) if retrained is not None else ():
        label = f"retrained, {CONSTRAINTS.get(each['constraint'], each['constraint'])}, {strings.number(each['strength'], 'decimal')}"
        options.append(_option(label, ALTERNATIVE, each, x))
    baseline = tables.get("baseline") or {}
    if baseline.get("kind") == "logged decisions":
        options.append(_option("", CURRENT, baseline, x))
    known = _near([option for option in options if option is not None], better=better)
    if len(known) < 2:
        return None
    across, up = glossary.term("expected_cost" if x == "cost" else x), glossary.term(DISPARITY)
    title = (
        f"{strings.title_of(figure, DISPARITY)}{_of_class(figure)} against {across.title.lower()}, by {strings.attribute(figure.attribute)}"
    )
    bare = FrontierChart(
        title=title,
        unit=up.unit,
        alt="",
        x_title=across.title.lower(),
        x_unit=across.unit,
        y_title=strings.title_of(figure, DISPARITY).lower(),
        options=known,
    )
    said = "; ".join(bare.said(option) for option in _told(known, better=better))
    return replace(bare, alt=f"{title}: {len(known)} ways of deciding. {said}.")


def _of_class(figure: Figure) -> str:
    return f" of {strings.name_of(figure.column)}" if figure.column is not None else ""


def _undominated(options: Sequence[Option], *, better: str) -> list[Option | None]:
    """Keep the options than which no other is at least as good on both scales and better on one."""
    sign = 1 if better == "low" else -1
    kept: list[Option | None] = []
    for option in sorted(options, key=lambda o: (sign * o.x, o.y)):
        if not kept or (kept[-1] is not None and option.y < kept[-1].y):
            kept.append(option)
    return kept


def _near(options: Sequence[Option], *, better: str) -> tuple[Option, ...]:
    """Leave out what nobody would choose: deciding alike for everybody is the end of every frontier, far from all the rest.

    What is left is as accurate as today's decisions but for ten points, or lies within the dearer half of the range of costs.
    """
    today = [option.x for option in options if option.kind == CURRENT] or [option.x for option in options]
    if better == "low":
        least, most = min(option.x for option in options), max(*today, min(option.x for option in options))
        return tuple(option for option in options if option.x <= most + (most - least))
    return tuple(option for option in options if option.x >= min(today) - WORTH)


def _told(options: Sequence[Option], *, better: str) -> list[Option]:
    """Choose what alt text says: today's decisions, and of each other kind the least disparate and the most accurate or cheapest."""
    told = [option for option in options if option.kind == CURRENT]
    for kind in (COMMON, PER_GROUP, ALTERNATIVE):
        held = [option for option in options if option.kind == kind]
        if held:
            best = (min if better == "low" else max)(held, key=lambda o: o.x)
            told += list(dict.fromkeys((min(held, key=lambda o: o.y), best)))
    return told


def _cell(column: Any, place: int) -> dict[str, float | None] | None:
    return None if not column else {name: column[name][place] if column.get(name) else None for name in ("value", "low", "high")}


def _option(label: str, kind: str, cells: Mapping[str, Any], x: str) -> Option | None:
    across, up = cells.get(x) or {}, cells.get(DISPARITY) or {}
    if across.get("value") is None or up.get("value") is None:
        return None
    return Option(
        label=label, kind=kind, x=across["value"], y=up["value"], x_low=across.get("low"), x_high=across.get("high"),
        y_low=up.get("low"), y_high=up.get("high"),
    )  # fmt: skip


def impact_by_share(figures: Sequence[Figure]) -> CurveChart | None:
    """Return the approval ratio of each group for every share of people selected, from `quantile_impact_ratio` findings."""
    held = [f for f in figures if f.tables and _known({"value": f.tables.get("ratio") or ()})][:MOST_GROUPS]
    if not held:
        return None
    curves = tuple(
        Curve(
            name=strings.group(f.slice), x=tuple((f.tables or {})["shares"]), y=tuple((f.tables or {})["ratio"]),
            low=tuple((f.tables or {})["low"]), high=tuple((f.tables or {})["high"]),
        )
        for f in held
    )  # fmt: skip
    title = "Approval ratio for every share of people selected"
    told = [series.point(f, strings.group(f.slice)).said("ratio") for f in held]
    levels = (Rule(at=0.8, text="four fifths"),)
    return CurveChart(
        title=title,
        unit="ratio",
        alt=f"{title}. {'; '.join(told)}.",
        x_title="share selected",
        x_unit="percent",
        curves=curves,
        levels=levels,
    )
