"""Data: what came in, what was left out and why, how fresh it is, and what could not be computed."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from dashboard import data, strings, url_state
from dashboard.components import chart
from dashboard.components.choose import choose, choose_window
from dashboard.components.figure_table import compact
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import filtered, not_enough, panel
from dashboard.components.status import status
from dashboard.destination import destination, window_key
from dashboard.page import PageContext, page
from dashboard.panels import log_checks, policy, sources, words
from reports import glossary
from reports import strings as wording
from reports.attention import since, urgency
from reports.figure import Figure
from reports.strings import count, moment, number

COLUMN_RATES = ("missing_rate", "unseen_category_rate", "out_of_range_rate", "constant_column")
LOG_RATES = ("volume", "label_coverage", "duplicate_rate", "quarantine_rate", "error_rate", "label_arrival", "ingest_lag")


@page(strings.DATA, "data")
def data_page(context: PageContext) -> None:
    """Draw the page."""
    batches = data.ledger(context.snapshot, context.model.model)
    total = {kind: sum(batch[kind] or 0 for batch in batches) for kind in sources.KINDS}
    show(Html(f'<h1 class="c-title">{strings.DATA}</h1><p class="c-lead">{text(lead(context, total))}</p>'))
    left, right = st.columns([5, 7], gap="small")
    with left, panel("ledger", strings.LEDGER, strings.LEDGER_LEAD):
        ledger(context.model, total)
    with right, panel("sources", strings.SOURCES, words.SOURCES_LEAD):
        sources.draw(context, batches)
    left, right = st.columns([7, 5], gap="small")
    with left, panel("checks", words.CHECKS, words.CHECKS_LEAD):
        log_checks.of_log(context)
    with right, panel("schema", words.SCHEMA, words.SCHEMA_LEAD):
        log_checks.of_columns(context)
    left, right = st.columns([1, 1], gap="small")
    with left, panel("volume", strings.LOG_OVER_TIME, strings.LOG_OVER_TIME_LEAD):
        log_over_time(context)
    with right, panel("quarantine", known("Quarantine", "quarantine"), strings.QUARANTINE_LEAD):
        quarantine(context, total["quarantined"])
    left, right = st.columns([3, 2], gap="small")
    with left, panel("columns", strings.COLUMNS, strings.COLUMNS_LEAD):
        columns(context)
    with right, panel("gaps", strings.GAPS, strings.GAPS_LEAD):
        gaps(context)
    with panel("policy", words.POLICY, words.POLICY_LEAD):
        policy.draw(context)


def asked_for(context: PageContext) -> Figure | None:
    """The check that the link names, of its column, in its window; where it is told source by source, the worst."""
    name = context.view.measure
    if name is None or not log_checks.is_check(name):
        return None
    window = context.view.window or url_state.ALL
    found = [
        each
        for each in data.figures(*context.key, names=(name,), whole=None, columns=None, tables=True)
        if each.column == context.view.column and (url_state.ALL if each.whole else window_key(each.window_start, each.first_row)) == window
    ]
    return min(found, key=urgency, default=None)


def lead(context: PageContext, total: dict[str, int]) -> str:
    """The page in one sentence: the check that the link is about, else what was taken in."""
    asked, model = asked_for(context), context.model
    if asked is not None:
        bad = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "data"]
        return wording.sentence(asked, since=since(asked, bad)) + "."
    received = total["received"]
    share = total["quarantined"] / received if received else 0.0
    aside = (
        f"{count(total['quarantined'])} rows ({number(share, 'percent')}) are in quarantine"
        if total["quarantined"]
        else "no row is in quarantine"
    )
    newest = f"; the newest prediction is from {moment(model.freshness)}" if model.freshness else ""
    return f"{count(model.analysed)} predictions are analysed and {count(model.labelled)} of them have outcomes; {aside}{newest}."


def ledger(model: data.Model, total: dict[str, int]) -> None:
    """The equation that always holds, checked, and what the run used."""
    balanced = total["received"] == total["accepted"] + total["duplicate"] + total["quarantined"]
    parts = []
    for kind, sign in zip(sources.KINDS, ("=", "+", "+", ""), strict=True):
        label = known(kind, kind if kind != "quarantined" else "quarantine") if kind in ("duplicate", "quarantined") else text(kind)
        parts.append(f'<div><span class="value">{count(total[kind])}</span><span class="label">{label}</span></div>')
        parts.append(f'<span class="sign" aria-hidden="true">{sign}</span>' if sign else "")
    words = strings.BALANCED if balanced else strings.UNBALANCED
    verdict = status("pass" if balanced else "error", strings.BALANCED if balanced else strings.UNBALANCED)
    show(Html(f'<div class="c-equation">{"".join(parts)}<div>{verdict} {span(words, "c-note")}</div></div>'))
    rows = [
        ("Available to the audit", count(model.available), "predictions stored, the reference included"),
        ("Used", count(model.used), f"{count(model.analysed)} analysed, the rest reference"),
        ("Outcomes known", count(model.labelled), number(model.label_coverage, "percent") + " of those analysed"),
        ("Reference", count(model.reference_n), model.reference_kind or "none"),
        ("Newest prediction", moment(model.freshness), "" if model.freshness else "no clock in the log"),
        ("Last taken in", moment(model.ingested), ""),
    ]
    show(table(strings.LEDGER, [Column(head="What"), Column(head="Rows or time", css="num"), Column(head="", css="quiet")], rows))


def log_over_time(context: PageContext) -> None:
    """Volume, label coverage and the like per window."""
    reported = [name for name in LOG_RATES if name in data.names(*context.key)]
    if not reported:
        not_enough(strings.NO_WINDOWS)
        return
    known_here = context.view.measure is None or context.view.measure in reported or not log_checks.is_check(context.view.measure)
    chosen = choose(
        context if known_here else context.without("measure"), "measure", "Measure", reported,
        words=lambda name: glossary.term(name).title, segmented=len(reported) < 5,
    ) or reported[0]  # fmt: skip
    past = data.figures(*context.key, names=(chosen,), whole=False, population=True, columns=False)
    if not past:
        not_enough(strings.NO_WINDOWS)
        return
    spec = trend(chosen, [("", past)], events=marks(context.snapshot, context.model, past[0].window_start is not None))
    chart.draw(spec, key="volume-chart")
    chart.folded_table(spec)


def quarantine(context: PageContext, total: int) -> None:
    """Why rows were set aside, then the rows themselves."""
    reasons = data.quarantine_reasons(context.snapshot, context.model.model)
    if not reasons:
        show(Html(f"<p>{status('pass')} {text(strings.NO_QUARANTINE)}</p>"))
        return
    rows = [
        [each["reason"], wording.name_of(each["column"]) if each["column"] else wording.DASH, each["source"], count(each["rows"])]
        for each in reasons
    ]
    heads = [
        Column(head="Reason", css="wide"),
        Column(head="Column", css="tight"),
        Column(head="Source", css="tight"),
        Column(head="Rows", css="num"),
    ]
    show(table(strings.REASONS, heads, rows, height=170))
    names = sorted({each["source"] for each in reasons if each["source"]})
    with st.expander(strings.QUARANTINED_ROWS):
        source = choose(
            context, "source", "Source", ["all", *names], words=lambda name: "All sources" if name == "all" else wording.name_of(name)
        )
        found = data.quarantine(context.snapshot, context.model.model, None if source == "all" else source)
        if not found:
            filtered("quarantined rows", "source")
            return
        lines = [
            [
                f"{PurePath(str(each['path'] or each['source'])).name}:{each['line']}",
                each["column"] or wording.DASH,
                each["reason"],
                each["row"],
            ]
            for each in found
        ]
        heads = [
            Column(head="File and line", css="tight"),
            Column(head="Column", css="tight"),
            Column(head="Reason", css="wide"),
            Column(head="Row", css="mono"),
        ]
        show(table(strings.QUARANTINED_ROWS, heads, lines, height=320))
        if total > len(found):
            show(span(strings.shown_of(len(found), total, "quarantined rows"), "c-note"))


def columns(context: PageContext) -> None:
    """Missing values and the like per column, worst first."""
    names = [name for name in COLUMN_RATES if name in data.names(*context.key)]
    shown = choose_window(context, data.spans(*context.key))
    figures = data.figures(*context.key, names=tuple(names), window=shown, columns=True)
    if not figures:
        not_enough(strings.NO_COLUMN_RATES)
        return
    cells: dict[str, dict[str, Figure]] = {}
    for each in figures:
        cells.setdefault(each.column or "", {})[each.name] = each
    order = sorted(
        cells,
        key=lambda column: (
            min(urgency(each)[:3] for each in cells[column].values()),
            -sum(each.value or 0 for each in cells[column].values()),
            column,
        ),
    )
    heads = [
        Column(head="Column", css="tight"),
        Column(head=known("Status", "status"), css="tight"),
        Column(head=known("n", "n"), css="num"),
    ]
    heads += [Column(head=measure(name), css="num") for name in names]
    rows: list[list[object]] = []
    for column in order:
        mine = list(cells[column].values())
        worst = min((each for each in mine if each.verdict), key=urgency, default=mine[0])
        n = max((each.n for each in cells[column].values() if each.n is not None), default=None)
        numbers = [compact(cells[column][name]) if name in cells[column] else wording.DASH for name in names]
        rows.append([wording.name_of(column), status(worst.verdict, worst.reason), count(n), *numbers])
    chosen = order.index(context.view.column) if context.view.column in order else None
    show(table(strings.COLUMNS_LEAD, heads, rows, chosen=chosen, height=440))


def gaps(context: PageContext) -> None:
    """What could not be computed, and why."""
    found = data.failures(*context.key)
    if not found:
        show(Html(f"<p>{status('pass')} {text(strings.NO_GAPS_DATA)}</p>"))
        return
    rows = [[measure(each["name"]), status("error") if each["error"] else "", each["reason"]] for each in found]
    show(
        table(
            strings.GAPS,
            [Column(head="Measure", css="tight"), Column(head="", css="tight"), Column(head="Why", css="wide")],
            rows,
            height=440,
        )
    )
