"""From figures of explanations to charts: attributions with intervals, gaps of a group, effect curves, pairs that act together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from reports import glossary, series, strings
from reports.charts import Band, Curve, CurveChart, IntervalChart, Point, Rule, Step, WaterfallChart
from reports.explained import features
from reports.explanation_values import shown
from reports.figure import Figure
from reports.subjects import spoken

if TYPE_CHECKING:
    from audits.explanation import Explanation

MOST: Final = 12
SINGLE: Final = "Middle 80% of single predictions, from the same start"


def attributions(figures: Sequence[Figure], *, most: int = MOST) -> IntervalChart | None:
    """Return the mean attribution of each feature of a run, largest first; None where none has a value."""
    return dots(features(figures), most=most)


def dots(found: Sequence[Figure], *, most: int = MOST) -> IntervalChart | None:
    """Return attributions that are already in order; None where there are none."""
    if not found:
        return None
    title = glossary.term(found[0].name).title + (f", the {most} largest of {len(found)} features" if len(found) > most else "")
    points = tuple(series.point(each, strings.name_of(each.column)) for each in found[:most])
    unit = series.unit_of(found[0])
    alt = f"{title}. {'; '.join(point.said(unit) for point in points)}."
    return IntervalChart(title=title, unit=unit, alt=alt, points=points, head="Feature")


def gaps(figures: Sequence[Figure], *, most: int = MOST) -> IntervalChart | None:
    """Return a group's mean attribution against the comparison group's, feature by feature, the widest gap first."""
    known = sorted((each for each in figures if each.value is not None and each.column is not None), key=_size)
    if not known:
        return None
    first, unit = known[0], series.unit_of(known[0])
    who = f"{strings.group(first.slice)} against {strings.group(first.reference_slice)}"
    points = tuple(series.point(each, strings.name_of(each.column)) for each in known[:most])
    alt = f"{who}, mean attribution by feature, zero where there is no gap. {'; '.join(point.said(unit) for point in points)}."
    return IntervalChart(title=who, unit=unit, alt=alt, points=points, parity=0.0, head="Feature")


def pairs(figures: Sequence[Figure], *, most: int = MOST) -> IntervalChart | None:
    """Return how far pairs of features act together, largest first."""
    known = sorted((each for each in figures if each.value is not None and each.column is not None), key=_size)
    if not known:
        return None
    title, unit = glossary.term(known[0].name).title, series.unit_of(known[0])
    points = tuple(series.point(each, strings.name_of(each.column)) for each in known[:most])
    alt = f"{title}, pairs of features. {'; '.join(point.said(unit) for point in points)}."
    return IntervalChart(title=title, unit=unit, alt=alt, points=points, head="Pair")


def _size(figure: Figure) -> float:
    return -abs(figure.value or 0.0)


def effect(figure: Figure | None) -> CurveChart | IntervalChart | None:
    """Return the curve of one column (partial dependence or accumulated local effects); dots for a category, None without a curve."""
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    places, middle = tables.get("at") or (), tables.get("mean") or tables.get("effect") or ()
    if figure is None or len(places) < 2 or len(middle) != len(places) or any(at is None for at in places):
        return None  # where a place was withheld, its neighbours would tell it
    low, high = (_ends(tables, name, len(places)) for name in ("low", "high"))
    local = "effect" in tables
    name = strings.name_of(figure.column)
    title = f"{glossary.term(figure.name).title} of {name}"
    unit = series.unit_of(figure)
    if tables.get("kind") == "categorical" or any(isinstance(at, str) for at in places):
        points = tuple(
            Point(label=strings.name_of(str(at)), value=value, low=below, high=above)
            for at, value, below, above in zip(places, middle, low, high, strict=True)
        )
        alt = f"{title}: {'; '.join(point.said(unit) for point in points)}."
        return IntervalChart(title=title, unit=unit, alt=alt, points=points, parity=0.0 if local else None, head=name)
    across = tuple(float(at) for at in places)
    curve = Curve(name="", x=across, y=tuple(middle), low=tuple(low), high=tuple(high))
    return CurveChart(
        title=title, unit=unit, alt=f"{title}: {_course(across, middle, unit)}", x_title=name, x_unit="plain", curves=(curve,),
        levels=(Rule(at=0.0, text="average"),) if local else (), bands=_single(tables, across, middle),
    )  # fmt: skip


def _ends(tables: Mapping[str, Any], name: str, length: int) -> Sequence[float | None]:
    held = tables.get(name) or ()
    return held if len(held) == length else [None] * length


def _single(tables: Mapping[str, Any], across: tuple[float, ...], middle: Sequence[float | None]) -> tuple[Band, ...]:
    """Return where single predictions go when each starts where the curve starts: their own curves are given less their first points."""
    low, high = (tables.get(name) or () for name in ("ice_p10", "ice_p90"))
    if len(low) != len(across) or len(high) != len(across) or middle[0] is None:
        return ()
    start = middle[0]
    ends = (tuple(None if each is None else start + each for each in side) for side in (low, high))
    return (Band(name=SINGLE, x=across, low=next(ends), high=next(ends)),)


def _course(across: Sequence[float], middle: Sequence[float | None], unit: str) -> str:
    """Say where a curve begins, ends, is lowest and is highest."""
    known = [(value, at) for at, value in zip(across, middle, strict=True) if value is not None]
    if not known:
        return "no value."
    first, last, lowest, highest = known[0], known[-1], min(known), max(known)
    said = [f"{word} {strings.number(value, unit)} at {strings.number(at, 'plain')}"
            for word, (value, at) in (("from", first), ("to", last), ("lowest", lowest), ("highest", highest))]  # fmt: skip
    return f"{said[0]} {said[1]}; {said[2]}, {said[3]}."


def said_of_curve(figure: Figure) -> str:
    """Say what a curve does, in a sentence: "The score rises from 0.210 at 1,000 to 0.740 at 90,000."

    >>> tables = {"at": [0, 5, 10], "mean": [0.2, 0.5, 0.7], "low": [], "high": [], "kind": "numeric"}
    >>> said_of_curve(Figure(name="partial_dependence", slice={}, column="income", value=0.5, tables=tables))
    'With income from 0 to 10 the mean score rises from 0.200 to 0.700; it moves within 0.200 and 0.700.'
    """
    tables = figure.tables or {}
    places, middle = tables.get("at") or (), tables.get("mean") or ()
    known = [(at, value) for at, value in zip(places, middle, strict=False) if value is not None]
    if not known:
        return ""
    unit = "decimal"
    low, high = min(value for _, value in known), max(value for _, value in known)
    if tables.get("kind") == "categorical" or isinstance(known[0][0], str):
        least, most = (pick(known, key=lambda pair: pair[1])[0] for pick in (min, max))
        ends = [f"{strings.number(value, unit)} ({strings.name_of(str(at))})" for value, at in ((low, least), (high, most))]
        return f"Over the categories of {strings.name_of(spoken(figure.column or ''))} the mean score goes from {ends[0]} to {ends[1]}."
    (start, first), (end, last) = known[0], known[-1]
    word = "rises" if last > first else "falls" if last < first else "ends where it began,"
    span = f"With {strings.name_of(spoken(figure.column or ''))} from {strings.number(start, 'plain')} to {strings.number(end, 'plain')}"
    moved = f"{span} the mean score {word} from {strings.number(first, unit)} to {strings.number(last, unit)}"
    return f"{moved}; it moves within {strings.number(low, unit)} and {strings.number(high, unit)}."


def direction(figure: Figure | None) -> str:
    """Say in a word what the score does as the column grows: from the curve of partial dependence; "" without one.

    >>> of = lambda *mean: Figure(name="partial_dependence", slice={}, tables={"at": list(range(len(mean))), "mean": list(mean)})
    >>> direction(of(0.1, 0.3, 0.7)), direction(of(0.7, 0.2, 0.1)), direction(of(0.1, 0.7, 0.2)), direction(of(0.7, 0.1, 0.6))
    ('rises', 'falls', 'rises, then falls', 'falls, then rises')
    """
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    middle = [value for value in tables.get("mean") or () if value is not None]
    if len(middle) < 2 or max(middle) == min(middle):
        return ""
    places = tables.get("at") or ()
    if tables.get("kind") == "categorical" or any(isinstance(at, str) for at in places):
        return f"is highest for {strings.name_of(str(places[middle.index(max(middle))]))}" if len(places) == len(middle) else ""
    moved = (middle[-1] - middle[0]) / (max(middle) - min(middle))
    if abs(moved) >= 0.8:
        return "rises" if moved > 0 else "falls"
    turn_up, turn_down = middle.index(min(middle)), middle.index(max(middle))
    last = len(middle) - 1
    if 0 < turn_down < last and abs(middle[0] - middle[-1]) < max(middle) - max(middle[0], middle[-1]) + 1e-12:
        return "rises, then falls"
    if 0 < turn_up < last and abs(middle[0] - middle[-1]) < min(middle[0], middle[-1]) - min(middle) + 1e-12:
        return "falls, then rises"
    return "goes up and down"


def of_one(found: Explanation, *, most: int = MOST, rest: str = "the other features") -> WaterfallChart | None:
    """Return one prediction as a sum: from what is usual through its largest attributions to its score; None where it has none."""
    whole = found.waterfall
    if whole is None or not whole.shares:
        return None
    unit = "decimal"
    steps = [
        Step(label=f"{strings.name_of(each.column)} = {shown(each.value)}", size=each.attribution, low=each.low, high=each.high,
             group=_GROUPS[each.side])
        for each in whole.shares[:most]
    ]  # fmt: skip
    left = sum(each.attribution for each in whole.shares[most:])
    if len(whole.shares) > most:
        steps.append(Step(label=f"{len(whole.shares) - most} more: {rest}", size=left, group=_GROUPS["neither"]))
    ends = strings.number(whole.base, unit), strings.number(whole.total, unit)
    told = "; ".join(f"{step.label} {'+' if step.size > 0 else ''}{strings.number(step.size, unit)}" for step in steps)
    alt = f"From {ends[0]}, what is usual, to {ends[1]}, this prediction, on {whole.scale}: {told}."
    return WaterfallChart(
        title=f"What the score is made of, on {whole.scale}", unit=unit, step_unit=unit, alt=alt, start_label="What is usual",
        start=whole.base, end_label="This prediction", end=whole.total, steps=tuple(steps),
    )  # fmt: skip


_GROUPS: Final = {"favorable": 5, "unfavorable": 3, "neither": 0}
"""Colours of what spoke for the favorable decision, against it, and neither."""


def value_of(value: object) -> str:
    """Write a value as the log holds it, numbers short.

    >>> value_of(None), value_of(True), value_of(23456.789), value_of("web"), value_of(0.00012)
    ('(missing)', 'yes', '23,456.79', 'web', '0.00012')
    """
    if value is None:
        return "(missing)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 1 or value == 0 else f"{value:.3g}"
    return strings.name_of(str(value))
