"""What other budgets of false alarms would have done on this very history, and what the alarms were calibrated on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboard import data
from dashboard.components import chart
from dashboard.components.interval_plot import marks
from dashboard.components.markup import Column, Html, known_in, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import drift_words as words
from reports import charts
from reports.drift_answers import MEASURE
from reports.strings import DASH, count, name_of, safe


def draw(context: PageContext) -> None:
    """Draw the sentence of the budget in force, a line of marks per budget, and the table of rates."""
    found = data.figures(*context.key, names=(MEASURE,), columns=False, tables=True)
    tables = next((each.tables for each in found if each.tables and each.tables.get("replay")), {})
    cases: Sequence[Mapping[str, Any]] = tables.get("replay") or ()
    spans = data.spans(*context.key)
    if not cases or len(spans) < 2:
        reason = (tables.get("calibration") or {}).get("reason") or next((each.reason for each in found if each.reason), "")
        not_enough(str(reason) or words.NO_REPLAY)
        return
    config = data.config(context.snapshot.config)
    mine = config.models[context.model.model].alerts.budget if context.model.model in config.models else config.alerts.budget
    force = str(mine or config.alerts.budget)
    held = next((case for case in cases if case["budget"] == force), None)
    if held is not None:
        told = words.replayed(force, float(held["per_30d"]), held.get("quiet_per_30d"))
        show(Html(f'<p class="c-lead">{text(told)}</p>'))
    else:
        show(Html(f'<p class="c-lead">{text(words.in_force(force))}</p>'))
    first, last = spans[0], spans[-1]
    clock = first.start is not None
    spec = charts.TimelineChart(
        title=words.REPLAY, alt=alt(cases), start=first.start or first.first_row or 0, end=last.start or last.first_row or 1,
        cases=tuple(
            charts.Case(
                label=safe(str(case["budget"])), note=f"{words.per_month(float(case['per_30d']))} per 30 days", rings=rings(case),
                chosen=case["budget"] == force,
            )
            for case in cases
        ),
        marks=tuple(mark for mark in marks(context.snapshot, context.model, clock) if mark.kind != "policy"),
    )  # fmt: skip
    chart.picture(spec, width=1150)
    rows = [
        [safe(str(case["budget"])), words.per_month(float(case["per_30d"])), quiet(case), count(int(case.get("alarms") or 0))]
        for case in cases
    ]
    heads = [
        Column(head="Budget of false alarms", css="tight"), Column(head=known_in(words.TERMS, "Alarms per 30 days", "replay"), css="num"),
        Column(head=known_in(words.TERMS, "On the reference alone", "quiet"), css="num"), Column(head="Alarms in all", css="num"),
    ]  # fmt: skip
    marked = next((place for place, case in enumerate(cases) if case["budget"] == force), None)
    show(table(words.REPLAY, heads, rows, chosen=marked))
    chart.folded_table(spec)
    calibrated(tables.get("calibration") or {})


def rings(case: Mapping[str, Any]) -> tuple[charts.Ring, ...]:
    """When a budget would have rung, and about which columns."""
    found = []
    for each in case.get("marks") or ():
        at = each.get("at")
        place = datetime.fromisoformat(at.removesuffix("Z")) if isinstance(at, str) else at
        if place is not None:
            names = [name_of(str(column)) for column in each.get("columns") or ()]
            about = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            found.append(charts.Ring(at=place, text=about))
    return tuple(found)


def quiet(case: Mapping[str, Any]) -> str:
    """False alarms on the reference, per thirty days."""
    found = case.get("quiet_per_30d")
    return DASH if found is None else words.per_month(float(found))


def alt(cases: Sequence[Mapping[str, Any]]) -> str:
    """The chart in words."""
    return "; ".join(f"{safe(str(case['budget']))}: {words.per_month(float(case['per_30d']))} alarms per 30 days" for case in cases) + "."


def calibrated(found: Mapping[str, Any]) -> None:
    """What the evidence was calibrated on, in a line."""
    if found:
        season = f", season: {safe(str(found['season']))}" if found.get("season") else ", no season found"
        reason = f"; {safe(str(found['reason']))}" if found.get("reason") else ""
        show(span(f"{words.CALIBRATION}: {found.get('windows', DASH)} windows of the reference{season}{reason}.", "c-note"))
