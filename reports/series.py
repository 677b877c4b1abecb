"""From figures to chart values: which points a chart has, its policy lines, and the sentence that stands for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Final

from reports import glossary, strings
from reports.attention import BAD, IMMATURE
from reports.charts import (
    Curve,
    CurveChart,
    DistributionChart,
    HeatMap,
    IntervalChart,
    Mark,
    Point,
    ReliabilityChart,
    Rule,
    Series,
    TrendChart,
)
from reports.figure import Figure
from reports.scales import position

MOST_GROUPS: Final = 24
MOST_LINES: Final = 6
FEWEST_ROWS: Final = 30
REALISED: Final = "Realised"
ESTIMATED: Final = "Estimated"


def unit_of(figure: Figure) -> str:
    """Return the display unit of a figure."""
    return strings.display_unit(figure.name, figure.unit)


def point(figure: Figure, label: str) -> Point:
    """Return a figure as a point of a chart."""
    reason = strings.SUPPRESSED if figure.suppressed else figure.reason or "no value" if figure.value is None else ""
    return Point(
        label=label,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        n=figure.n,
        verdict=figure.verdict,
        reason=reason,
        at=figure.at,
        partial=figure.partial,
        immature=IMMATURE in figure.reason,
        people=None if figure.people is None else (figure.people, figure.people_low, figure.people_high),
        reference=bool(figure.slice) and figure.slice == figure.reference_slice,
    )


def groups(figures: Sequence[Figure]) -> IntervalChart | None:
    """Return one measure by group, at most 24 groups; None where no group has a value."""
    known = [f for f in figures if f.value is not None or f.suppressed]
    if not any(f.value is not None for f in known):
        return None
    first = known[0]
    term, unit = glossary.term(first.name), unit_of(first)
    title = strings.title_of(first) + (f" of {strings.name_of(first.column)}" if first.column is not None else "")
    if len(known) > MOST_GROUPS:
        ordered = sorted((f for f in known if f.value is not None), key=lambda f: (f.value or 0.0, strings.group(f.slice)))
        title = f"{title}, the {MOST_GROUPS} lowest of {len(known)} groups"
        known = ordered[:MOST_GROUPS]
    points = tuple(point(f, strings.group(f.slice)) for f in known)
    minimum, maximum = limits(known)
    parity = {"one": 1.0, "zero": 0.0}.get(term.better or "")
    said = "; ".join(p.said(unit) for p in points)
    policy = strings.policy(minimum, maximum, unit)
    alt = f"{title} by group. {said}." + (f" Policy: {policy}." if policy else "")
    return IntervalChart(title=title, unit=unit, alt=alt, points=points, minimum=minimum, maximum=maximum, parity=parity)


def limits(figures: Iterable[Figure]) -> tuple[float | None, float | None]:
    """Return the threshold that the figures share, from the first that has one."""
    for figure in figures:
        if figure.threshold_min is not None or figure.threshold_max is not None:
            return figure.threshold_min, figure.threshold_max
    return None, None


def trend(lines: Sequence[tuple[str, Sequence[Figure]]], marks: Sequence[Mark] = ()) -> TrendChart | None:
    """Return one measure over windows, at most six lines; None where fewer than two windows have a value."""
    chosen = [(name, sorted((f for f in figures if f.at is not None), key=order)) for name, figures in lines]
    chosen = [(name, figures) for name, figures in chosen if sum(f.value is not None for f in figures) > 1]
    if not chosen:
        return None
    first = chosen[0][1][0]
    unit = unit_of(first)
    title = glossary.term(first.name).title
    thin = {name for name, figures in chosen if median([f.n or 0 for f in figures]) < FEWEST_ROWS}
    if 0 < len(thin) < len(chosen):
        title = f"{title}; not drawn, with fewer than {FEWEST_ROWS} rows a window: {', '.join(sorted(thin))}"
        chosen = [(name, figures) for name, figures in chosen if name not in thin]
    if len(chosen) > MOST_LINES:
        chosen.sort(key=lambda pair: -max((f.n or 0) for f in pair[1]))
        title = f"{title}, the {MOST_LINES} largest of {len(chosen)} groups"
        chosen = chosen[:MOST_LINES]
    series = tuple(Series(name=name, points=tuple(point(f, strings.window_of(f)) for f in figures)) for name, figures in chosen)
    minimum, maximum = limits(f for _, figures in chosen for f in figures)
    alt = f"{title} over {len(chosen[0][1])} windows. " + " ".join(_course(line, unit) for line in series)
    span = {type(p.at) for line in series for p in line.points}
    fitting = tuple(mark for mark in marks if type(mark.at) in span)
    return TrendChart(title=title, unit=unit, alt=alt, series=series, minimum=minimum, maximum=maximum, marks=fitting)


def order(figure: Figure) -> float:
    """Return where a figure's window lies, for sorting."""
    return position(figure.at) if figure.at is not None else 0.0


def _course(line: Series, unit: str) -> str:
    """Say where a line was lowest, highest and last, and in how many windows it broke the policy."""
    known = [(p.value, p) for p in line.points if p.value is not None]
    (low, lowest), (high, highest), (end, last) = min(known, key=lambda k: k[0]), max(known, key=lambda k: k[0]), known[-1]
    broken = sum(p.verdict in BAD for p in line.points)
    text = (
        f"{strings.safe(line.name)}: " if line.name else ""
    ) + f"lowest {strings.number(low, unit)} ({lowest.label}), highest {strings.number(high, unit)} ({highest.label})"
    text += f", latest {strings.number(end, unit)} ({last.label})"
    return text + (f"; outside the policy in {broken}." if broken else ".")


def short_window(figure: Figure) -> str:
    """Name a window's start in as few characters as a column head has ("3 Mar", "3 Mar 14:00", "5,000")."""
    if figure.window_start is None:
        return strings.count(figure.first_row)
    start = figure.window_start
    day = strings.day(start).rsplit(" ", 1)[0]
    return f"{day} {start:%H:%M}" if figure.window_end is not None and (figure.window_end - start).days < 1 else day


def heat(figures: Sequence[Figure], columns: Sequence[str]) -> HeatMap | None:
    """Return one drift statistic as columns by windows, rows in the order given; None without windows."""
    cells: dict[tuple[str | None, datetime | int | None], Figure] = {
        (f.column, f.at): f for f in figures if f.at is not None and not f.whole
    }
    heads = sorted({f.at: f for f in cells.values()}.values(), key=order)
    if len(heads) < 2 or not columns:
        return None
    first = figures[0]
    grid = [[cells.get((name, head.at)) for head in heads] for name in columns]
    known = [f.value for line in grid for f in line if f is not None and f.value is not None]
    _, maximum = limits(figures)
    full = 2 * maximum if maximum else float(f"{max(known, default=0.0):.2g}") or 1.0
    broken = [name for name, line in zip(columns, grid, strict=True) if any(f is not None and f.verdict in BAD for f in line)]
    title = f"{glossary.term(first.name).title} by column and window"
    names = ", ".join(strings.safe(name) for name in broken)
    which = f"Outside the policy in at least one window: {names}." if broken else "All within the policy."
    span = f"{strings.window_of(heads[0])} to {strings.window_of(heads[-1])}"
    return HeatMap(
        title=title,
        unit=unit_of(first),
        alt=f"{title}: {len(columns)} columns, {len(heads)} windows, {span}. {which}",
        rows=tuple(columns),
        columns=tuple(short_window(head) for head in heads),
        values=tuple(tuple(None if f is None else f.value for f in line) for line in grid),
        verdicts=tuple(tuple(None if f is None else f.verdict for f in line) for line in grid),
        full=full,
    )


def distribution(figure: Figure) -> DistributionChart | None:
    """Return the distributions behind a drift finding; None where the finding carries none."""
    if not figure.tables or "reference" not in figure.tables or "window" not in figure.tables:
        return None
    title = f"{strings.name_of(figure.column)}, {strings.window_of(figure)}"
    bare = DistributionChart.of_tables(title=title, alt="", tables=figure.tables)
    said = "; ".join(f"{strings.safe(label)} {shown}" for label, _, _, shown in bare.bins())
    return DistributionChart.of_tables(title=title, alt=f"Shares of {title}, reference then window. {said}.", tables=figure.tables)


def reliability(figure: Figure) -> ReliabilityChart | None:
    """Return the reliability curve behind a calibration finding; None where the finding carries none."""
    if not figure.tables or "observed" not in figure.tables:
        return None
    bare = ReliabilityChart.of_tables(title="Reliability", alt="", tables=figure.tables)
    said = "; ".join(
        f"{strings.number(score, 'decimal')} came true {strings.number(seen, 'percent')}" for score, seen, *_ in bare.curves[0].known()
    )
    return ReliabilityChart.of_tables(title="Reliability", alt=f"Observed rate by mean score: {said}.", tables=figure.tables)


def realised_and_estimated(realised: Sequence[Figure], estimated: Sequence[Figure], marks: Sequence[Mark] = ()) -> TrendChart | None:
    """Return one measure as it came true and as it was estimated, window by window; None where neither has two windows.

    An estimate that was withheld ("can't tell") is a gap with its reason, never a figure.
    """
    lines = [(REALISED, sorted_in_time(realised), False), (ESTIMATED, sorted_in_time(estimated), True)]
    lines = [line for line in lines if sum(f.value is not None for f in line[1]) > 1]
    if not lines:
        return None
    first = lines[0][1][0]
    unit, title = unit_of(first), glossary.term(first.name.removeprefix("estimated_")).title
    series = tuple(
        Series(name=name, group="", estimated=dashed, points=tuple(point(f, strings.window_of(f)) for f in figures))
        for name, figures, dashed in lines
    )
    minimum, maximum = limits(f for _, figures, _ in lines for f in figures)
    early = sum(p.immature for p in series[0].points)
    alt = f"{title} over {len(series[0].points)} windows. " + " ".join(_course(line, unit) for line in series)
    alt += f" Outcomes of {early} {'window' if early == 1 else 'windows'} are still to come." if early else ""
    withheld = sum(strings.cannot_tell(f) for f in estimated)
    alt += f" In {withheld} {'window' if withheld == 1 else 'windows'} no estimate is given." if withheld else ""
    span = {type(p.at) for line in series for p in line.points}
    fitting = tuple(mark for mark in marks if type(mark.at) in span)
    return TrendChart(title=title, unit=unit, alt=alt, series=series, minimum=minimum, maximum=maximum, marks=fitting)


def sorted_in_time(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures of windows in their order; one over the whole period has no place on a trend."""
    return sorted((f for f in figures if f.at is not None and not f.whole), key=order)


def gaps(figures: Sequence[Figure]) -> IntervalChart | None:
    """Return gaps (`<measure>_difference` of one measure or several) around zero, each also in people; None where none has a value."""
    known = [f for f in figures if f.value is not None or f.suppressed]
    if not any(f.value is not None for f in known):
        return None
    names = list(dict.fromkeys(f.name for f in known))
    unit = unit_of(known[0])
    known = [f for f in known if unit_of(f) == unit][:MOST_GROUPS]
    named = glossary.term(names[0]).title if len(names) == 1 else "Gaps between groups"
    points = tuple(point(f, strings.group(f.slice) if len(names) == 1 else strings.headline(f)) for f in known)
    against = {strings.group(f.reference_slice) for f in known if f.reference_slice}
    beside = f" against {against.pop()}" if len(against) == 1 else ""
    minimum, maximum = limits(known)
    alt = f"{named}{beside}, zero where there is none. {'; '.join(p.said(unit) for p in points)}."
    return IntervalChart(
        title=f"{named}{beside}", unit=unit, alt=alt, points=points, minimum=minimum, maximum=maximum, parity=0.0,
        head="Group" if len(names) == 1 else "Gap",
    )  # fmt: skip


def reliability_by_group(figures: Sequence[Figure]) -> ReliabilityChart | None:
    """Return the reliability curves of several groups (findings of `expected_calibration_error`), the largest six; None without any."""
    held = [f for f in figures if f.tables and any(seen is not None for seen in f.tables.get("observed") or ())]
    largest = sorted(held, key=lambda f: (-(f.n or 0), strings.group(f.slice)))[:MOST_LINES]
    held = [f for f in held if f in largest]
    if not held:
        return None
    groups = {strings.group(f.slice): f.tables or {} for f in held}
    bare = ReliabilityChart.of_groups(title="Reliability by group", alt="", groups=groups)
    said = []
    for curve in bare.curves:
        known = curve.known()
        if known:
            score, seen, *_ = known[-1]
            highest = f"at a mean score of {strings.number(score, 'decimal')}, {strings.number(seen, 'percent')} came true"
            said.append(f"{strings.safe(curve.name)}, {len(known)} bins, {highest}")
    alt = f"Observed rate by mean score for {len(held)} {'group' if len(held) == 1 else 'groups'}. {'; '.join(said)}."
    return ReliabilityChart.of_groups(title="Reliability by group", alt=alt, groups=groups)


def lag(figure: Figure) -> CurveChart | None:
    """Return how outcomes arrive: the share known by their age, from a `label_maturity` finding; None where it has no curve."""
    curve = (figure.tables or {}).get("curve")
    if not curve or len(curve["days"]) < 2:
        return None
    tables = figure.tables or {}
    days = tuple(float(day) for day in curve["days"])
    rules = [Rule(at=float(tables[key]), text=text) for key, text in (("median_days", "half"), ("days_95", "95 of 100")) if tables.get(key)]
    said = [
        f"{strings.number(y, 'percent')} after {strings.number(x, 'plain')} days"
        for x, y in zip(days, curve["share"], strict=True)
        if y is not None
    ]
    ends = tables.get("eventually")
    eventually = f" In the end {strings.number(ends, 'percent')} are known." if ends is not None else ""
    picked = said[:: max(1, len(said) // 8)]
    alt = f"Share of predictions whose outcome is known, by days since the prediction: {'; '.join(picked)}.{eventually}"
    return CurveChart(
        title="Outcomes known, by the age of the prediction", unit="percent", alt=alt, x_title="days after the prediction", x_unit="plain",
        curves=(Curve(name="", x=days, y=tuple(curve["share"]), low=tuple(curve["low"]), high=tuple(curve["high"])),), rules=tuple(rules),
    )  # fmt: skip
