"""Declared rules about how the score must answer to a change, and what must never happen, each counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.figure_table import compact
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Column, Html, known, show, span, table, text
from dashboard.components.status import standing
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from dashboard.panels.disturbances import crossed
from reports import robustness_series
from reports import strings as wording
from reports.attention import urgency
from reports.figure import Figure

RULES, INVARIANTS = "rule_violation_rate", "invariant_violations"
MOST, MOST_LINES = 40, 4


def read(context: PageContext, name: str) -> list[Figure]:
    """Figures of everybody, most urgent first."""
    found = data.figures(*context.key, names=(name,), population=True, columns=True, tables=True)
    return sorted(found, key=lambda each: (each.value is None, urgency(each)[:2], -(each.value or 0.0)))


def rules(context: PageContext) -> None:
    """Every declared rule: what is changed, what the score must do, and how often it does not."""
    found = read(context, RULES)
    if not found:
        absent(context, (RULES,), words.NO_RULES, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    show(Html(f'<p class="c-lead">{text(robustness_series.spoken(found[0]))}.</p>'))
    heads = [
        Column(head="Rule", css="wide"), Column(head=known("Status", "status"), css="tight"), Column(head="What it asks", css="wide quiet"),
        Column(head="Rows that break it [95%]", css="num"), Column(head="Mean change of the score [95%]", css="num"),
        Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    rows = []
    for each in found[:MOST]:
        tables: Mapping[str, Any] = each.tables or {}
        change = wording.parts(tables.get("mean_change"), tables.get("low"), tables.get("high"), "decimal")
        broken = compact(each) if each.value is not None else span(each.reason, "c-quiet")
        mean = " ".join(change) if tables.get("mean_change") is not None else wording.DASH
        asks = robustness_series.asked(tables) or wording.DASH
        rows.append([wording.name_of(each.column), standing(each), asks, broken, mean, wording.count(each.n)])
    show(table(words.RULES, heads, rows, height=340))


def rules_by_group(context: PageContext) -> None:
    """Rules down, groups across."""
    found = data.figures(*context.key, names=(RULES,), population=False, columns=True)
    mine = [each for each in found if len(each.slice) == 1 and each.value is not None]
    mine.sort(key=lambda each: -(each.value or 0.0))
    if mine:
        show(crossed(words.RULES, mine, list(dict.fromkeys(each.column or "" for each in mine)), head="Rule"))


def invariants(context: PageContext) -> None:
    """Every declared invariant: the condition, how often it came true, and over time where it did."""
    found = read(context, INVARIANTS)
    if not found:
        absent(context, (INVARIANTS,), words.NO_INVARIANTS, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    heads = [
        Column(head="Name", css="tight"), Column(head=known("Status", "status"), css="tight"), Column(head="Never", css="mono wide"),
        Column(head="Times", css="num"), Column(head="Share of rows [95%]", css="num"), Column(head="Cannot be told", css="num"),
        Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    rows = [invariant(each) for each in found[:MOST]]
    show(table(words.INVARIANTS, heads, rows, height=300))
    over_time(context, [each.column or "" for each in found if each.value][:MOST_LINES])


def invariant(figure: Figure) -> list[object]:
    """One invariant as a line."""
    tables: Mapping[str, Any] = figure.tables or {}
    share = tables.get("share")
    told = " ".join(wording.parts(share, tables.get("low"), tables.get("high"), "percent")) if share is not None else wording.DASH
    times = span(figure.reason, "c-quiet") if figure.value is None else wording.number(figure.value, "count")
    never = wording.safe(str(tables.get("never") or wording.DASH))
    return [
        wording.name_of(figure.column),
        standing(figure),
        never,
        times,
        told,
        wording.count(tables.get("untold")),
        wording.count(figure.n),
    ]


def over_time(context: PageContext, names: list[str]) -> None:
    """When the broken ones were broken."""
    past = data.figures(*context.key, names=(INVARIANTS,), whole=False, population=True, columns=True)
    lines = [(wording.name_of(name), [each for each in past if each.column == name and each.value is not None]) for name in names]
    lines = [(name, figures) for name, figures in lines if len(figures) > 1]
    if lines:
        clock = lines[0][1][0].window_start is not None
        spec = trend(INVARIANTS, lines, events=marks(context.snapshot, context.model, clock))
        show(span(strings.OVER_TIME, "c-panel-title"))
        chart.picture(spec, width=1000)
        chart.folded_table(spec)
