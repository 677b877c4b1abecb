"""Overview: which model needs attention, worst first, and where to look."""

from __future__ import annotations

import base64

import streamlit as st

from dashboard import alert_strings, alerting, data, strings, url_state
from dashboard.components import chart
from dashboard.components.alert_status import severity
from dashboard.components.finding_card import finding_card
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Html, join, known, link, show, span, text
from dashboard.components.states import is_stale, panel
from dashboard.components.status import status
from dashboard.destination import destination
from dashboard.page import PageContext, page
from dashboard.panels import words, worth_knowing
from reports import charts
from reports.attention import CALMEST, Attention, urgency
from reports.figure import Figure
from reports.strings import count, headline, moment, number, sentence, subject

SHOWN = 12
CALM = ("roc_auc", "accuracy", "selection_rate", "volume")
"""What a model without trouble shows on its line: the first of these that it reports."""


@page(strings.OVERVIEW, "overview", across=True)
def overview(context: PageContext) -> None:
    """Draw the page."""
    found = {each.model: data.attention(context.snapshot, each.run, each.model) for each in context.models}
    board = alerting.board(data.config(context.snapshot.config), context.now)
    order = sorted(context.models, key=lambda each: (urgency(found[each.model][0].figure) if found[each.model] else CALMEST, each.model))
    troubled = sum(any(item.figure.verdict in ("fail", "error") for item in items) for items in found.values())
    warned = sum(bool(items) for items in found.values()) - troubled
    verdicts = {each.model: model_verdict(context, each, found[each.model]) for each in order}
    unknown = sum(verdict not in ("pass", "warn", "fail", "error") for verdict in verdicts.values())
    lead = strings.overview_lead(len(order), troubled, warned, unknown)
    show(Html(f'<h1 class="c-title">{strings.OVERVIEW}</h1><p class="c-lead">{text(lead)}</p>'))
    for model in order:
        with panel(f"model-{model.model}", model_head(model, verdicts[model.model])):
            model_line(context, model, found[model.model], board)
    items = sorted(
        ((item, more, model) for model in order for item, more in data.grouped(found[model.model])),
        key=lambda each: urgency(each[0].figure),
    )
    with panel("attention", known(strings.NEEDS_ATTENTION, "attention"), strings.attention_lead(len(items), sum(map(len, found.values())))):
        attention(context, items)
    notes = [(model, note) for model in order for note in data.notes(context.snapshot, model.run, model.model)]
    if notes:
        with panel("notes", words.WORTH_KNOWING, words.WORTH_KNOWING_LEAD):
            worth_knowing.draw(context, notes)


def model_verdict(context: PageContext, model: data.Model, items: tuple[Attention, ...]) -> str | None:
    """The verdict that stands for a model; "stale" instead of OK when its log has stopped, never OK when nothing was judged."""
    if items:
        return items[0].figure.verdict
    verdicts = data.counts(context.snapshot, model.run, model.model)
    if not verdicts.get("pass"):
        return "insufficient" if verdicts.get("insufficient") else None
    return "stale" if is_stale(model, context.now) else "pass"


def model_head(model: data.Model, verdict: str | None) -> Html:
    """Verdict and name of a model."""
    return join(
        [status(verdict), Html("&ensp;"), span(model.title or model.model), Html("&ensp;"), span(model.environment or "", "c-note")], ""
    )


def model_line(context: PageContext, model: data.Model, items: tuple[Attention, ...], board: alerting.Board) -> None:
    """One model: what is worst, how it went, and what the figures rest on."""
    key = (context.snapshot, model.run, model.model)
    subject_figure = items[0].figure if items else calm(key)
    left, right = st.columns([3, 2], gap="large")
    with left:
        if items:
            words = sentence(items[0].figure, since=items[0].since if items[0].windows else None)
        else:
            words = strings.CALM + (f" {sentence(subject_figure)}." if subject_figure else "")
        show(Html(f'<p class="c-lead">{text(words)}</p>'))
        if subject_figure is not None:
            url, parameters = destination(subject_figure)
            view = url_state.View(model=model.model, run=context.view.run)
            with st.container(key=f"open-{model.model}"):
                st.page_link(
                    context.links[url],
                    label=strings.open_page(context.links[url].title),
                    query_params=url_state.elsewhere(view, **parameters),
                )
        show(facts(context, model, data.counts(*key), board))
    with right:
        if subject_figure is not None:
            sparkline(context, model, subject_figure)


def calm(key: tuple[data.Snapshot, str, str]) -> Figure | None:
    """The figure that stands for a model without trouble."""
    figures = {each.name: each for each in data.figures(*key, names=CALM, population=True)}
    return next((figures[name] for name in CALM if name in figures and figures[name].value is not None), None)


def sparkline(context: PageContext, model: data.Model, figure: Figure) -> None:
    """The figure over the windows, small."""
    past = data.history(context.snapshot, model.run, figure)
    if len(past) < 2:
        return
    clock = past[0].window_start is not None
    spec = trend(figure.name, [("", past)], about=subject(figure), events=marks(context.snapshot, model, clock))
    picture = base64.b64encode(charts.to_svg(spec, chart.theme(), width=560).encode()).decode()
    title = f'<p class="c-note">{text(headline(figure))}, per window</p>'
    show(Html(f'<div class="c-spark">{title}<img alt="{text(spec.alt)}" src="data:image/svg+xml;base64,{picture}"/></div>'))


def facts(context: PageContext, model: data.Model, verdicts: dict[str, int], board: alerting.Board) -> Html:
    """What the figures rest on: rows, outcomes, the last audit, and how many were judged how."""
    old = is_stale(model, context.now)
    audited = next((row["created"] for row in data.runs(context.snapshot) if row["run"] == model.run), None)
    firing, seen = (sum(each.model == model.model for each in board.of(state)) for state in ("firing", "acknowledged"))
    alerts = severity(min((each.severity for each in board.of("firing") if each.model == model.model), key=alerting.rank, default="info"))
    tiles: list[tuple[object, object, object]] = [
        (link(alert_strings.ALERTS, "alerts", context.elsewhere()), Html(f"{count(firing)} firing {alerts}") if firing else "none firing",
         alert_strings.looked_after(seen)),
        (known("Predictions analysed", "n"), count(model.analysed), f"of {count(model.available)} received"),
        (known("Outcomes known", "labels"), number(model.label_coverage, "percent"), f"{count(model.labelled)} rows"),
        (known("Newest prediction", "freshness"), moment(model.freshness) if model.freshness else "–", "stale" if old else ""),
        (known("Last audit", "run"), moment(audited), model.run),
    ]
    cells = "".join(
        f'<div><div class="label">{label}</div><div class="small">{text(value)}</div><div class="detail">{text(detail)}</div></div>'
        for label, value, detail in tiles
    )
    return Html(f'<div class="c-tiles">{cells}</div><p class="c-note" style="padding-top:.5rem">{text(strings.tally(verdicts))}</p>')


def attention(context: PageContext, items: list[tuple[Attention, int, data.Model]]) -> None:
    """The findings outside their thresholds, worst first."""
    shown = items if st.session_state.get("all-findings") else items[:SHOWN]
    for place, (item, more, model) in enumerate(shown):
        finding_card(context, model, item, str(place), more=more, name_model=len(context.models) > 1)
    if len(items) > SHOWN:
        st.toggle(strings.show_all(len(items)), key="all-findings")
