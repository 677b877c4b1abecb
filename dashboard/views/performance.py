"""Performance: how right the model is, with intervals, over time and by version."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.choose import choose, choose_version, choose_window
from dashboard.components.figure_table import compact, exactness, figure_table
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Column, Html, known, link, measure, show, span, table, text
from dashboard.components.states import filtered, not_enough, panel
from dashboard.destination import destination
from dashboard.page import PageContext, page
from reports import charts, glossary
from reports import strings as wording
from reports.attention import IMMATURE, VERDICTS, since
from reports.figure import Figure

FAMILIES = ("performance", "service")
FIRST = (
    "accuracy", "roc_auc", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "expected_calibration_error",
    "selection_rate", "base_rate",
)  # fmt: skip
"""The measures that stand for the model as a whole, in this order."""

MOST_VERSIONS = 4


@page(strings.PERFORMANCE, "performance")
def performance(context: PageContext) -> None:
    """Draw the page."""
    spans = data.spans(*context.key)
    head, first, second = st.columns([4, 1.2, 1.2], vertical_alignment="bottom")
    with first:
        version = choose_version(context)
    with second:
        shown = choose_window(context, spans)
    figures = measures(data.figures(*context.key, window=shown, version=version, population=True, columns=False, tables=True))
    with head:
        show(Html(f'<h1 class="c-title">{strings.PERFORMANCE}</h1><p class="c-lead">{text(lead(context, figures))}</p>'))
    if not figures:
        if version is None and shown is None:
            not_enough(strings.NO_PERFORMANCE)
        else:
            filtered("measures", "version", "window")
        return
    names = list(dict.fromkeys(each.name for each in figures))
    left, right = st.columns(2, gap="small")
    with right, panel("trend", strings.OVER_TIME, strings.PERFORMANCE_OVER_TIME):
        chosen = picked(context, names)
        over_time(context, chosen, version)
    with left, panel("measures", strings.MEASURES, strings.measures_lead(len(figures))):
        waiting = next((each.reason[each.reason.index(IMMATURE) :] for each in figures if IMMATURE in each.reason), None)
        if waiting is not None:
            show(span(strings.still_waiting(waiting.removeprefix(IMMATURE)), "c-note", strings.TERMS["maturity"]))
        show(
            figure_table(
                strings.MEASURES,
                figures,
                head="Measure",
                first=lambda each: Html(f"{follow(context, each.name)} {exactness(each)}"),
                chosen=lambda each: each.name == chosen,
            )
        )
    with right, panel("reliability", strings.RELIABILITY, strings.RELIABILITY_LEAD):
        reliability(context, shown, version)
    with left, panel("versions", known("Versions", "version"), strings.VERSIONS_LEAD):
        by_version(context, data.versions(*context.key))


def follow(context: PageContext, name: str) -> Html:
    """A measure's name as a link that follows it over time."""
    term = glossary.term(name)
    return link(term.title, "performance", context.query(measure=name), term.definition)


def picked(context: PageContext, names: Sequence[str]) -> str:
    """The measure to follow over time: what the link says, else the most urgent."""
    bad = [item.figure.name for item in data.attention(*context.key) if destination(item.figure)[0] == "performance"]
    worst = next((name for name in bad if name in names), None)
    default = worst or next((each for each in FIRST if each in names), names[0])
    return choose(context, "measure", "Measure", names, words=lambda name: glossary.term(name).title, default=default, bare=True) or default


def measures(figures: Sequence[Figure]) -> list[Figure]:
    """The figures about the whole population that belong on this page, worst first, then in the run's order."""
    mine = [each for each in figures if glossary.term(each.name).family in FAMILIES]
    return sorted(mine, key=lambda each: (VERDICTS.get(each.verdict, 4) if each.verdict in ("fail", "error", "warn") else 4, each.position))


def lead(context: PageContext, figures: Sequence[Figure]) -> str:
    """The page in one sentence: the figure that the link is about, else what needs attention most, or the main figure."""
    bad = [item for item in data.attention(*context.key) if destination(item.figure)[0] == "performance"]
    asked = next((each for each in figures if each.name == context.view.measure), None)
    if asked is not None:
        return wording.sentence(asked, since=since(asked, bad)) + "."
    if bad:
        return wording.sentence(bad[0].figure, since=bad[0].since) + "."
    mine = [each for each in figures if each.name in FIRST and each.value is not None]
    if not mine:
        return strings.NO_PERFORMANCE
    calm = strings.CALM if any(each.verdict == "pass" for each in figures) else strings.NO_THRESHOLD
    return f"{wording.sentence(min(mine, key=lambda each: FIRST.index(each.name)))}. {calm}"


def over_time(context: PageContext, name: str, version: str | None) -> None:
    """The chosen measure per window, with its table."""
    past = data.figures(*context.key, names=(name,), whole=False, version=version, population=True, columns=False)
    whole = data.figures(*context.key, names=(name,), version=version, population=True, columns=False)
    if not past:
        not_enough(whole[0].reason if whole and whole[0].reason else strings.NO_WINDOWS)
        return
    clock = past[0].window_start is not None
    show(Html(f'<p class="c-sentence">{text(glossary.term(name).definition)}</p>'))
    spec = trend(
        name, [("", past)], events=marks(context.snapshot.config, context.model, clock), baseline=whole[0].value if whole else None
    )
    chart.draw(spec, key="trend-chart")
    show(Html(f'<p class="c-note">{text(strings.trend_note(bool(whole)))}</p>'))
    chart.folded_table(spec)


def reliability(context: PageContext, shown: data.Span | None, version: str | None) -> None:
    """Observed rate against mean score, bin by bin, with its table beside it."""
    found = data.figures(
        *context.key, names=("expected_calibration_error",), window=shown, version=version, population=True, columns=False, tables=True
    )
    if not found or not found[0].tables:
        not_enough(found[0].reason if found and found[0].reason else strings.NO_RELIABILITY)
        return
    tables = found[0].tables
    spec = charts.ReliabilityChart(
        title=strings.RELIABILITY,
        unit="percent",
        alt=f"{strings.RELIABILITY}: {wording.sentence(found[0])}. {len(tables['mean_score'])} bins.",
        mean_score=tuple(tables["mean_score"]),
        observed=tuple(tables["observed"]),
        low=tuple(tables["low"]),
        high=tuple(tables["high"]),
        n=tuple(int(each) for each in tables["n"]),
    )
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    chart.with_table(spec, key="reliability-chart", shares=(1, 1))


def by_version(context: PageContext, versions: Sequence[str]) -> None:
    """The main measures, one column for each version."""
    if not versions:
        show(Html(f'<p class="c-note">{text(strings.NO_VERSIONS)}</p>'))
        return
    figures = data.figures(*context.key, names=FIRST, population=True, columns=False, versions=True)
    cells = {(each.version, each.name): each for each in figures}
    shown = [None, *versions[-MOST_VERSIONS:]]
    names = [name for name in FIRST if any((version, name) in cells for version in versions)]
    columns = [Column(head="Measure", css="tight")]
    columns += [Column(head=strings.ALL_VERSIONS if version is None else wording.name_of(version), css="num") for version in shown]
    support = [
        max((each.n for (one, _), each in cells.items() if one == version and each.n is not None), default=None) for version in shown
    ]
    rows: list[list[object]] = [[known("n", "n"), *(wording.count(n) for n in support)]]
    for name in names:
        rows.append([measure(name), *(compact(cells[version, name]) if (version, name) in cells else wording.DASH for version in shown)])
    show(table(strings.VERSIONS_LEAD, columns, rows))
    if len(versions) > MOST_VERSIONS:
        show(span(strings.shown_of(MOST_VERSIONS, len(versions), "versions, the last by name"), "c-note"))
