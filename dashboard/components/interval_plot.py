"""Chart specifications from figures: dots with intervals for groups, lines over windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from dashboard import data
from reports import charts, glossary, strings
from reports.figure import Figure
from reports.series import point

PARITY = {"one": 1.0, "zero": 0.0}


def interval_plot(name: str, figures: Sequence[Figure], *, references: frozenset[str] = frozenset()) -> charts.IntervalChart:
    """One measure for every group, in the order given."""
    term = glossary.term(name)
    labelled = ((each, strings.group(each.slice)) for each in figures)
    points = tuple(replace(point(each, label), reference=label in references) for each, label in labelled)
    unit = strings.display_unit(name, figures[0].unit if figures else "")
    return charts.IntervalChart(
        title=term.title,
        unit=unit,
        alt=f"{term.title} by group. " + "; ".join(each.said(unit) for each in points),
        points=points,
        minimum=next((each.threshold_min for each in figures if each.threshold_min is not None), None),
        maximum=next((each.threshold_max for each in figures if each.threshold_max is not None), None),
        parity=PARITY.get(term.better or ""),
    )


def trend(
    name: str,
    lines: Iterable[tuple[str, Sequence[Figure]]],
    *,
    about: str = "",
    events: Iterable[charts.Mark] = (),
    baseline: float | None = None,
) -> charts.TrendChart:
    """One measure over windows, one line per named sequence of figures."""
    series = tuple(
        charts.Series(name=label, points=tuple(point(each, window_label(each)) for each in sorted(figures, key=_at)))
        for label, figures in lines
    )
    everything = [figure for _, figures in lines for figure in figures] if isinstance(lines, Sequence) else []
    term = glossary.term(name)
    unit = strings.display_unit(name, everything[0].unit if everything else "")
    title = f"{term.title} {about}".strip()
    ends = "; ".join(f"{line.name or title} ends at {line.points[-1].said(unit)}" for line in series[:6] if line.points)
    windows = max((len(line.points) for line in series), default=0)
    return charts.TrendChart(
        title=title,
        unit=unit,
        alt=f"{title} over {windows} windows. {ends}.",
        series=series,
        minimum=next((each.threshold_min for each in everything if each.threshold_min is not None), None),
        maximum=next((each.threshold_max for each in everything if each.threshold_max is not None), None),
        marks=tuple(events),
        baseline=baseline,
    )


def _at(figure: Figure) -> tuple[bool, Any]:
    at = figure.at
    return (at is None, at)


def window_label(figure: Figure) -> str:
    """A window's name on an axis and in a table."""
    return strings.window_of(figure)


def marks(snapshot: data.Snapshot, model: data.Model, clock: bool) -> tuple[charts.Mark, ...]:
    """Releases, incidents, other events and changes of policy of a model as marks; a log without a clock has nowhere to put them."""
    if not clock:
        return ()
    happened = [charts.Mark(at=event.at, kind=event.kind, text=event.text) for event in data.events(snapshot.config, model.model)]
    changed = sorted(
        (each["since"] or each["at"], glossary.term(each["name"]).title) for each in data.policy_changes(snapshot, model.model)
    )
    for at, lines in groupby(changed, key=lambda line: line[0]):
        names = list(dict.fromkeys(title for _, title in lines))
        text = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
        happened.append(charts.Mark(at=at, kind="policy", text=text))
    return tuple(sorted(happened, key=lambda mark: mark.at))
